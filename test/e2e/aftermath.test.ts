/** What comes after a settlement, end to end: cancellation, refunds, payouts by schedule, a rail that fails. */
import { Client, Connection } from '@temporalio/client';
import { checkLedger } from '../../store/ledger';
import { newKeyPair, type Transaction } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, post, type Market } from '../support/market';

jest.setTimeout(120_000);

const SLOW = { timeoutMs: 60_000 };
const isCleared = ({ clearing_status }: Transaction) => clearing_status === 'cleared';

describe('after the settlement', () => {
  let env: TestEnvironment;
  let market: Market;
  beforeAll(async () => {
    const quick = { AURA_INQUIRY_LAST_MS: '500', AURA_DAY_MS: '60000', RAIL_BREAKER_OPEN_MS: '60000' };
    env = await testEnvironment(quick);
    market = createMarket(env);
  }, 120_000);
  afterAll(() => env?.stop());
  afterEach(async () => expect(await checkLedger(env.db)).toMatchObject({ balanced: true }));

  async function aClearedDeal(options: Parameters<Market['aDealCommitted']>[0] = {}) {
    const deal = await market.aDealCommitted(options);
    const id = deal.transaction.transaction_id;
    await deal.buyer.scout.waitFor(id, isCleared, SLOW);
    return { ...deal, id };
  }

  async function heldBy(id: string): Promise<string> {
    const { rows } = await env.db.raw<{ rows: { held: string }[] }>(
      `SELECT coalesce(sum(CASE WHEN (p.side = 'credit') = credit_normal(a.kind) THEN p.amount_minor ELSE -p.amount_minor END), 0) AS held
       FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
       WHERE e.transaction_id = ? AND a.kind IN ('obligation', 'entitlement', 'fees_deferred', 'refund_due')`,
      [id],
    );
    return rows[0]?.held ?? '';
  }

  it('a buyer cancels a paid deal: the money goes back and the deal holds nothing', async () => {
    const { buyer, id } = await aClearedDeal();
    await buyer.scout.cancelTransaction(id, 'found it in the attic');
    const cancelled = await buyer.scout.waitFor(id, ({ status }) => status === 'cancelled', SLOW);
    expect(cancelled).toMatchObject({ clearing_status: 'refunded' });
    expect(cancelled.refunds).toMatchObject([{ amount: '349.99', cause: 'cancellation', status: 'proved' }]);
    expect(cancelled.status_history.map(({ transition }) => transition)).toEqual(
      expect.arrayContaining(['X6', 'T5']),
    );
    expect(await heldBy(id)).toBe('0');
    // Asked again, the answer is the same and nothing more happens.
    expect(await buyer.scout.cancelTransaction(id)).toMatchObject({ status: 'cancelled' });
    expect((await buyer.scout.transaction(id)).refunds).toHaveLength(1);
  });

  it('of many who cancel, deliver and refund at once, one outcome stands', async () => {
    const { buyer, seller, id } = await aClearedDeal();
    await Promise.allSettled([
      ...Array.from({ length: 5 }, () => buyer.scout.cancelTransaction(id)),
      ...Array.from({ length: 5 }, () => seller.beacon.reportDelivery(id)),
      ...Array.from({ length: 5 }, () => seller.beacon.refund(id, { reason: 'sorry' })),
    ]);
    const ended = await buyer.scout.waitFor(
      id,
      ({ status, refunds }) =>
        (status === 'cancelled' || status === 'completed') &&
        refunds.every((one) => one.status !== 'pending'),
      SLOW,
    );
    const back = ended.refunds.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 100), 0);
    expect(back).toBeLessThanOrEqual(34_999);
    expect(await heldBy(id)).toBe('0');
  });

  it('refunds in parts, before and after the release, never more than the total', async () => {
    const { buyer, seller, id } = await aClearedDeal();
    const first = await seller.beacon.refund(id, { amount: '100.00', reason: 'a part was missing' });
    expect(first).toMatchObject({ amount: '100.00', cause: 'voluntary' });
    await buyer.scout.waitFor(id, ({ refunds }) => refunds[0]?.status === 'proved', SLOW);
    await seller.beacon.reportDelivery(id);
    await seller.beacon.waitFor(id, ({ payout }) => payout?.status === 'proved', SLOW);
    await expect(seller.beacon.refund(id, { amount: '250.00', reason: 'too much' })).rejects.toMatchObject({
      status: 400,
      code: 'INVALID_PARAMETER',
    });
    await seller.beacon.refund(id, { amount: '249.99', reason: 'all of it, then' });
    const whole = await buyer.scout.waitFor(
      id,
      ({ clearing_status }) => clearing_status === 'refunded',
      SLOW,
    );
    expect(whole.status).toBe('completed');
    expect(await heldBy(id)).toBe('0');
    await expect(buyer.scout.refund(id, { reason: 'mine' })).rejects.toMatchObject({ status: 403 });
  });

  it('a buyer cannot cancel what was delivered, a seller gives it back', async () => {
    const { buyer, seller, id } = await aClearedDeal();
    await seller.beacon.reportDelivery(id);
    await buyer.scout.waitFor(id, ({ status }) => status === 'completed', SLOW);
    await expect(buyer.scout.cancelTransaction(id)).rejects.toMatchObject({
      status: 409,
      code: 'SESSION_STATE_CONFLICT',
    });
    await seller.beacon.cancelTransaction(id, 'recalled by the maker');
    const back = await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status === 'refunded', SLOW);
    expect(back.refunds).toMatchObject([{ amount: '349.99', status: 'proved' }]);
  });

  it('pays a daily seller once for several deals', async () => {
    const seller = await market.aSeller();
    await seller.beacon.setPayoutSchedule('daily');
    for (let count = 0; count < 2; count++) {
      const buyer = await market.aBuyer();
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const terms = market.commitment(buyer, offers[0]?.offer_id ?? '');
      const { transaction_id: id } = await buyer.scout.commit(sessionId, terms);
      await buyer.scout.waitFor(id, isCleared, SLOW);
      await seller.beacon.reportDelivery(id);
      const done = await seller.beacon.waitFor(id, ({ status }) => status === 'completed', SLOW);
      expect(done.payout).toBeNull();
    }
    const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '' });
    const { namespace } = env;
    await new Client({ connection, namespace }).schedule.getHandle('payouts-daily').trigger();
    await connection.close();
    const paid = await eventually(
      async () => (await seller.beacon.payouts()).payouts,
      (list) => list[0]?.status === 'proved',
    );
    expect(paid).toHaveLength(1);
    expect(paid[0]?.parts).toHaveLength(2);
  });

  it('returns a rejected payout to the balance and pays it again to a corrected account', async () => {
    const buyer = await market.aBuyer();
    const seller = await market.aSeller();
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    const terms = market.commitment(buyer, offers[0]?.offer_id ?? '');
    const { transaction_id: id } = await buyer.scout.commit(sessionId, terms);
    await buyer.scout.waitFor(id, isCleared, SLOW);
    const network = `${env.platform.network.url}/rtp/operator`;
    await post(`${network}/accounts/021000021/${seller.accountNumber}/close`, {});
    await seller.beacon.reportDelivery(id);
    await eventually(
      () => seller.beacon.payouts(),
      ({ payouts }) => payouts[0]?.status === 'rejected',
    );
    const accountNumber = await market.aBankAccount('rtp', 0n, 'Acme');
    await seller.beacon.addPaymentAccount({
      rail: 'rtp',
      routingNumber: '021000021',
      accountNumber,
      holderName: 'Acme',
    });
    const { payouts } = await eventually(
      () => seller.beacon.payouts(),
      (list) => list.payouts[0]?.status === 'proved',
    );
    expect(payouts.map(({ status }) => status)).toEqual(['proved', 'rejected']);
    expect(payouts[0]?.parts).toMatchObject([{ transaction_id: id }]);
  });

  it('goes over another rail when the first is down, and only then', async () => {
    const buyer = await market.aBuyer({ rail: 'rtp' });
    const accountNumber = await market.aBankAccount('fednow', 100_000_000n, 'Jane Doe');
    const second = await buyer.scout.addPaymentAccount({
      rail: 'fednow',
      routingNumber: '021000021',
      accountNumber,
      holderName: 'Jane Doe',
    });
    const expiresAt = new Date(Date.now() + 86_400_000);
    await buyer.scout.requestMandate({ accountId: second.account_id, ceiling: '9000.00', expiresAt });
    const seller = await market.aSeller({ rail: 'rtp' });
    const other = await market.aBankAccount('fednow', 0n, 'Acme');
    await seller.beacon.addPaymentAccount({
      rail: 'fednow',
      routingNumber: '021000021',
      accountNumber: other,
      holderName: 'Acme',
    });
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    await env.platform.restart('rail-rtp', { RAIL_URL: 'http://127.0.0.1:9/rtp' });
    try {
      const terms = market.commitment(buyer, offers[0]?.offer_id ?? '', { fallback: true });
      const { transaction_id: id } = await buyer.scout.commit(sessionId, terms);
      const cleared = await buyer.scout.waitFor(id, isCleared, SLOW);
      expect(cleared.payment.rail).toBe('fednow');
      const { rails } = await env.operator.rails();
      expect(rails.find(({ rail }) => rail === 'rtp')?.health?.state).toBe('open');
      const { exceptions } = await env.operator.exceptions({ transaction_id: id });
      expect(exceptions.every(({ status }) => status === 'resolved')).toBe(true);
    } finally {
      await env.platform.restart('rail-rtp');
    }
  });

  it('an operator decides only when it is its turn, and the decision is kept with its signature', async () => {
    // The adapter goes on with a key that was replaced: no proof of its holds.
    const { publicKey } = newKeyPair();
    await env.operator.registerRailKey({ rail: 'fednow', publicKey, keyId: 'rail-fednow-2' });
    await env.operator.revokeRailKey('fednow', 'rail-fednow');
    const { buyer, transaction } = await market.aDealCommitted({ rail: 'fednow' });
    const { transaction_id: id } = transaction;
    await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status === 'exception', SLOW);
    const read = async () => (await env.operator.exceptions({ transaction_id: id })).exceptions[0];
    const early = await read();
    expect(early).toMatchObject({
      cause: 'bad_proof',
      doing: 'inquire',
      status: 'open',
      allowed_actions: [],
    });
    const decision = { action: 'inquire', reason: 'the adapter has a new key' };
    await expect(env.operator.decide(early?.exception_id ?? '', decision)).rejects.toMatchObject({
      status: 409,
      code: 'SESSION_STATE_CONFLICT',
    });
    const handed = await eventually(read, (one) => one?.doing === 'operator');
    expect(handed?.allowed_actions).toContain('inquire');
    expect(handed?.inquiries).toBe(30);
    const made = await env.operator.decide(handed?.exception_id ?? '', decision);
    const taken = await eventually(
      () =>
        env.db('operator_decisions').where({ id: made.decision_id }).first() as Promise<Decided | undefined>,
      (row) => row?.taken_at !== null,
    );
    expect(taken?.signed_request).toMatchObject({ method: 'POST', signature: expect.any(String) as string });
    const { rows } = await env.db.raw<{ rows: unknown[] }>(
      `SELECT 1 FROM entries WHERE transaction_id = ? AND event = 'settlement_proved'`,
      [id],
    );
    expect(rows).toEqual([]);
  });
});

interface Decided {
  taken_at: Date | null;
  signed_request: Record<string, unknown>;
}

async function eventually<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
