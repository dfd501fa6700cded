/** A market to test in: sellers that can clear, buyers that can pay, and deals in the state a test needs. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openPayee, openPayer, type Payer } from '../../bin/purse';
import type { OfferDocument } from '../../domain/market/offer';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { RailName } from '../../domain/settlement';
import {
  Beacon,
  newKeyPair,
  registerPrincipal,
  Scout,
  type Commitment,
  type RankedOffer,
  type Transaction,
} from '../../sdk';
import { createVcIssuer, type VcIssuer } from '../../sdk/issuer';
import type { TestEnvironment } from './environment';

export const ROUTING = '021000021';
export const INTENT = 'I need wireless headphones for my commute, at most 400 dollars';
/** Whether a payer at the rail signs every amount by itself instead of giving a mandate with a ceiling. */
const signsEach = (rail: string): boolean => RAIL_TERMS[rail as RailName].accountForm === 'wallet';

export type Level = 'L0' | 'L1' | 'L2' | 'L3';

export interface TestBuyer {
  principalId: string;
  scout: Scout;
  /** Empty where the payer signs each amount by itself. */
  mandateId: string;
  accountNumber: string;
  payer: Payer;
}

export interface TestSeller {
  principalId: string;
  beacon: Beacon;
  accountNumber: string;
}

let accounts = 400_000_000 + Math.floor(Math.random() * 400_000_000);

