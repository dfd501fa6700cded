/** Deals on the real services: the whole way, and the ways a payment goes wrong. */
import { checkLedger, dealBalances } from '../../store/ledger';
import type { AuraApiError, Transaction } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { anOffer, createMarket, post, type Market } from '../support/market';

jest.setTimeout(120_000);

const isCleared = ({ clearing_status }: Transaction) => clearing_status === 'cleared';
const transitionsOf = ({ status_history }: Transaction) => status_history.map(({ transition }) => transition);

describeOnServer('clearing', () => {
  let env: TestEnvironment;
  let market: Market;

  beforeAll(async () => {
    // Short enough that "it provably never executed" can be waited for.
    env = await testEnvironment({ AURA_INSTRUCTION_TTL_MS: '4000', AURA_RAIL_MAX_DELAY_MS: '1000' });
    market = createMarket(env);
  });
  afterAll(() => env?.stop());

  async function expectBooksToTie() {
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  async function expectNothingOwed(transactionId: string) {
    const owed = (await dealBalances(env.db, transactionId)).filter(({ kind }) =>
      ['obligation', 'entitlement', 'fees_deferred', 'refund_due'].includes(kind),
    );
    expect(owed.filter(({ balanceMinor }) => balanceMinor !== 0n)).toEqual([]);
  }

  test.each(['rtp', 'fednow'])('clears over %s, delivers, pays out, and reconciles', async (rail) => {
    const { buyer, seller, transaction } = await market.aDealCommitted({ rail });
    expect(transaction.gate.map(({ passed }) => passed)).toEqual([true, true, true, true, true, true]);
    const cleared = await buyer.scout.waitFor(transaction.transaction_id, isCleared);
    expect(cleared.payment.proof?.checks.map(({ check, passed }) => [check, passed])).toEqual(
      ['signature', 'amount', 'correlation', 'finality', 'timeliness'].map((check) => [check, true]),
    );

    const { accounts: before } = await seller.beacon.accounts();
    expect(before.find(({ kind }) => kind === 'entitlement')?.balance).toBe('346.49');
    await seller.beacon.reportDelivery(transaction.transaction_id);
    const paid = await seller.beacon.waitFor(
      transaction.transaction_id,
      ({ payout }) => payout?.status === 'proved',
    );
    expect(paid.status).toBe('completed');
    expect(paid.payout?.amount).toBe('346.49');
    expect(transitionsOf(paid)).toEqual([
      'T1',
      'T1',
      'T1',
      'T2',
      'T3',
      'T18',
      'T19',
      'T20',
      'T21',
      'T22',
      'T6',
      'T8',
    ]);
    const bank = await fetch(
      `${env.platform.network.url}/${rail}/operator/accounts/021000021/${seller.accountNumber}`,
    );
    expect(await bank.json()).toMatchObject({ balanceMinor: '34649' });

    const run = await env.operator.reconcile(rail);
    expect(run.open_breaks).toBe(0);
    const report = (await env.operator.reconciliationReport({ rail })) as {
      ties: boolean;
      totals: { difference: string }[];
    };
    expect(report.ties).toBe(true);
    expect(report.totals.length).toBeGreaterThan(0);
    await expectNothingOwed(transaction.transaction_id);
    await expectBooksToTie();
  });

  test('shows the buyer to the seller only after novation, and only as far as consent goes', async () => {
    const buyer = await market.aBuyer();
    const seller = await market.aSeller();
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    const committed = await buyer.scout.commit(
      sessionId,
      market.commitment(buyer, offers[0]?.offer_id ?? '', {
        buyer: { name: 'Jane Doe', email: 'jane@example.com', phone: '+1 555 0100' },
        consent: { shareIdentity: true, shareEmail: false },
      }),
    );
    const seen = await seller.beacon.transaction(committed.transaction_id);
    expect(seen.buyer?.identity).toEqual({ name: 'Jane Doe' });
    expect(committed.buyer).toBeUndefined();
    await buyer.scout.waitFor(committed.transaction_id, isCleared);
  });

  test('of fifty concurrent commits on one session exactly one wins, the rest get 409', async () => {
    const buyer = await market.aBuyer();
    const sellers = await Promise.all([market.aSeller(), market.aSeller()]);
    const { sessionId, offers } = await market.rankedSession(
      buyer,
      sellers.map(
        (seller) => [seller, [anOffer({ price: '310.00' }), anOffer({ price: '320.00' })]] as const,
      ),
    );
    expect(offers).toHaveLength(4);
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_unused, index) =>
        buyer.scout.commit(
          sessionId,
          market.commitment(buyer, offers[index % 4]?.offer_id ?? ''),
          `race-${sessionId}-${index}`,
        ),
      ),
    );
    const won = results.filter((result) => result.status === 'fulfilled');
    const lost = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as AuraApiError] : [],
    );
    expect(won).toHaveLength(1);
    expect(lost.map(({ status }) => status)).toEqual(Array(49).fill(409));
    expect(new Set(lost.map(({ code }) => code))).toEqual(
      new Set(
        ['SESSION_STATE_CONFLICT', 'OFFER_ALREADY_COMMITTED'].filter((code) =>
          lost.some((error) => error.code === code),
        ),
      ),
    );
    const { rows } = await env.db.raw<{ rows: { count: string }[] }>(
      'SELECT count(*) FROM transactions WHERE session_id = ?',
      [sessionId],
    );
    expect(rows[0]?.count).toBe('1');
  });

  test('the same idempotency key is the same commitment; with another body it is a conflict', async () => {
    const buyer = await market.aBuyer();
    const seller = await market.aSeller();
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    const commitment = market.commitment(buyer, offers[0]?.offer_id ?? '');
    const body = { consent: { shareIdentity: true } };
    const first = await buyer.scout.commit(sessionId, { ...commitment, ...body }, 'key-1');
    // A new consent time makes another body.
    await expect(
      buyer.scout.commit(sessionId, { ...commitment, quantity: 2 }, 'key-1'),
    ).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    const { rows } = await env.db.raw<{ rows: { n: string }[] }>(
      'SELECT count(*) AS n FROM transactions WHERE session_id = ?',
      [sessionId],
    );
    expect(rows[0]?.n).toBe('1');
    expect(first.transaction_id).toMatch(/^txn_/);
  });

  test.each([
    ['executes and then times out', '366.12'],
    ['executes and then disconnects', '366.19'],
    ['executes and answers 500', '366.21'],
    ['signs its answer badly', '366.16'],
    ['answers garbage', '366.20'],
  ])('a rail that %s is asked, and the deal clears without a second payment', async (_what, price) => {
    const { buyer, transaction } = await market.aDealCommitted({ price });
    const cleared = await buyer.scout.waitFor(transaction.transaction_id, isCleared, { timeoutMs: 60_000 });
    expect(transitionsOf(cleared)).toEqual(expect.arrayContaining(['X2', 'X3', 'T21', 'T22']));
    expect(await market.executionsOf('rtp', cleared.payment.instruction_id ?? '')).toBe(1);
    await expectBooksToTie();
  });

  test('a rail that answers ACSP stays settling until it says ACSC', async () => {
    const { buyer, transaction } = await market.aDealCommitted({ price: '366.17' });
    const cleared = await buyer.scout.waitFor(transaction.transaction_id, isCleared);
    expect(transitionsOf(cleared)).not.toContain('X2');
  });

  test('a payment that provably never executed is instructed anew, and paid once', async () => {
    const { buyer, transaction } = await market.aDealCommitted({ price: '366.13' });
    const first = transaction.payment.instruction_id ?? '';
    const declined = await buyer.scout.waitFor(
      transaction.transaction_id,
      ({ status }) => status === 'failed',
      {
        timeoutMs: 90_000,
      },
    );
    // This amount never goes through, so after its last try the deal is given up.
    expect(transitionsOf(declined).filter((id) => id === 'X3')).toHaveLength(2);
    expect(transitionsOf(declined).slice(-2)).toEqual(['X4', 'T4']);
    expect(declined.payment.instruction_id).not.toBe(first);
    expect(await market.executionsOf('rtp', first)).toBe(0);
    await expectNothingOwed(transaction.transaction_id);
    await expectBooksToTie();
  });

  test('a rejected payment ends the deal and gives everything back', async () => {
    const { buyer, seller, transaction } = await market.aDealCommitted({ price: '366.01' });
    const failed = await buyer.scout.waitFor(transaction.transaction_id, ({ status }) => status === 'failed');
    expect(failed.clearing_status).toBe('declined');
    expect(failed.failure?.details).toMatchObject({ rule: 'rail_rejected', reason: 'AC04' });
    const { accounts } = await seller.beacon.accounts();
    expect(accounts.find(({ kind }) => kind === 'margin')?.balance).toBe('0.00');
    await expectNothingOwed(transaction.transaction_id);
    await expectBooksToTie();
  });

  test('an execution with another amount goes to suspense and is sent back', async () => {
    const { buyer, transaction } = await market.aDealCommitted({ price: '366.15' });
    const failed = await buyer.scout.waitFor(
      transaction.transaction_id,
      ({ status }) => status === 'failed',
      {
        timeoutMs: 60_000,
      },
    );
    expect(transitionsOf(failed)).toEqual(expect.arrayContaining(['X2', 'X4', 'T4']));
    const bank = await fetch(
      `${env.platform.network.url}/rtp/operator/accounts/021000021/${buyer.accountNumber}`,
    );
    expect(await bank.json()).toMatchObject({ balanceMinor: '100000000' });
    await expectNothingOwed(transaction.transaction_id);
    await expectBooksToTie();
  });

  test('a tampered statement shows as a break, and so does a line that vanished', async () => {
    const deals = [await market.aDealCommitted(), await market.aDealCommitted()];
    const cleared: Transaction[] = [];
    for (const { buyer, transaction } of deals) {
      cleared.push(await buyer.scout.waitFor(transaction.transaction_id, isCleared));
    }
    await env.operator.reconcile('rtp');
    const tamper = (body: unknown) => post(`${env.platform.network.url}/rtp/operator/statement/tamper`, body);
    await tamper({ action: 'amount', reference: cleared[0]?.payment.reference, amountMinor: '34998' });
    await tamper({ action: 'drop', reference: cleared[1]?.payment.reference });
    await tamper({ action: 'add', direction: 'credit', amountMinor: '12345' });
    await env.operator.reconcile('rtp');
    const { breaks } = (await env.operator.reconciliationReport({ rail: 'rtp' })) as {
      breaks: { kind: string; status: string; expected: string; actual: string }[];
    };
    const open = breaks.filter(({ status }) => status === 'open');
    expect(open).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'altered', expected: '349.99', actual: '349.98' }),
        expect.objectContaining({ kind: 'missing_at_rail', expected: '349.99' }),
        expect.objectContaining({ kind: 'missing_in_ledger', actual: '123.45' }),
      ]),
    );
    await expectBooksToTie();
  });
});
