/**
 * Sessions and deals a second, against workflows that do next to nothing on the same server: Temporal on Postgres, the
 * books in the same Postgres. Offers are signed and requests are made by this process, which shares the machine.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { dataConverter } from '../bin/data-converter';
import { DEFAULT_DATA_DIR } from '../bin/services';
import { SEARCH_ATTRIBUTES, transactionCommit, type CommitAnswer } from '../workflows/messages';
import { startAndAsk } from '../api/workflows';
import { newId } from '../domain/ids';
import { rows } from '../store/db';
import { testEnvironment, type TestEnvironment } from '../test/support/environment';
import { compareAll, quantile, type Bench, type BenchContext, type Figure } from './harness';
import { commitRequestOf, createBenchMarket, type BenchMarket, type Ready } from './market';
import { cpuTimes, spent } from './cpu';
import { startReference, type Reference } from './reference';

const BENCH_DATA_DIR = join(DEFAULT_DATA_DIR, 'bench');
const DEALS = Number(process.env.D ?? 150);
const ONE_BY_ONE = 40;
const AT_ONCE = 50;
const SESSIONS_AT_ONCE = 25;
const POLL_MS = 10;
const PATIENCE_MS = 120_000;
const ANSWER_MS = 60_000;

export const deals: Bench = {
  name: 'deals',
  title: 'Sessions and deals',
  async run(context) {
    const environment = await testEnvironment({
      AURA_RATE_LIMITS: 'all=1000000000/60',
      AURA_CHECK_ANSWERS: 'false',
    });
    const reference = await startReference({
      address: process.env.TEMPORAL_ADDRESS ?? '',
      namespace: environment.namespace,
    });
    try {
      return await measure(context, environment, reference);
    } finally {
      await reference.stop();
      await environment.stop();
    }
  },
};

async function measure(
  context: BenchContext,
  environment: TestEnvironment,
  reference: Reference,
): Promise<Figure[]> {
  const { say } = context;
  say('deals: registering buyers and sellers');
  const market = await createBenchMarket(environment);
  const { connection } = reference.client;
  const client = new Client({
    connection,
    namespace: environment.namespace,
    dataConverter: dataConverter(environment.platform.payloadKeys),
  });
  const house = houseOf(environment, market, client);
  say('deals: warming up');
  await house.clear(await house.sessions(30));
  await many(30, AT_ONCE, reference.activity);
  const rate = meter(environment, reference, say);
  const figures = await compareAll(context, 'deals', [
    {
      name: 'sessions_per_s',
      title: 'Session → offers ranked (5 beacons, 3 offers each)',
      unit: 'sessions/s',
      reference: 'a workflow with one update',
      reach: { atLeast: 0.6 },
      subject: () => rate(DEALS, async () => void (await house.sessions(DEALS))),
      against: () => rate(DEALS, () => many(DEALS, AT_ONCE, reference.update)),
    },
    {
      name: 'deals_per_s',
      title: 'Commit → cleared (rtp)',
      unit: 'deals/s',
      reference: 'a workflow with one remote activity that does nothing',
      reach: { atLeast: 0.8 },
      subject: {
        prepare: async () => {
          const ready = await house.requests(DEALS);
          return () => rate(DEALS, () => house.commit(ready, AT_ONCE));
        },
      },
      against: () => rate(DEALS, () => many(DEALS, AT_ONCE, reference.activity)),
    },
    {
      name: 'deals_over_http_per_s',
      title: 'The same by signed requests to the API',
      unit: 'deals/s',
      reference: 'the same workflow',
      subject: {
        prepare: async () => {
          const ready = await house.sessions(DEALS);
          return () => rate(DEALS, () => house.clear(ready));
        },
      },
      against: () => rate(DEALS, () => many(DEALS, AT_ONCE, reference.activity)),
    },
    {
      name: 'whole_deals_per_s',
      title: 'Whole deals: session, offers, commit, clearing, delivery, payout booked',
      unit: 'deals/s',
      reference: 'the same workflow',
      reach: { atLeast: 0.5 },
      subject: () => rate(DEALS, () => house.whole(DEALS)),
      against: () => rate(DEALS, () => many(DEALS, AT_ONCE, reference.activity)),
    },
  ]);
  return context.wants('deal_latency')
    ? [...figures, ...(await latency(context, house, reference))]
    : figures;
}

/** One at a time: nothing waits for anything but itself. */
async function latency(context: BenchContext, house: House, reference: Reference): Promise<Figure[]> {
  const times: Record<'deal' | 'reference', number[][]> = { deal: [], reference: [] };
  for (let round = 0; round < context.rounds; round++) {
    const ready = await house.requests(ONE_BY_ONE);
    times.deal.push(await timesOf(ready.map((one) => () => house.commit([one], 1))));
    times.reference.push(await timesOf(ready.map(() => reference.activity)));
    context.say(`latency: round ${round + 1} of ${context.rounds}`);
  }
  return ([0.5, 0.99] as const).map((share) => {
    const rounds = times.deal.map(
      (round, at) => quantile(round, share) / quantile(times.reference[at] ?? [], share),
    );
    const value = quantile(times.deal.flat(), share);
    const ratio = value / quantile(times.reference.flat(), share);
    const name = share === 0.5 ? 'p50' : 'p99';
    return {
      name: `deal_latency_${name}`,
      title: `Commit → cleared, one at a time, ${name}`,
      value,
      unit: 'ms',
      reference: 'the same workflow',
      ratio,
      spread: [Math.min(...rounds), Math.max(...rounds)] as const,
      reach: { atMost: 1.5 },
      met: ratio <= 1.5,
    };
  });
}

