/**
 * Rows for tests, made the way the house makes them: through the store, with every state reached by rows of history.
 * Each factory brings what it needs along, so that a test names only what it is about.
 */
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import { sandboxGrant } from '../../domain/ledger/postings';
import type { MarketState } from '../../domain/lifecycle';
import { offerSigningBytes } from '../../domain/market/offer';
import { bpsOf, parseMoney, type Money } from '../../domain/money';
import type { ProfileId } from '../../domain/profiles';
import type { RailName } from '../../domain/settlement';
import type { TrustLevel } from '../../domain/trust';
import { VERSION_2 } from '../../domain/versions';
import { insertAgent, type AgentRole } from '../../store/agents';
import { inTransaction, type Db } from '../../store/db';
import { postEntries } from '../../store/ledger';
import { insertOffers } from '../../store/offers';
import { answerMandate, insertMandate, upsertAccount } from '../../store/payment-accounts';
import { insertPrincipal } from '../../store/principals';
import { insertSession } from '../../store/sessions';
import { insertMargins } from '../../store/margins';
import { findDeal, insertExposures, insertTransaction, type Deal } from '../../store/transactions';
import { pathTo, takeSteps, type WantedState } from './lifecycle-paths';
import { anOfferDocument, type OfferWish } from './offer-documents';

export const usd = (decimal: string): Money => parseMoney(decimal, 'USD');

export interface TestPrincipal {
  id: string;
  signer: Signer;
}

export async function aPrincipal(
  db: Db,
  wish: { name?: string; trust?: TrustLevel } = {},
): Promise<TestPrincipal> {
  const id = newId('principal');
  const { privateKeyPem, publicKey } = generateKeyPair();
  await inTransaction(db, (trx) =>
    insertPrincipal(trx, {
      id,
      name: wish.name ?? 'Acme Electronics',
      publicKey,
      trustLevel: wish.trust ?? 'L2',
      trustProfile: {},
      attestedRecord: null,
    }),
  );
  return { id, signer: createSigner(privateKeyPem, id) };
}

export interface TestAgent {
  id: string;
  principal: TestPrincipal;
  keyId: string;
  signer: Signer;
}

interface AgentWish {
  principal?: TestPrincipal;
  trust?: TrustLevel;
  capacity?: ReadonlyMap<string, bigint>;
  categories?: string[];
  shipsTo?: string[];
}

async function anAgent(db: Db, role: AgentRole, wish: AgentWish): Promise<TestAgent> {
  const principal = wish.principal ?? (await aPrincipal(db, { trust: wish.trust }));
  const id = newId(role);
  const keyId = newId('key');
  const { privateKeyPem, publicKey } = generateKeyPair();
  await inTransaction(db, (trx) =>
    insertAgent(trx, {
      id,
      principalId: principal.id,
      role,
      name: role,
      apiVersion: VERSION_2,
      categories: wish.categories ?? [],
      shipsTo: wish.shipsTo ?? [],
      keyId,
      publicKey,
      capacity: wish.capacity ?? new Map(),
    }),
  );
  return { id, principal, keyId, signer: createSigner(privateKeyPem, keyId) };
}

export const aScout = (db: Db, wish: AgentWish = {}): Promise<TestAgent> => anAgent(db, 'scout', wish);
export const aBeacon = (db: Db, wish: AgentWish = {}): Promise<TestAgent> => anAgent(db, 'beacon', wish);

export interface TestSession {
  id: string;
  scout: TestAgent;
  profileId: ProfileId;
}

export async function aSession(
  db: Db,
  wish: { scout?: TestAgent; profileId?: ProfileId; at?: MarketState; intent?: string } = {},
): Promise<TestSession> {
  const scout = wish.scout ?? (await aScout(db));
  const session = { id: newId('session'), scout, profileId: wish.profileId ?? 'retail' };
  await inTransaction(db, (trx) =>
    insertSession(trx, {
      id: session.id,
      scoutId: scout.id,
      principalId: scout.principal.id,
      profileId: session.profileId,
      profileVersion: 1,
      rawIntent: wish.intent ?? 'wireless headphones for the commute',
      asked: { constraints: {}, preferences: {} },
      maxOffers: 10,
      offerTimeoutMs: 30_000,
    }),
  );
  const start = { market: 'created', clearing: null } as const;
  const steps = pathTo(start, { market: wish.at ?? 'created', clearing: null });
  await takeSteps(db, { sessionId: session.id, transactionId: null }, start, steps);
  return session;
}

export interface TestOffer {
  id: string;
  session: TestSession;
  beacon: TestAgent;
}

export async function anOffer(
  db: Db,
  wish: OfferWish & { session?: TestSession; beacon?: TestAgent } = {},
): Promise<TestOffer> {
  const session = wish.session ?? (await aSession(db, { at: 'collecting_offers' }));
  const beacon = wish.beacon ?? (await aBeacon(db));
  const document = anOfferDocument(wish);
  const signedBytes = offerSigningBytes({ sessionId: session.id, beaconId: beacon.id, offer: document });
  const id = newId('offer');
  const { currency, offer_price } = document.pricing;
  await inTransaction(db, (trx) =>
    insertOffers(trx, [
      {
        id,
        sessionId: session.id,
        beaconId: beacon.id,
        principalId: beacon.principal.id,
        document,
        signedBytes,
        signature: beacon.signer.sign(signedBytes),
        keyId: beacon.keyId,
        asset: currency,
        unitPriceMinor: parseMoney(offer_price, currency).amountMinor,
        embedding: Array.from({ length: 256 }, (_, at) => (at === 0 ? 1 : 0)),
        validUntil: new Date(document.valid_until),
      },
    ]),
  );
  return { id, session, beacon };
}

