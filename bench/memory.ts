/**
 * Resident memory of the API and of the clearing worker, with as many agents, open sessions and open deals as a busy
 * market has at a time. The deals are copies of one, each with its own workflow that the worker has brought to where it
 * waits for a delivery; the agents have each signed a request.
 */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { dataConverter } from '../bin/data-converter';
import { startOnce, tell } from '../api/workflows';
import { newId } from '../domain/ids';
import { createSigner, generateKeyPair, type Signer } from '../domain/keys';
import { requestSigningBytes } from '../domain/request-signature';
import { rows, type Db } from '../store/db';
import { aBeacon, aMandate, anAccount, aScout, fund, usd, type TestAgent } from '../test/support/factories';
import { testEnvironment, type TestEnvironment } from '../test/support/environment';
import { offersComplete } from '../workflows/messages';
import { copyDeals } from './growth/copies';
import { handOver, offer, openSession, type Buyer, type Hand } from './growth/hand';
import { makeTemplate } from './growth/template';
import { absolute, type Bench, type BenchContext, type Figure } from './harness';

const AGENTS = 10_000;
const SESSIONS = 1_000;
const DEALS = 10_000;
const AT_ONCE = 16;
const REACH = { atMost: 512 };
const BATCH = 1_000;
const SAMPLES = 5;
const SAMPLE_EVERY_MS = 1_000;

export const memory: Bench = {
  name: 'memory',
  title: 'Memory of the processes',
  async run(context) {
    const env = await testEnvironment({ AURA_RATE_LIMITS: 'all=1000000000/60', AURA_CHECK_ANSWERS: 'false' });
    const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS });
    try {
      const client = new Client({
        connection,
        namespace: env.namespace,
        dataConverter: dataConverter(env.platform.payloadKeys),
      });
      await fill(context, env, client);
      return await measure(env);
    } finally {
      await connection.close();
      await env.stop();
    }
  },
};

async function fill({ say, sizes }: BenchContext, env: TestEnvironment, client: Client): Promise<void> {
  const { db } = env;
  const hand = await handOver(db);
  const { buyer, beacon } = await parties(db);
  const at = await makeTemplate(hand, { buyer, beacon }, { open: true });
  const [deals = DEALS] = sizes ?? [];
  await copy(db, { buyer, beacon, at, count: deals, say });
  const open = await rows<{ id: string }>(db, 'SELECT id FROM transactions WHERE clearing_state IS NOT NULL');
  await each(say, 'deals opened', open, ({ id }) =>
    startOnce(client, { type: 'transaction', id, input: { transactionId: id } }),
  );
  await each(say, 'sessions opened', Array(SESSIONS).fill(0), () =>
    aSession(hand, client, { buyer, beacon }),
  );
  const agents = await storeAgents(db);
  await each(say, 'agents asked', agents, (agent) => ask(env.platform.apiUrl, agent));
  await untilSeen(client, open.length, say);
}

interface Parties {
  buyer: Buyer;
  beacon: TestAgent;
}

async function parties(db: Db): Promise<Parties> {
  await db('agents').update({ categories: [] });
  const beacon = await aBeacon(db, { trust: 'L3', categories: ['electronics'] });
  const scout = await aScout(db, { trust: 'L3' });
  for (const { principal } of [beacon, scout]) await fund(db, principal, usd('50000000.00'));
  await anAccount(db, { principal: beacon.principal });
  const mandateId = await aMandate(db, { principal: scout.principal, ceiling: usd('1000000000.00') });
  return { buyer: { scout, mandateId }, beacon };
}

async function copy(
  db: Db,
  { buyer, beacon, ...options }: Parties & { at: Date; count: number; say: (line: string) => void },
): Promise<void> {
  const accounts = await rows<{ id: string; principal: string }>(
    db,
    'SELECT id, principal_id AS principal FROM payment_accounts',
  );
  const accountOf = ({ principal }: TestAgent) =>
    accounts.find((account) => account.principal === principal.id)?.id ?? '';
  await copyDeals(db, {
    ...options,
    buyers: [
      {
        buyerPrincipal: buyer.scout.principal.id,
        scout: buyer.scout.id,
        mandate: buyer.mandateId,
        mandateAccount: accountOf(buyer.scout),
      },
    ],
    sellers: [
      {
        sellerPrincipal: beacon.principal.id,
        beacon: beacon.id,
        beaconKey: beacon.keyId,
        sellerAccount: accountOf(beacon),
      },
    ],
  });
}