type House = ReturnType<typeof houseOf>;

function houseOf(environment: TestEnvironment, market: BenchMarket, client: Client) {
  const { db } = environment;
  let turn = 0;

  /** Opens sessions, has them answered, and waits until all are ranked. */
  async function sessions(count: number): Promise<Ready[]> {
    const ids = await many(count, SESSIONS_AT_ONCE, () => market.openSession(turn++));
    await until(RANKED, ids);
    return market.bestOffers(ids);
  }

  /** Commits by the API and waits until all have cleared. */
  async function clear(ready: readonly Ready[]): Promise<string[]> {
    const ids = await many(ready.length, AT_ONCE, async (at) => {
      const { sessionId, offerId, buyer } = ready[at] as Ready;
      const { scout, mandateId } = buyer;
      const terms = {
        offerId,
        rail: 'rtp',
        mandateId,
        buyer: { name: 'Bench buyer', email: 'b@example.com' },
      };
      return (await scout.commit(sessionId, terms)).transaction_id;
    });
    await until(CLEARED, ids);
    return ids;
  }

  return {
    sessions,
    clear,

    /** What the API stores of a commit before it starts the workflow; answers the transactions' ids. */
    async requests(count: number): Promise<string[]> {
      const ready = await sessions(count);
      const ids: string[] = [];
      for (const one of ready) {
        const id = newId('transaction');
        ids.push(id);
        await db('idempotency_keys').insert({
          agent_id: one.buyer.scout.agentId,
          key: id,
          operation: `POST /v1/sessions/${one.sessionId}/commit`,
          body_hash: createHash('sha256').update(id).digest('hex'),
          subject_id: id,
          request: JSON.stringify(commitRequestOf(one)),
          moves_money: true,
        });
      }
      return ids;
    },

    /** Starts the deals' workflows as the API does, and waits until all have cleared. */
    async commit(ids: readonly string[], atOnce: number): Promise<void> {
      await many(ids.length, atOnce, async (at) => {
        const id = ids[at] as string;
        const start = {
          type: 'transaction',
          id,
          input: { transactionId: id },
          searchAttributes: [
            { key: SEARCH_ATTRIBUTES.profile, value: 'retail' },
            { key: SEARCH_ATTRIBUTES.amountUsd, value: 20.49 },
            { key: SEARCH_ATTRIBUTES.agentId, value: 'bench' },
            { key: SEARCH_ATTRIBUTES.principalId, value: 'bench' },
            { key: SEARCH_ATTRIBUTES.rail, value: 'rtp' },
            { key: SEARCH_ATTRIBUTES.marketState, value: 'committed' },
          ],
        };
        const answer = await startAndAsk<CommitAnswer, { transactionId: string }>(
          client,
          start,
          transactionCommit,
          ANSWER_MS,
        );
        if (answer && answer.outcome !== 'committed') throw new Error(`${id}: ${JSON.stringify(answer)}`);
      });
      await until(CLEARED, ids);
    },

    /** Everything from the sentence to the seller's money. */
    async whole(count: number): Promise<void> {
      const dealIds = await clear(await sessions(count));
      await many(dealIds.length, AT_ONCE, async (at) => {
        const id = dealIds[at] as string;
        const [deal] = await rows<{ beaconId: string }>(db, BEACON, [id]);
        await market.sellerOf(deal?.beaconId ?? '').reportDelivery(id);
      });
      await until(PAID_OUT, dealIds);
    },
  };

  /** Asks the books until they have so many of these. */
  async function until(statement: string, ids: readonly string[]): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const [found] = await rows<{ reached: number }>(db, statement, [[...ids]]);
      if (found?.reached === ids.length) return;
      if (Date.now() > deadline) {
        throw new Error(`${statement}: ${found?.reached} of ${ids.length} within ${PATIENCE_MS / 1_000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, ids.length === 1 ? 1 : POLL_MS));
    }
  }
}

const RANKED = `SELECT count(*)::int AS reached FROM sessions WHERE id = ANY(?) AND market_state = 'offers_available'`;
const CLEARED = `SELECT count(*)::int AS reached FROM transactions WHERE id = ANY(?) AND clearing_state = 'cleared'`;
const PAID_OUT = `SELECT count(*)::int AS reached FROM payables b JOIN payouts p ON p.id = b.payout_id
    WHERE b.transaction_id = ANY(?) AND p.status = 'proved'`;
const BEACON = 'SELECT beacon_id AS "beaconId" FROM transactions WHERE id = ?';

/** Runs so many, so many at once. */
async function many<T>(count: number, atOnce: number, work: (at: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const at = next++;
      results[at] = await work(at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  return results;
}

/** Work a second, and on the way where the processor's time went. */
function meter({ platform }: TestEnvironment, reference: Reference, say: BenchContext['say']) {
  const labels = new Map([
    ...[...platform.processes].map(([name, { pid }]) => [pid, name] as const),
    ...[...platform.sandboxes.processes.values()].map(({ pid }) => [pid, 'network'] as const),
    ...reference.pids.map((pid) => [pid, 'reference'] as const),
    [process.pid, 'clients'] as const,
  ]);
  return async (count: number, work: () => Promise<unknown>): Promise<number> => {
    const before = cpuTimes(labels, BENCH_DATA_DIR);
    const started = performance.now();
    await work();
    const seconds = (performance.now() - started) / 1_000;
    say(`  ms of CPU each: ${spent(before, cpuTimes(labels, BENCH_DATA_DIR), count)}`);
    return count / seconds;
  };
}

async function timesOf(works: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times: number[] = [];
  for (const work of works) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times;
}