export function createMarket(env: TestEnvironment) {
  const issuer = createVcIssuer({
    privateKeyPem: readFileSync(env.platform.issuerKeyPath, 'utf8'),
    attestsTradeRecord: true,
  });
  const { http } = env;

  async function aPrincipal(level: Level, name = `Firm ${randomUUID().slice(0, 8)}`, email?: string) {
    const key = newKeyPair();
    return registerPrincipal(http, {
      name,
      key,
      credentials: credentialsFor(issuer, key.publicKey, level, name, email),
    });
  }

  /** A bank account at the sandbox network, with this balance. */
  async function aBankAccount(rail: string, balanceMinor: bigint, holderName: string): Promise<string> {
    const accountNumber = String(accounts++);
    await post(`${env.platform.network.url}/${rail}/operator/accounts`, {
      routingNumber: ROUTING,
      accountNumber,
      holderName,
      balanceMinor: balanceMinor.toString(),
    });
    return accountNumber;
  }

  async function aBuyer(
    options: {
      level?: Level;
      rail?: string;
      ceiling?: string;
      balanceMinor?: bigint;
      card?: string;
      name?: string;
      email?: string;
      accountNumber?: string;
    } = {},
  ): Promise<TestBuyer> {
    const { level = 'L1', rail = 'rtp', ceiling = '900000.00', balanceMinor = 100_000_000n, card } = options;
    const { name = 'Jane Doe', accountNumber = String(accounts++) } = options;
    const principal = await aPrincipal(level, name, options.email);
    const scout = await Scout.register(http, principal);
    const holder = { rail: rail as RailName, holderName: name, accountNumber, balanceMinor, card };
    const payer = await openPayer(env.platform, scout, holder);
    const mandateId = signsEach(rail) ? '' : await payer.mandate(ceiling);
    return { principalId: principal.principal_id, scout, mandateId, accountNumber, payer };
  }

  async function aSeller(
    options: { level?: Level; rail?: string; category?: string; name?: string; accountNumber?: string } = {},
  ): Promise<TestSeller> {
    const { level = 'L2', rail = 'rtp', category = 'electronics' } = options;
    const { accountNumber = String(accounts++) } = options;
    const principal = await aPrincipal(level, options.name);
    const beacon = await Beacon.register(http, principal, { categories: [category] });
    // Nobody is paid out to a card: its money goes to a bank account.
    const paidBy = RAIL_TERMS[rail as RailName].paysOut ? (rail as RailName) : 'rtp';
    const holder = { rail: paidBy, holderName: principal.name, accountNumber, balanceMinor: 0n };
    await openPayee(env.platform, beacon, holder);
    return { principalId: principal.principal_id, beacon, accountNumber };
  }

  /** Takes every other seller off the market, so that a session waits for nobody. */
  async function sellOnly(sellers: readonly TestSeller[]): Promise<void> {
    await env.db.raw(
      `UPDATE agents SET categories = CASE WHEN id = ANY(?) THEN '{electronics}'::text[] ELSE '{}' END`,
      [sellers.map(({ beacon }) => beacon.agentId)],
    );
  }

  /** A session that has these sellers' offers ranked. */
  async function rankedSession(
    buyer: TestBuyer,
    offers: readonly (readonly [TestSeller, OfferDocument[]])[],
    options: {
      profileId?: string;
      intent?: string;
      context?: Parameters<Scout['openSession']>[0]['context'];
      beforeOffers?: (sessionId: string) => Promise<unknown>;
    } = {},
  ): Promise<{ sessionId: string; offers: RankedOffer[] }> {
    await sellOnly(offers.map(([seller]) => seller));
    const session = await buyer.scout.openSession({
      intent: options.intent ?? INTENT,
      context: options.context,
      profileId: options.profileId,
      offerTimeoutSeconds: 10,
    });
    await untilAsked(buyer, session.session_id);
    await options.beforeOffers?.(session.session_id);
    for (const [seller, documents] of offers) await seller.beacon.submitOffers(session.session_id, documents);
    return {
      sessionId: session.session_id,
      offers: await buyer.scout.rankedOffers(session.session_id, { everyMs: 50 }),
    };
  }

  /** A session may be answered before it is open, when its worker is away. */
  async function untilAsked(buyer: TestBuyer, sessionId: string): Promise<void> {
    const deadline = Date.now() + 30_000;
    while ((await buyer.scout.session(sessionId)).status !== 'collecting_offers') {
      if (Date.now() > deadline) throw new Error(`session ${sessionId} did not open`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  function commitment(buyer: TestBuyer, offerId: string, more: Partial<Commitment> = {}): Commitment {
    return {
      offerId,
      rail: 'rtp',
      mandateId: buyer.mandateId,
      buyer: { name: 'Jane Doe', email: 'jane@example.com' },
      ...more,
    };
  }

  /** A deal between a new buyer and a new seller, just committed. `price` is a decimal of USD. */
  async function aDealCommitted(
    options: { price?: string; rail?: string; level?: Level; profileId?: string; card?: string } = {},
  ): Promise<{ buyer: TestBuyer; seller: TestSeller; transaction: Transaction; sessionId: string }> {
    const { price = '349.99', rail = 'rtp', profileId } = options;
    const buyer = await aBuyer({ rail, level: options.level, card: options.card });
    const seller = await aSeller({ rail });
    const { sessionId, offers } = await rankedSession(buyer, [[seller, [anOffer({ price })]]], { profileId });
    const [offer] = offers;
    if (!offer) throw new Error('no offer was ranked');
    const mandateId = signsEach(rail) ? await buyer.payer.mandate(price) : buyer.mandateId;
    const terms = commitment(buyer, offer.offer_id, { rail, mandateId });
    const transaction = await buyer.scout.commit(sessionId, terms);
    return { buyer, seller, transaction, sessionId };
  }

  /** How often the network moved money for an instruction. */
  async function executionsOf(rail: string, instructionId: string): Promise<number> {
    const answer = await fetch(`${env.platform.network.url}/${rail}/operator/transfers?limit=1000`);
    const { transfers } = (await answer.json()) as { transfers: { id: string; bookings: unknown[] }[] };
    return transfers.filter(({ id }) => id === instructionId).flatMap(({ bookings }) => bookings).length;
  }

  return {
    issuer,
    aPrincipal,
    aBankAccount,
    aBuyer,
    aSeller,
    rankedSession,
    commitment,
    aDealCommitted,
    executionsOf,
  };
}

export type Market = ReturnType<typeof createMarket>;

function credentialsFor(
  issuer: VcIssuer,
  principalKey: string,
  level: Level,
  name: string,
  email = 'someone@example.com',
): unknown[] {
  switch (level) {
    case 'L0':
      return [];
    case 'L1':
      return [issuer.contact({ principalKey, email })];
    case 'L2':
      return [issuer.organization({ principalKey, legalName: name })];
    case 'L3':
      return [issuer.legalEntity({ principalKey, legalName: name, lei: '5493001KJTIIGC8Y1R12' })];
  }
}

export function anOffer(
  options: {
    price?: string;
    productId?: string;
    validForMs?: number;
    more?: Partial<OfferDocument['availability']>;
  } = {},
): OfferDocument {
  const {
    price = '349.99',
    productId = `prod-${randomUUID().slice(0, 8)}`,
    validForMs = 3_600_000,
    more,
  } = options;
  return {
    product: {
      product_id: productId,
      name: 'Sony WH-1000XM5',
      category: 'electronics.headphones.over_ear',
      structured_attributes: {
        brand: 'Sony',
        features: ['wireless', 'noise_cancellation'],
        condition: 'new',
      },
      natural_language_description: { content: 'Wireless headphones for commuters', language: 'en' },
    },
    pricing: { currency: 'USD', offer_price: price },
    availability: {
      in_stock: true,
      quantity_available: 100,
      delivery_estimate_days: { min: 1, max: 3 },
      ...more,
    },
    valid_until: new Date(Date.now() + validForMs).toISOString(),
  };
}

export async function post(url: string, body: unknown, method = 'POST'): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.headers.get('content-type')?.includes('json') ? response.json() : undefined;
}
