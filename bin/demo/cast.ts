/** Who takes part: one buyer, three merchants with credentials, records and bank accounts of their own. */
import {
  registerPrincipal,
  newKeyPair,
  Beacon,
  Scout,
  type HttpOptions,
  type RegisteredPrincipal,
} from '../../sdk';
import { createCertificateAuthority, createVcIssuer, POLICY_OID, QC_COMPLIANCE_OID } from '../../sdk/issuer';
import { createDb } from '../../store/db';
import { upsertIssuer } from '../../store/trust';
import type { Platform } from '../platform';
import { CATALOGUES } from './catalogue';
import { decide, type Strategy } from './merchant';

const ROUTING_NUMBER = '021000021';
const DAY_MS = 86_400_000;

export interface Merchant {
  name: string;
  principal: RegisteredPrincipal;
  beacon: Beacon;
  strategy: Strategy;
  catalogue: keyof typeof CATALOGUES;
}

export interface Buyer {
  principal: RegisteredPrincipal;
  scout: Scout;
  mandateId: string;
}

interface MerchantPlan {
  name: string;
  catalogue: keyof typeof CATALOGUES;
  categories: string[];
  strategy: Strategy;
  credential: 'organization' | 'qualified_certificate';
  /** What another marketplace attests of it. */
  record: { transactions: number; fulfilledShare: number; disputeShare: number };
}

const MERCHANTS: readonly MerchantPlan[] = [
  {
    name: 'Acme Electronics',
    catalogue: 'acme',
    categories: ['electronics', 'home'],
    strategy: { discountPercent: 82n, maxOffers: 1, taxRateBps: 900 },
    credential: 'organization',
    record: { transactions: 12_500, fulfilledShare: 0.93, disputeShare: 0.015 },
  },
  {
    name: 'Nordic Audio',
    catalogue: 'nordic',
    categories: ['electronics'],
    strategy: { discountPercent: 90n, maxOffers: 2, taxRateBps: 900 },
    credential: 'qualified_certificate',
    record: { transactions: 3_200, fulfilledShare: 0.985, disputeShare: 0.004 },
  },
  {
    name: 'Budget Bazaar',
    catalogue: 'bazaar',
    categories: ['electronics', 'clothing', 'home', 'office'],
    strategy: { discountPercent: 100n, maxOffers: 3, taxRateBps: 0 },
    credential: 'organization',
    record: { transactions: 800, fulfilledShare: 0.71, disputeShare: 0.09 },
  },
];

/** The issuers that the demo's trust framework knows: a chamber of commerce and a certificate authority. */
export async function createIssuers(databaseUrl: string) {
  const chamber = createVcIssuer({ name: 'Chamber of Commerce', attestsTradeRecord: true });
  const authority = await createCertificateAuthority({ name: 'Qualified Trust Services' });
  const db = createDb({ url: databaseUrl, applicationName: 'aura-demo', poolMax: 1 });
  try {
    await upsertIssuer(db, chamber.trustedIssuer());
    await upsertIssuer(db, await authority.trustedIssuer());
  } finally {
    await db.destroy();
  }
  return { chamber, authority };
}
export type Issuers = Awaited<ReturnType<typeof createIssuers>>;

export async function createMerchants(
  platform: Platform,
  http: HttpOptions,
  issuers: Issuers,
): Promise<Merchant[]> {
  const merchants: Merchant[] = [];
  for (const [index, plan] of MERCHANTS.entries()) {
    const key = newKeyPair();
    const principalKey = key.publicKey;
    const identity =
      plan.credential === 'organization'
        ? issuers.chamber.organization({ principalKey, legalName: plan.name })
        : (
            await issuers.authority.certify(principalKey, {
              organization: plan.name,
              policyOids: [POLICY_OID.qualifiedLegal],
              qcStatementOids: [QC_COMPLIANCE_OID],
            })
          ).credential;
    const asOf = new Date().toISOString();
    const record = issuers.chamber.tradeRecord({ principalKey, record: { ...plan.record, asOf } });
    const principal = await registerPrincipal(http, {
      name: plan.name,
      key,
      credentials: [identity, record],
    });
    const beacon = await Beacon.register(http, principal, { name: plan.name, categories: plan.categories });
    for (const rail of ['rtp', 'fednow']) {
      const accountNumber = `20000000${index}`;
      await openBankAccount(platform, rail, accountNumber, plan.name, 0n);
      await beacon.addPaymentAccount({
        rail,
        routingNumber: ROUTING_NUMBER,
        accountNumber,
        holderName: plan.name,
      });
    }
    merchants.push({
      name: plan.name,
      principal,
      beacon,
      strategy: plan.strategy,
      catalogue: plan.catalogue,
    });
  }
  return merchants;
}

/** Lets every merchant answer requests by itself until the signal aborts. */
export function openShops(
  merchants: readonly Merchant[],
  signal: AbortSignal,
  onError: (error: unknown) => void,
): void {
  for (const { beacon, catalogue, strategy } of merchants) {
    void beacon.serve((request) => decide(CATALOGUES[catalogue], strategy, request), signal, { onError });
  }
}

/** A person with a verified contact, a bank account, and its bank's word to pay AURA up to a ceiling. */
export async function createBuyer(
  platform: Platform,
  http: HttpOptions,
  issuers: Issuers,
  { name, rail, number }: { name: string; rail: string; number: number },
): Promise<Buyer> {
  const key = newKeyPair();
  const contact = issuers.chamber.contact({
    principalKey: key.publicKey,
    email: `buyer${number}@example.com`,
  });
  const principal = await registerPrincipal(http, { name, key, credentials: [contact] });
  const scout = await Scout.register(http, principal, {
    name: `${name}'s scout`,
    capacity: { USD: '20000.00' },
  });
  const accountNumber = String(300_000_000 + number);
  await openBankAccount(platform, rail, accountNumber, name, 5_000_000n);
  const account = await scout.addPaymentAccount({
    rail,
    routingNumber: ROUTING_NUMBER,
    accountNumber,
    holderName: name,
  });
  const mandate = await scout.requestMandate({
    accountId: account.account_id,
    ceiling: '20000.00',
    expiresAt: new Date(Date.now() + DAY_MS),
  });
  if (mandate.status !== 'accepted')
    throw new Error(`the bank did not accept the mandate: ${mandate.refusal ?? mandate.status}`);
  return { principal, scout, mandateId: mandate.mandate_id };
}

async function openBankAccount(
  platform: Platform,
  rail: string,
  accountNumber: string,
  holderName: string,
  balanceMinor: bigint,
) {
  const response = await fetch(`${platform.network.url}/${rail}/operator/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      routingNumber: ROUTING_NUMBER,
      accountNumber,
      holderName,
      balanceMinor: balanceMinor.toString(),
    }),
  });
  if (!response.ok) throw new Error(`the sandbox bank refused an account: ${await response.text()}`);
}
