/** `kill -9` at every step: the deal still clears, once, and nobody is paid twice. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkLedger } from '../../store/ledger';
import { rows } from '../../store/db';
import { Scout, type Transaction } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { anOffer, createMarket, type Market } from '../support/market';

jest.setTimeout(120_000);

const PRELOAD = resolve(__dirname, '../support/crash-at.cjs');
const marks = mkdtempSync(join(tmpdir(), 'aura-crash-'));

describeOnServer('kill -9', () => {
  let env: TestEnvironment;
  let market: Market;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_INSTRUCTION_TTL_MS: '6000', AURA_RAIL_MAX_DELAY_MS: '1000' });
    market = createMarket(env);
  });
  afterAll(() => env?.stop());

  /** Arms a process to die at the point; when it has died, it is started again, unarmed. */
  async function arm(name: string, point: string, when = ''): Promise<{ died: Promise<void>; mark: string }> {
    const mark = join(marks, `${name}-${point.replace(':', '-')}-${when.replace(/\W/g, '')}`);
    const armed = await env.platform.restart(name, {
      NODE_OPTIONS: `--require ${PRELOAD}`,
      CRASH_AT: point,
      CRASH_MARK: mark,
      CRASH_WHEN: when,
    });
    const died = armed.exited.then(async () => {
      await env.platform.restart(name);
    });
    return { died, mark };
  }

  async function expectPaidOnce({ transaction_id, payment }: Transaction) {
    expect(await market.executionsOf('rtp', payment.instruction_id ?? '')).toBe(1);
    const { rows: found } = await env.db.raw<{ rows: { kind: string; executed: string }[] }>(
      `SELECT i.kind, count(*) AS executed FROM instructions i LEFT JOIN payables p ON p.payout_id = i.subject_id
       WHERE (i.subject_id = :id OR p.transaction_id = :id) AND i.status = 'executed' GROUP BY i.kind ORDER BY i.kind`,
      { id: transaction_id },
    );
    expect(found).toEqual([
      { kind: 'pay_in', executed: '1' },
      { kind: 'payout', executed: '1' },
    ]);
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  async function wholeDeal(): Promise<Transaction> {
    const { buyer, seller, transaction } = await market.aDealCommitted();
    const slow = { timeoutMs: 60_000 };
    await buyer.scout.waitFor(
      transaction.transaction_id,
      ({ clearing_status }) => clearing_status === 'cleared',
      slow,
    );
    await seller.beacon.reportDelivery(transaction.transaction_id);
    return seller.beacon.waitFor(
      transaction.transaction_id,
      ({ payout }) => payout?.status === 'proved',
      slow,
    );
  }

  const steps = [
    'openSession',
    'rankSession',
    'commitDeal',
    'settleDeal',
    'advanceDeal',
    'preparePayout',
    'settlePayout',
  ];
  const workerPoints = steps.flatMap((step) => [`${step}:before`, `${step}:after`]);

  test.each(workerPoints)('of the clearing worker, %s', async (point) => {
    const { died, mark } = await arm('worker', point);
    const paid = await wholeDeal();
    await died;
    expect(existsSync(mark)).toBe(true);
    expect(paid.status).toBe('completed');
    expect(paid.clearing_status).toBe('cleared');
    await expectPaidOnce(paid);
  });

  test.each([
    ['a nonconforming execution is to be sent back', '366.15', '"kind":"return"'],
    ['a payment that never executed is instructed anew', '366.13', '"next":"submit"'],
  ])('of the clearing worker, right after it stored that %s', async (_what, price, when) => {
    const { died, mark } = await arm('worker', 'settleDeal:after', when);
    const { buyer, transaction } = await market.aDealCommitted({ price });
    const ended = await buyer.scout.waitFor(transaction.transaction_id, ({ status }) => status === 'failed', {
      timeoutMs: 90_000,
    });
    await died;
    expect(existsSync(mark)).toBe(true);
    expect(ended.clearing_status).toBe('declined');
    const bank = await fetch(
      `${env.platform.network.url}/rtp/operator/accounts/021000021/${buyer.accountNumber}`,
    );
    expect(await bank.json()).toMatchObject({ balanceMinor: '100000000' });
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  });

  test.each(
    ['decideRefund', 'prepareRefund', 'settleRefund'].flatMap((step) => [`${step}:before`, `${step}:after`]),
  )('of the clearing worker during a refund, %s', async (point) => {
    const { buyer, seller, transaction } = await market.aDealCommitted();
    const { transaction_id: id } = transaction;
    await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status === 'cleared');
    const { died, mark } = await arm('worker', point);
    await seller.beacon.refund(id, { reason: 'sorry' });
    const back = await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status === 'refunded', {
      timeoutMs: 60_000,
    });
    await died;
    expect(existsSync(mark)).toBe(true);
    expect(back.refunds).toMatchObject([{ amount: '349.99', status: 'proved' }]);
    const bank = `${env.platform.network.url}/rtp/operator/accounts/021000021/${buyer.accountNumber}`;
    expect(await (await fetch(bank)).json()).toMatchObject({ balanceMinor: '100000000' });
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  });

  // After the claim and before the message, only time can prove that nothing was sent: the deal takes the long way.
  test.each(['submit:before', 'claimTransmission:after', 'submit:after'])(
    'of the rail worker, %s',
    async (point) => {
      const { died, mark } = await arm('rail-rtp', point);
      const paid = await wholeDeal();
      await died;
      expect(existsSync(mark)).toBe(true);
      expect(paid.status).toBe('completed');
      await expectPaidOnce(paid);
    },
  );

  test('of the API between the commit and its answer: the same key gets the same transaction', async () => {
    const buyer = await market.aBuyer();
    const seller = await market.aSeller();
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    const { died, mark } = await arm('api', 'startAndAsk:after');
    const committed = await buyer.scout.commit(
      sessionId,
      market.commitment(buyer, offers[0]?.offer_id ?? ''),
      'once',
    );
    await died;
    expect(existsSync(mark)).toBe(true);
    const { rows: found } = await env.db.raw<{ rows: { id: string }[] }>(
      'SELECT id FROM transactions WHERE session_id = ?',
      [sessionId],
    );
    expect(found).toEqual([{ id: committed.transaction_id }]);
  });

  test('of the API before a session is taken up: it comes to its end though nobody asks again', async () => {
    const scout = await Scout.register({ ...env.http, attempts: 1 }, await market.aPrincipal('L1'));
    const { died, mark } = await arm('api', 'startAndAsk:before');
    await expect(scout.openSession({ intent: 'I need a submarine' })).rejects.toThrow();
    await died;
    expect(existsSync(mark)).toBe(true);
    const stored = () =>
      rows<{ state: string }>(env.db, 'SELECT market_state AS state FROM sessions WHERE scout_id = ?', [
        scout.agentId,
      ]);
    expect(await stored()).toEqual([{ state: 'created' }]);
    await env.db.raw(`UPDATE sessions SET created_at = created_at - interval '1 minute' WHERE scout_id = ?`, [
      scout.agentId,
    ]);
    const deadline = Date.now() + 45_000;
    while ((await stored())[0]?.state === 'created' && Date.now() < deadline) await sleep(200);
    expect(await stored()).toEqual([{ state: 'failed' }]);
  });

  test('of the clearing worker while it closes a reconciliation: another attempt ends it in seconds', async () => {
    const { died, mark } = await arm('worker', 'closeRun:before');
    const run = env.operator.reconcile('rtp');
    await died;
    expect(existsSync(mark)).toBe(true);
    expect(await run).toMatchObject({ run_id: expect.stringMatching(/^rcn_/) as string });
    const open = () => rows(env.db, 'SELECT 1 FROM reconciliation_runs WHERE finished_at IS NULL');
    const deadline = Date.now() + 30_000;
    while ((await open()).length > 0 && Date.now() < deadline) await sleep(200);
    expect(await open()).toEqual([]);
  });

  test('of the clearing worker at any moment, whatever it is doing', async () => {
    const { buyer, transaction } = await market.aDealCommitted();
    await env.platform.processes.get('worker')?.kill();
    await env.platform.restart('worker');
    const cleared = await buyer.scout.waitFor(
      transaction.transaction_id,
      ({ clearing_status }) => clearing_status === 'cleared',
      { timeoutMs: 60_000 },
    );
    expect(await market.executionsOf('rtp', cleared.payment.instruction_id ?? '')).toBe(1);
  });
});
