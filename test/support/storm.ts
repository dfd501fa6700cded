/** Opposing requests at once, on deals of their own: what is sent, and how the books stand afterwards. */
import type { RailName } from '../../domain/settlement';
import { audit } from '../../store/audit';
import { rows } from '../../store/db';
import { brokenLaws } from './audit-after';
import { testEnvironment, type TestEnvironment } from './environment';
import { anOffer, createMarket, type Market, type TestBuyer, type TestSeller } from './market';
import { send, signerOf, type RawAnswer, type RawRequest, type Signer } from './raw-request';
import { consentGiven } from './consent';

export const OF_EACH = 50;
const PRICE = '100.00';

export interface Storm {
  one: RawAnswer[];
  other: RawAnswer[];
}

/** A buyer's session that has a seller's offers ranked. */
export interface Stand {
  buyer: TestBuyer;
  seller: TestSeller;
  sessionId: string;
  offerIds: string[];
  scout: Signer;
  beacon: Signer;
}

export interface Deal extends Stand {
  id: string;
}

export const taken = (answers: readonly RawAnswer[]) => answers.filter(({ status }) => status < 300);

export const codes = (answers: readonly RawAnswer[]) =>
  [...new Set(answers.flatMap(({ json }) => (json.error ? [json.error.code] : [])))].sort();

export async function until(what: string, holds: () => Promise<boolean>, withinMs = 40_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const commitTo = (
  { sessionId, buyer, scout }: Omit<Stand, 'seller'>,
  offerId = '',
  rail = 'rtp',
): RawRequest => ({
  method: 'POST',
  path: `/v1/sessions/${sessionId}/commit`,
  signer: scout,
  body: {
    offer_id: offerId,
    quantity: 1,
    authority: { kind: 'owner' },
    consent: consentGiven(),
    buyer_identity: { name: 'Jane Doe', email: 'jane@example.com' },
    payment_method: { type: rail, mandate_id: buyer.mandateId },
  },
});

export const delivery = ({ id }: Deal, signer: Signer): RawRequest => ({
  method: 'POST',
  path: `/v1/transactions/${id}/fulfillment`,
  signer,
  body: { status: 'delivered' },
});

export const refund = ({ id, beacon }: Deal, amount?: string): RawRequest => ({
  method: 'POST',
  path: `/v1/transactions/${id}/refunds`,
  signer: beacon,
  body: { amount, reason: 'a scratch' },
});

export const dispute = ({ id }: Deal, signer: Signer): RawRequest => ({
  method: 'POST',
  path: `/v1/transactions/${id}/disputes`,
  signer,
  body: { reason: 'not_as_described', description: 'It is another one.', remedy_requested: 'refund' },
});

export function createStorms({ db, http }: TestEnvironment, market: Market) {
  const ask = (request: RawRequest) => send(http.baseUrl, request);

  /** Sends as many of each at once, in turn. No answer may be a server's fault. */
  async function storm(
    ...kinds: [() => RawRequest, () => RawRequest, ...(() => RawRequest)[]]
  ): Promise<Storm> {
    const sent = Array.from({ length: OF_EACH }, () => Promise.all(kinds.map((kind) => ask(kind()))));
    const answers = await Promise.all(sent);
    const faults = answers.flat().filter(({ status }) => status >= 500);
    expect(faults.map(({ text }) => text)).toEqual([]);
    const of = (kind: number) => answers.flatMap((each) => each[kind] ?? []);
    return { one: of(0), other: of(1) };
  }

  /** The laws hold once everything that was begun has been told. */
  async function booksHold(): Promise<void> {
    let broken: string[] = [];
    await until('the laws hold', async () => {
      broken = brokenLaws(await audit(db));
      return broken.length === 0;
    }).catch(() => undefined);
    expect(broken).toEqual([]);
  }

  async function aStand(offers = 1): Promise<Stand> {
    const [buyer, seller] = await Promise.all([market.aBuyer(), market.aSeller()]);
    const documents = Array.from({ length: offers }, () => anOffer({ price: PRICE }));
    const ranked = await market.rankedSession(buyer, [[seller, documents]]);
    return {
      buyer,
      seller,
      sessionId: ranked.sessionId,
      offerIds: ranked.offers.map(({ offer_id }) => offer_id),
      scout: signerOf(buyer.scout),
      beacon: signerOf(seller.beacon),
    };
  }

  async function aDeal(): Promise<Deal> {
    const stand = await aStand();
    const { json, text } = await ask(commitTo(stand, stand.offerIds[0]));
    const id = String(json.transaction_id);
    if (!id.startsWith('txn_')) throw new Error(text);
    await until('it clears', async () => (await statesOf(id)).clearing === 'cleared');
    return { ...stand, id };
  }

  async function aDeliveredDeal(): Promise<Deal> {
    const deal = await aDeal();
    await deal.seller.beacon.reportDelivery(deal.id);
    await until('it is delivered', async () => (await statesOf(deal.id)).market !== 'committed');
    return deal;
  }

  async function statesOf(id: string): Promise<{ market: string; clearing: string | null }> {
    const [found] = await rows<{ market: string; clearing: string | null }>(
      db,
      `SELECT s.market_state AS market, t.clearing_state AS clearing
       FROM transactions t JOIN sessions s ON s.id = t.session_id WHERE t.id = ?`,
      [id],
    );
    if (!found) throw new Error(`no deal ${id}`);
    return found;
  }

  const dealsOf = ({ sessionId }: Stand) =>
    rows<{ id: string }>(db, 'SELECT id FROM transactions WHERE session_id = ?', [sessionId]);

  async function refundedMinor({ id }: Deal): Promise<number | undefined> {
    const [sum] = await rows<{ minor: number }>(
      db,
      'SELECT coalesce(sum(amount_minor), 0)::int AS minor FROM refunds WHERE transaction_id = ?',
      [id],
    );
    return sum?.minor;
  }

  return { ask, storm, booksHold, aStand, aDeal, aDeliveredDeal, statesOf, dealsOf, refundedMinor };
}

export type Storms = ReturnType<typeof createStorms>;

interface Ground {
  env: TestEnvironment;
  market: Market;
}

/** Storms on a market of the block's own, which is there from its first test to its last. */
export function stormsHere(
  options: { env?: Readonly<Record<string, string>>; rails?: readonly RailName[] } = {},
): Storms & Ground {
  const here = {} as Storms & Ground;
  beforeAll(async () => {
    const env = await testEnvironment(options.env, { rails: options.rails ?? ['rtp'] });
    const market = createMarket(env);
    Object.assign(here, createStorms(env, market), { env, market });
  });
  afterAll(() => here.env?.stop());
  return here;
}
