/** What is measured at every number of stored deals. Each answers how many a second one caller after the other got. */
import { reconciliationActivities } from '../../activities/reconciliation';
import { newId } from '../../domain/ids';
import { payoutSent } from '../../domain/ledger/postings';
import { requestSigningBytes } from '../../domain/request-signature';
import { inTransaction } from '../../store/db';
import { postEntries } from '../../store/ledger';
import { openRun, type Run } from '../../store/reconciliation';
import type { TestAgent } from '../../test/support/factories';
import { aMovement, lineFor, storeLines, storeMovements } from '../../test/support/statement-world';
import { commit, complete, openSession, rankedOffer, RAIL, settle } from './hand';
import type { World } from './world';

const DEALS = 15;
const OFFERS = 5;
const TRANSFERS = 150;
const REQUESTS = 300;
const AT_ONCE = 8;
const MOVEMENTS = 500;
const DAY_MS = 86_400_000;

export const OPERATIONS = {
  sessions: 'Sessions opened and ranked, 5 offers',
  commits: 'Commits: gate to signed instruction',
  settlements: 'Proofs judged, settled and cleared',
  completions: 'Deliveries, releases and payouts',
  transfers: 'Ledger transfers',
  reads: 'Signed reads of stored sessions',
  writes: 'Signed writes of policies',
  pages: 'Pages of the event feed, 50 events',
  payout_pages: 'Pages of payouts, 50 of them',
  reconciled_lines: "Statement lines of a day's reconciliation",
} as const;
export type Operation = keyof typeof OPERATIONS;

/** One round of all, a second's worth or so of each. */
export async function measureRound(world: World, round: number): Promise<Record<Operation, number>> {
  const deals = await dealsBySteps(world, round);
  return {
    ...deals,
    transfers: await rate(TRANSFERS, (n) => transfer(world, n)),
    reads: await requests(world, (n) => {
      const { id, scout } = turn(world.sessions, n + round * REQUESTS);
      return { agent: scout, method: 'GET', target: `/v1/sessions/${id}` };
    }),
    writes: await requests(world, (n) => ({
      agent: world.bystander,
      method: 'PUT',
      target: `/v1/agents/scouts/${world.bystander.id}/policies`,
      body: JSON.stringify({ policies: { max_price_usd: `${100 + n}.00` } }),
    })),
    pages: await requests(world, (n) => ({
      agent: turn(world.sellers, n),
      method: 'GET',
      target: '/v1/events?limit=50',
    })),
    payout_pages: await requests(world, (n) => ({
      agent: turn(world.sellers, n),
      method: 'GET',
      target: '/v1/accounts/payouts?limit=50',
    })),
    reconciled_lines: await reconcileADay(world),
  };
}

const turn = <T>(all: readonly T[], n: number): T => all[n % all.length] as T;
const perSecond = (count: number, ms: number) => (count * 1_000) / ms;

async function rate(count: number, work: (n: number) => Promise<unknown>): Promise<number> {
  const started = performance.now();
  for (let n = 0; n < count; n++) await work(n);
  return perSecond(count, performance.now() - started);
}

/** The same deals through all their steps, each step timed by itself. */
async function dealsBySteps(world: World, round: number) {
  const { hand, buyers, sellers } = world;
  const spentMs = { sessions: 0, commits: 0, settlements: 0, completions: 0 };
  const timed = async <T>(step: keyof typeof spentMs, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    spentMs[step] += performance.now() - started;
    return result;
  };
  for (let n = 0; n < DEALS; n++) {
    const at = round * DEALS + n;
    const buyer = turn(buyers, at);
    const some = Array.from({ length: OFFERS }, (_, offer) => turn(sellers, at * OFFERS + offer));
    const [seller] = some as [TestAgent];
    const { sessionId, offerId } = await timed('sessions', async () => {
      const id = await openSession(hand, buyer);
      return { sessionId: id, offerId: await rankedOffer(hand, id, some) };
    });
    const deal = await timed('commits', () => commit(hand, buyer, sessionId, offerId));
    await timed('settlements', () => settle(hand, deal));
    await timed('completions', () => complete(hand, deal.transactionId, seller));
  }
  return {
    sessions: perSecond(DEALS, spentMs.sessions),
    commits: perSecond(DEALS, spentMs.commits),
    settlements: perSecond(DEALS, spentMs.settlements),
    completions: perSecond(DEALS, spentMs.completions),
  };
}

/** One entry of two postings. */
async function transfer({ hand, sellers }: World, n: number): Promise<void> {
  const { principal } = turn(sellers, n);
  const entry = payoutSent({
    payoutId: newId('payout'),
    principalId: principal.id,
    asset: 'USD',
    amountMinor: 1n,
  });
  await inTransaction(hand.db, (trx) => postEntries(trx, [entry]));
}

interface Request {
  agent: TestAgent;
  method: string;
  target: string;
  body?: string;
}

let lastMs = 0;

/** Signed beforehand; eight at a time. */
async function requests({ apiUrl }: World, request: (n: number) => Request): Promise<number> {
  const signed = Array.from({ length: REQUESTS }, (_, n) => {
    const { agent, method, target, body = '' } = request(n);
    // Each at a millisecond of its own: the same request twice would be a replay.
    lastMs = Math.max(lastMs + 1, Date.now() - REQUESTS);
    const timestamp = new Date(lastMs).toISOString();
    const headers = {
      'content-type': 'application/json',
      'x-agent-id': agent.id,
      'x-timestamp': timestamp,
      'x-signature': agent.signer.sign(requestSigningBytes({ method, target, timestamp, body })),
    };
    return { target, init: { method, headers, body: body || undefined } };
  });
  const started = performance.now();
  const worker = async () => {
    for (let next = signed.pop(); next; next = signed.pop()) {
      const answer = await fetch(apiUrl + next.target, next.init);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${next.target}: ${answer.status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return perSecond(REQUESTS, performance.now() - started);
}

/** A day's new lines, next to the day's that were matched before. */
async function reconcileADay({ hand: { db } }: World): Promise<number> {
  const startMs = Date.now() - DAY_MS / 2;
  const run: Run = {
    id: newId('reconciliation'),
    rail: RAIL,
    from: new Date(startMs - DAY_MS / 2).toISOString(),
    to: new Date(Date.now() + 1_000).toISOString(),
    asset: 'USD',
  };
  await openRun(db, run);
  const movements = Array.from({ length: MOVEMENTS }, (_, n) =>
    aMovement({ at: new Date(startMs + n * 1_000).toISOString(), kind: n % 5 === 0 ? 'payout' : 'deposit' }),
  );
  await storeMovements(db, RAIL, movements);
  const lines = movements.map((one) => lineFor(RAIL, one));
  const activities = reconciliationActivities({ db });
  const started = performance.now();
  await storeLines(db, lines, run.id);
  let matched = 0;
  for (let after: string | null = '0'; after !== null;) {
    const chunk: Awaited<ReturnType<typeof activities.matchStatement>> = await activities.matchStatement({
      run,
      after,
    });
    matched += chunk.matched;
    after = chunk.next;
  }
  await activities.closeRun({ run, matched });
  if (matched !== MOVEMENTS) throw new Error(`${matched} of ${MOVEMENTS} lines were matched`);
  return perSecond(MOVEMENTS, performance.now() - started);
}