export async function anAccount(
  db: Db,
  wish: { principal: { id: string }; rail?: RailName },
): Promise<{ id: string; rail: RailName }> {
  const rail = wish.rail ?? 'rtp';
  const account = await inTransaction(db, (trx) =>
    upsertAccount(trx, {
      id: newId('paymentAccount'),
      principalId: wish.principal.id,
      rail,
      asset: 'USD',
      form: 'bank',
      identifier: `021000021/${Date.now()}`,
      details: { routingNumber: '021000021', accountNumber: `${Date.now()}` },
      holderName: 'Acme',
    }),
  );
  return { id: account.id, rail };
}

/** A mandate the payer has accepted, on an account of its own. */
export async function aMandate(
  db: Db,
  wish: { principal: { id: string }; ceiling?: Money; rail?: RailName; forCommit?: boolean },
): Promise<string> {
  const account = await anAccount(db, wish);
  const id = newId('mandate');
  await inTransaction(db, async (trx) => {
    await insertMandate(trx, {
      id,
      principalId: wish.principal.id,
      accountId: account.id,
      rail: account.rail,
      asset: 'USD',
      ceilingMinor: (wish.ceiling ?? usd('1000000')).amountMinor,
      expiresAt: new Date(Date.now() + 86_400_000),
      payerAuthorization: null,
      forCommit: wish.forCommit,
    });
    await answerMandate(trx, id, { status: 'accepted', reference: `rfp-${id}` });
  });
  return id;
}

export interface DealWish {
  /** Defaults to committed, before any clearing. */
  at?: WantedState;
  amount?: Money;
  fee?: Money;
  profileId?: ProfileId;
  scout?: TestAgent;
  beacon?: TestAgent;
}

/** A deal that was committed to and led to the wanted state along the lifecycle. */
export async function aDeal(db: Db, wish: DealWish = {}): Promise<Deal> {
  const amount = wish.amount ?? usd('349.99');
  const session = await aSession(db, {
    scout: wish.scout,
    profileId: wish.profileId,
    at: 'offers_available',
  });
  const offer = await anOffer(db, { session, beacon: wish.beacon, price: '1.00' });
  const ids = { sessionId: session.id, transactionId: newId('transaction') };
  const mandateId = await aMandate(db, { principal: session.scout.principal });
  const parties = {
    buyerPrincipalId: session.scout.principal.id,
    sellerPrincipalId: offer.beacon.principal.id,
    scoutId: session.scout.id,
    beaconId: offer.beacon.id,
  };
  await inTransaction(db, async (trx) => {
    await insertTransaction(trx, {
      ...parties,
      ...dealTerms(amount, wish.fee),
      id: ids.transactionId,
      sessionId: session.id,
      offerId: offer.id,
      profileId: session.profileId,
      mandateId,
      railPlan: [{ rail: 'rtp', mandate_id: mandateId }],
    });
    await insertExposures(
      trx,
      {
        transactionId: ids.transactionId,
        asset: amount.asset,
        amountMinor: amount.amountMinor,
        usdMinor: amount.amountMinor,
      },
      [
        { role: 'buyer', principalId: parties.buyerPrincipalId, agentId: parties.scoutId },
        { role: 'seller', principalId: parties.sellerPrincipalId, agentId: parties.beaconId },
      ],
    );
    await insertMargins(trx, ids.transactionId, amount.asset, [
      { role: 'buyer', principalId: parties.buyerPrincipalId, requiredMinor: 0n },
      { role: 'seller', principalId: parties.sellerPrincipalId, requiredMinor: 0n },
    ]);
  });
  const start = { market: 'offers_available', clearing: null } as const;
  await takeSteps(db, ids, start, pathTo(start, wish.at ?? { market: 'committed', clearing: null }));
  const deal = await findDeal(db, ids.transactionId);
  if (!deal) throw new Error('the deal was not stored');
  return deal;
}

function dealTerms(amount: Money, fee?: Money) {
  return {
    profileVersion: 1,
    quantity: 1,
    amounts: {
      asset: amount.asset,
      subtotalMinor: amount.amountMinor,
      shippingMinor: 0n,
      taxMinor: 0n,
      totalMinor: amount.amountMinor,
      shippingMethod: null,
    },
    totalUsdMinor: amount.amountMinor,
    feeMinor: fee?.amountMinor ?? bpsOf(amount.amountMinor, 100),
    commitmentHash: 'c'.repeat(64),
    consent: {},
    buyerIdentity: { name: 'Jane Doe' },
    shippingAddress: null,
    delegationId: null,
    rails: ['rtp'] as const,
    rail: 'rtp' as const,
    gate: [],
    risk: { pdBuyer: 0.01, pdSeller: 0.01, reversalRate: 0, deliveryRate: 0.005, pair: 1 },
  };
}

/** Gives a principal free collateral. Once per principal and asset. */
export async function fund(db: Db, principal: { id: string }, amount: Money): Promise<void> {
  await inTransaction(db, (trx) =>
    postEntries(trx, [sandboxGrant({ principalId: principal.id, ...amount })]),
  );
}
