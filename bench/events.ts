/**
 * From an event's being written to each kind of subscriber: a session's WebSocket, an agent's feed by long polling, and
 * a webhook. The clock starts where the database stamps the event, inside the transaction that changes the state, so that
 * its commit is in the time. And the lookups that requests make of what is cached or kept close.
 */
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { requestSigningBytes } from '../domain/request-signature';
import { newKeyPair, Scout, type KeyPair } from '../sdk';
import { findSigningAgent } from '../store/agents';
import { rows } from '../store/db';
import { testEnvironment, type TestEnvironment } from '../test/support/environment';
import { anOffer, createMarket, INTENT, type TestSeller } from '../test/support/market';
import { aReceiver, type Receiver } from '../test/support/receiver';
import type { Bench, BenchContext, Figure } from './harness';
import { againstTarget, figuresOf } from './target';

const ROUTING = { targetMs: 5, times: 2 } as const;
const LOOKUP = { targetMs: 10, times: 2 } as const;
const SESSIONS_A_ROUND = 12;
const SELLERS = 3;
/** Between two events, so that each is alone on its way. */
const APART_MS = 60;
const SETTLE_MS = 500;
const LOOKUPS = 500;

type Subscriber = 'websocket' | 'feed' | 'webhook';
const TITLES: Readonly<Record<Subscriber, string>> = {
  websocket: "Event to a session's WebSocket",
  feed: "Event to an agent's feed, long poll",
  webhook: 'Event to a webhook',
};

export const events: Bench = {
  name: 'events',
  title: 'Events to subscribers, and lookups',
  async run(context) {
    const env = await testEnvironment({ AURA_RATE_LIMITS: 'all=1000000000/60', AURA_CHECK_ANSWERS: 'false' });
    const receiver = await aReceiver();
    try {
      const stage = await setStage(env, receiver);
      const figures = await subscribers(context, stage);
      return [...figures, ...(await lookups(context, stage))];
    } finally {
      await receiver.close();
      await env.stop();
    }
  },
};

interface Stage {
  env: TestEnvironment;
  receiver: Receiver;
  scout: Scout;
  key: KeyPair;
  sellers: TestSeller[];
}

async function setStage(env: TestEnvironment, receiver: Receiver): Promise<Stage> {
  const market = createMarket(env);
  const key = newKeyPair();
  const principal = await market.aPrincipal('L1', 'Jane Doe');
  const scout = await Scout.register(env.http, principal, { key });
  const sellers: TestSeller[] = [];
  for (let n = 0; n < SELLERS; n++) sellers.push(await market.aSeller());
  await sellers[0]?.beacon.setEndpoints({ webhook_url: receiver.url });
  await scout.setEndpoints({ callback_url: receiver.url });
  return { env, receiver, scout, key, sellers };
}

/** When an event reached a subscriber, milliseconds since the epoch. */
type Receipts = Map<string, number>;
const nowMs = () => performance.timeOrigin + performance.now();

async function subscribers({ rounds, say }: BenchContext, stage: Stage): Promise<Figure[]> {
  const times: Record<Subscriber, number[][]> = { websocket: [], feed: [], webhook: [] };
  for (let round = 0; round <= rounds; round++) {
    const measured = await measureRound(stage);
    // The first one warms up.
    if (round > 0) for (const name of Object.keys(times) as Subscriber[]) times[name].push(measured[name]);
    say(`events: round ${round} of ${rounds}`);
  }
  return (Object.keys(times) as Subscriber[]).flatMap((name) =>
    figuresOf(times[name], { name: `event_${name}`, title: TITLES[name], ...ROUTING }),
  );
}

async function measureRound(stage: Stage): Promise<Record<Subscriber, number[]>> {
  const leaving = new AbortController();
  const feed: Receipts = new Map();
  const since = nowMs() + SETTLE_MS;
  const reading = readFeed(stage.scout, feed, leaving.signal);
  stage.receiver.received.length = 0;
  const webhook = listenTo(stage.receiver);
  await setTimeout(SETTLE_MS);
  const websocket: Receipts = new Map();
  for (let n = 0; n < SESSIONS_A_ROUND; n++) await oneSession(stage, websocket);
  await setTimeout(SETTLE_MS);
  leaving.abort();
  await reading;
  return {
    websocket: await latencies(stage.env, websocket, since),
    feed: await latencies(stage.env, feed, since),
    webhook: await latencies(stage.env, webhook, since),
  };
}

async function oneSession({ scout, key, env, sellers }: Stage, receipts: Receipts): Promise<void> {
  const { session_id: id } = await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 60 });
  // A session may be answered before it is open.
  while ((await scout.session(id)).status !== 'collecting_offers') await setTimeout(APART_MS);
  const socket = await follow(env, { id, scout, key }, receipts);
  for (const { beacon } of sellers) {
    await setTimeout(APART_MS);
    await beacon.submitOffers(id, [anOffer()]);
  }
  await setTimeout(APART_MS);
  await scout.cancelSession(id);
  await setTimeout(APART_MS);
  socket.terminate();
}

async function follow(
  env: TestEnvironment,
  { id, scout, key }: { id: string; scout: Scout; key: KeyPair },
  receipts: Receipts,
): Promise<WebSocket> {
  const target = `/ws/sessions/${id}`;
  const timestamp = new Date().toISOString();
  const socket = new WebSocket(env.platform.apiUrl.replace('http', 'ws') + target, {
    headers: {
      'x-agent-id': scout.agentId,
      'x-timestamp': timestamp,
      'x-signature': key.sign(requestSigningBytes({ method: 'GET', target, timestamp, body: '' })),
    },
  });
  let live = false;
  socket.on('message', (data: Buffer) => {
    const at = nowMs();
    const { event_id: event } = JSON.parse(data.toString()) as { event_id: string };
    if (live) receipts.set(event, at);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  // What happened before is told first.
  await setTimeout(APART_MS);
  live = true;
  return socket;
}

async function readFeed(scout: Scout, receipts: Receipts, signal: AbortSignal): Promise<void> {
  try {
    for await (const { event_id: event } of scout.events({ signal, waitSeconds: 20 }))
      receipts.set(event, nowMs());
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function listenTo(receiver: Receiver): Receipts {
  const receipts: Receipts = new Map();
  receiver.answers(({ json }, response) => {
    receipts.set(json.event_id, nowMs());
    response.writeHead(200).end();
  });
  return receipts;
}

/** Of events that were written after `since`: what was there before is told late to whoever comes late. */
async function latencies({ db }: TestEnvironment, receipts: Receipts, since: number): Promise<number[]> {
  const written = await rows<{ id: string; ms: string }>(
    db,
    `SELECT id, extract(epoch FROM at) * 1000 AS ms FROM outbox WHERE id = ANY(?)`,
    [[...receipts.keys()]],
  );
  const times = written
    .filter(({ ms }) => Number(ms) >= since)
    .map(({ id, ms }) => (receipts.get(id) ?? NaN) - Number(ms));
  if (times.length === 0) throw new Error('nobody was told anything');
  return times;
}

async function lookups(context: BenchContext, { env, scout }: Stage): Promise<Figure[]> {
  return againstTarget(context, {
    name: 'lookup_agent',
    title: 'Lookup of an agent with its key',
    ...LOOKUP,
    calls: LOOKUPS,
    async call() {
      if (!(await findSigningAgent(env.db, scout.agentId))) throw new Error('the agent is gone');
    },
  });
}