/** Ranked by its workflow, which then waits for a commit. */
async function aSession(hand: Hand, client: Client, { buyer, beacon }: Parties): Promise<void> {
  const sessionId = await openSession(hand, buyer);
  await offer(hand, sessionId, [beacon]);
  await startOnce(client, { type: 'session', id: sessionId, input: { sessionId } });
  await tell(client, sessionId, offersComplete);
}

interface Agent {
  id: string;
  signer: Signer;
}

async function storeAgents(db: Db): Promise<Agent[]> {
  const agents: Agent[] = [];
  while (agents.length < AGENTS) {
    const batch = Array.from({ length: BATCH }, () => {
      const { privateKeyPem, publicKey } = generateKeyPair();
      const [principal, id, key] = [newId('principal'), newId('scout'), newId('key')];
      return { principal, id, key, publicKey, signer: createSigner(privateKeyPem, key) };
    });
    await db('principals').insert(
      batch.map(({ principal, publicKey }) => ({
        id: principal,
        name: 'Somebody',
        public_key: publicKey,
        trust_level: 'L1',
        trust_profile: '{}',
      })),
    );
    await db('agents').insert(
      batch.map(({ id, principal }) => ({
        id,
        principal_id: principal,
        role: 'scout',
        name: 'scout',
        api_version: '2026-04-01',
      })),
    );
    await db('agent_keys').insert(
      batch.map(({ key, id, publicKey }) => ({ id: key, agent_id: id, public_key: publicKey })),
    );
    agents.push(...batch);
  }
  return agents;
}

async function ask(apiUrl: string, { id, signer }: Agent): Promise<void> {
  const target = `/v1/agents/scouts/${id}/policies`;
  const timestamp = new Date().toISOString();
  const bytes = requestSigningBytes({ method: 'GET', target, timestamp, body: '' });
  const headers = { 'x-agent-id': id, 'x-timestamp': timestamp, 'x-signature': signer.sign(bytes) };
  const answer = await fetch(apiUrl + target, { headers });
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 404) throw new Error(`${answer.status} ${text}`);
}

/** Until every deal's workflow has done its part and waits. */
async function untilSeen(client: Client, deals: number, say: (line: string) => void): Promise<void> {
  const query = `WorkflowType = 'transaction' AND ExecutionStatus = 'Running'`;
  for (let steady = 0, last = -1; steady < SAMPLES;) {
    const { count } = await client.workflow.count(query);
    steady = count === last && count >= deals ? steady + 1 : 0;
    last = count;
    say(`memory: ${count} of ${deals} deals are open`);
    await setTimeout(SAMPLE_EVERY_MS);
  }
}

async function measure({ platform }: TestEnvironment): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of ['api', 'worker', 'rail-rtp']) {
    const pid = platform.processes.get(name)?.pid ?? 0;
    const samples: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample++) {
      samples.push(memoryOf(pid, 'VmRSS'));
      await setTimeout(SAMPLE_EVERY_MS);
    }
    figures.push(
      absolute(samples, {
        name: `memory_${name}`,
        title: `Resident memory, ${name}`,
        unit: 'MB',
        reach: REACH,
      }),
      absolute([memoryOf(pid, 'VmHWM')], {
        name: `memory_${name}_peak`,
        title: `Most that was resident, ${name}`,
        unit: 'MB',
        reach: REACH,
      }),
    );
  }
  return figures;
}

function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? NaN) / 1_024;
}

async function each<T>(
  say: (line: string) => void,
  what: string,
  all: readonly T[],
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < all.length) {
      const at = next++;
      await work(all[at] as T);
      if (++done % BATCH === 0) say(`memory: ${done} ${what}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
