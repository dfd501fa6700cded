/** A market with many parties, so that what a bench measures is the house and not one party's row. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openPayee, openPayer, type Payer } from '../bin/purse';
import type { CommitRequest } from '../domain/commit-request';
import { Beacon, registerPrincipal, Scout, type OfferDocument } from '../sdk';
import { createVcIssuer } from '../sdk/issuer';
import type { Db } from '../store/db';
import { rows } from '../store/db';
import type { TestEnvironment } from '../test/support/environment';
import { fastKeyPair } from './key';
import { consentGiven } from '../test/support/consent';

/** Each is a market of its own: its sellers are asked in no other. */
const GOODS = [
  { category: 'electronics.headphones', word: 'headphones' },
  { category: 'electronics.speakers', word: 'speakers' },
  { category: 'electronics.computers.monitors', word: 'a monitor' },
  { category: 'electronics.computers.printers', word: 'a printer' },
  { category: 'electronics.phones', word: 'a smartphone' },
  { category: 'electronics.cameras', word: 'a camera' },
] as const;
const SELLERS_EACH = 5;
const BUYERS_EACH = 8;
const OFFERS_EACH = 3;

export interface BenchBuyer {
  scout: Scout;
  principalId: string;
  payer: Payer;
  mandateId: string;
  category: string;
  sellers: readonly Beacon[];
}

export interface Ready {
  sessionId: string;
  offerId: string;
  buyer: BenchBuyer;
}

export interface BenchMarket {
  buyers: readonly BenchBuyer[];
  sellerOf(beaconId: string): Beacon;
  /** Opens a session and has every seller answer; ends with the last answer. */
  openSession(turn: number): Promise<string>;
  /** The best offers of sessions that are ranked. */
  bestOffers(sessionIds: readonly string[]): Promise<Ready[]>;
}

export async function createBenchMarket({ platform, http, db }: TestEnvironment): Promise<BenchMarket> {
  const issuer = createVcIssuer({
    privateKeyPem: readFileSync(platform.issuerKeyPath, 'utf8'),
    attestsTradeRecord: true,
  });
  const buyers: BenchBuyer[] = [];
  const sellers = new Map<string, Beacon>();
  const words = new Map<string, string>();
  for (const { category, word } of GOODS) {
    const here = await Promise.all(Array.from({ length: SELLERS_EACH }, () => aSeller(category)));
    for (const beacon of here) sellers.set(beacon.agentId, beacon);
    words.set(category, word);
    buyers.push(...(await Promise.all(Array.from({ length: BUYERS_EACH }, () => aBuyer(category, here)))));
  }
  const owners = new Map<string, BenchBuyer>();
  return {
    buyers: mixed(buyers),
    sellerOf(beaconId) {
      const seller = sellers.get(beaconId);
      if (!seller) throw new Error(`no seller ${beaconId}`);
      return seller;
    },
    async openSession(turn) {
      const all = mixed(buyers);
      const buyer = all[turn % all.length] as BenchBuyer;
      const { session_id: id } = await buyer.scout.openSession({
        intent: `I need ${words.get(buyer.category)}, at most 100 dollars`,
        offerTimeoutSeconds: 120,
      });
      owners.set(id, buyer);
      await Promise.all(buyer.sellers.map((beacon) => beacon.submitOffers(id, offersOf(buyer.category))));
      return id;
    },
    bestOffers: async (sessionIds) => readyOf(db, sessionIds, owners),
  };

  async function aSeller(category: string): Promise<Beacon> {
    const key = fastKeyPair();
    const name = `Seller ${randomUUID().slice(0, 8)}`;
    const credentials = [issuer.organization({ principalKey: key.publicKey, legalName: name })];
    const principal = await registerPrincipal(http, { name, key, credentials });
    const beacon = await Beacon.register(http, principal, { key: fastKeyPair(), categories: [category] });
    await openPayee(platform, beacon, { ...anAccount(name), balanceMinor: 0n });
    return beacon;
  }

  async function aBuyer(category: string, here: readonly Beacon[]): Promise<BenchBuyer> {
    const key = fastKeyPair();
    const name = `Buyer ${randomUUID().slice(0, 8)}`;
    const credentials = [issuer.contact({ principalKey: key.publicKey, email: 'buyer@example.com' })];
    const principal = await registerPrincipal(http, { name, key, credentials });
    const scout = await Scout.register(http, principal, { key: fastKeyPair() });
    const payer = await openPayer(platform, scout, { ...anAccount(name), balanceMinor: 1_000_000_000n });
    const mandateId = await payer.mandate('9000000.00');
    return { scout, principalId: principal.principal_id, payer, mandateId, category, sellers: here };
  }
}

let accounts = 500_000_000 + Math.floor(Math.random() * 400_000_000);
const anAccount = (holderName: string) => ({
  rail: 'rtp' as const,
  holderName,
  accountNumber: String(accounts++),
});

/** Neighbours belong to different markets. */
const mixed = (buyers: readonly BenchBuyer[]): BenchBuyer[] =>
  Array.from({ length: buyers.length }, (_, at) => {
    const market = at % GOODS.length;
    return buyers[market * BUYERS_EACH + Math.floor(at / GOODS.length)] as BenchBuyer;
  });

function offersOf(category: string): OfferDocument[] {
  return Array.from({ length: OFFERS_EACH }, (_, index) => ({
    product: {
      product_id: `prod-${randomUUID().slice(0, 8)}`,
      name: `Model ${index + 1}`,
      category,
      structured_attributes: { brand: 'Sony', features: ['wireless'], condition: 'new' },
      natural_language_description: { content: 'A solid model for every day', language: 'en' },
    },
    pricing: { currency: 'USD', offer_price: `${20 + index * 5}.49` },
    availability: {
      in_stock: true,
      quantity_available: 100,
      delivery_estimate_days: { min: 1, max: 3 },
    },
    valid_until: new Date(Date.now() + 3_600_000).toISOString(),
  }));
}

async function readyOf(
  db: Db,
  sessionIds: readonly string[],
  owners: ReadonlyMap<string, BenchBuyer>,
): Promise<Ready[]> {
  const found = await rows<{ sessionId: string; offerId: string }>(
    db,
    'SELECT session_id AS "sessionId", id AS "offerId" FROM offers WHERE rank = 1 AND session_id = ANY(?)',
    [[...sessionIds]],
  );
  return found.map((one) => ({ ...one, buyer: owners.get(one.sessionId) as BenchBuyer }));
}

/** What the API stores of a commit before its workflow starts. */
export function commitRequestOf({ sessionId, offerId, buyer }: Ready): CommitRequest {
  return {
    sessionId,
    scoutId: buyer.scout.agentId,
    terms: {
      offerId,
      quantity: 1,
      authority: { kind: 'owner' },
      consent: consentGiven(),
      payment: { named: 'rtp' },
    },
    mandateId: buyer.mandateId,
    fallback: false,
    buyerIdentity: { name: 'Bench buyer', email: 'buyer@example.com' },
    shippingAddress: null,
  };
}
