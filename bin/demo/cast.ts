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
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { RailName } from '../../domain/settlement';
import type { Platform } from '../platform';
import { openPayee, openPayer, type Payer } from '../purse';
import { CATALOGUES } from './catalogue';
import { decide, type Strategy } from './merchant';

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
  payers: ReadonlyMap<RailName, Payer>;
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
  count = MERCHANTS.length,
): Promise<Merchant[]> {
  const merchants: Merchant[] = [];
  for (const [index, plan] of MERCHANTS.slice(0, count).entries()) {
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
    for (const rail of platform.rails.filter((name) => RAIL_TERMS[name].paysOut)) {
      const accountNumber = `20000000${index}`;
      await openPayee(platform, beacon, { rail, holderName: plan.name, accountNumber, balanceMinor: 0n });
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

/** A person with a verified contact, and means to pay over some rails. */
export async function createBuyer(
  platform: Platform,
  http: HttpOptions,
  issuers: Issuers,
  { name, rails, number }: { name: string; rails: readonly RailName[]; number: number },
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
  const payers = new Map<RailName, Payer>();
  for (const rail of rails) {
    const accountNumber = String(300_000_000 + number);
    const holder = { rail, holderName: name, accountNumber, balanceMinor: 5_000_000n };
    payers.set(rail, await openPayer(platform, scout, holder));
  }
  return { principal, scout, payers };
}
