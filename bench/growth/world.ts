/** A database with so many stored deals, and everything that is needed to make more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { audit } from '../../store/audit';
import { rows, type Db } from '../../store/db';
import { freshDatabase, TEST_KEY_LINE } from '../../test/support/database';
import {
  aBeacon,
  aMandate,
  anAccount,
  aScout,
  fund,
  usd,
  type TestAgent,
} from '../../test/support/factories';
import { copyDeals } from './copies';
import { handOver, type Buyer, type Hand } from './hand';
import { signProofs } from './resign';
import { makeTemplate } from './template';

/** Up to here proofs are signed anew and the laws of the audit are tried; signing a million takes minutes. */
const AUDITED_MAX = 1_000;
/** Each side, at a thousand deals; parties and deals of each grow alike. */
const PARTIES = 20;
const PARTIES_AT = 1_000;

export interface World {
  deals: number;
  hand: Hand;
  buyers: Buyer[];
  sellers: TestAgent[];
  /** A scout that takes no part in deals. */
  bystander: TestAgent;
  /** Of stored deals, each with its scout. */
  sessions: { id: string; scout: TestAgent }[];
  apiUrl: string;
  bytes: number;
  /** How long the deals took to store. */
  storedInMs: number;
  drop(): Promise<void>;
}

export async function aWorldOf(deals: number, say: (line: string) => void): Promise<World> {
  const database = await freshDatabase();
  const { db, url } = database;
  try {
    const started = performance.now();
    const hand = await handOver(db);
    const [first, ...others] = await parties(db, Math.ceil(PARTIES * Math.sqrt(deals / PARTIES_AT)));
    if (!first) throw new Error('no parties');
    // The template is made while its seller is the only one that can be asked.
    const at = await makeTemplate(hand, first);
    const all = [first, ...others];
    await db('agents')
      .where({ role: 'beacon' })
      .update({ categories: ['electronics'] });
    const accounts = new Map(
      (
        await rows<{ id: string; principal: string }>(
          db,
          'SELECT id, principal_id AS principal FROM payment_accounts',
        )
      ).map(({ id, principal }) => [principal, id]),
    );
    await copyDeals(db, {
      // The template is the first of them.
      count: deals - 1,
      at,
      buyers: all.map(({ buyer: { scout, mandateId } }) => ({
        buyerPrincipal: scout.principal.id,
        scout: scout.id,
        mandate: mandateId,
        mandateAccount: accounts.get(scout.principal.id) ?? '',
      })),
      sellers: all.map(({ beacon }) => ({
        sellerPrincipal: beacon.principal.id,
        beacon: beacon.id,
        beaconKey: beacon.keyId,
        sellerAccount: accounts.get(beacon.principal.id) ?? '',
      })),
      say,
    });
    if (deals <= AUDITED_MAX) await holdsTheLaws(hand, say);
    const storedInMs = performance.now() - started;
    const server = await startServer(url);
    const [size] = await rows<{ bytes: string }>(db, 'SELECT pg_database_size(current_database()) AS bytes');
    return {
      deals,
      hand,
      buyers: all.map(({ buyer }) => buyer),
      sellers: all.map(({ beacon }) => beacon),
      bystander: await aScout(db, { trust: 'L2' }),
      sessions: await someSessions(db, all),
      apiUrl: server.url,
      bytes: Number(size?.bytes),
      storedInMs,
      async drop() {
        await server.stop();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function holdsTheLaws(hand: Hand, say: (line: string) => void): Promise<void> {
  await signProofs(hand.db, hand.railSigner);
  const { laws } = await audit(hand.db);
  const broken = laws.filter(({ violations }) => violations > 0);
  if (broken.length > 0) throw new Error(`stored deals break laws: ${JSON.stringify(broken)}`);
  say(`all ${laws.length} laws of the audit hold on them`);
}

interface Pair {
  buyer: Buyer;
  beacon: TestAgent;
}

async function parties(db: Db, count: number): Promise<Pair[]> {
  const made: Pair[] = [];
  for (let n = 0; n < count; n++) {
    const beacon = await aBeacon(db, { trust: 'L3', categories: n === 0 ? ['electronics'] : [] });
    const scout = await aScout(db, { trust: 'L3' });
    for (const { principal } of [beacon, scout]) await fund(db, principal, usd('50000000.00'));
    await anAccount(db, { principal: beacon.principal });
    const mandateId = await aMandate(db, { principal: scout.principal, ceiling: usd('1000000000.00') });
    made.push({ buyer: { scout, mandateId }, beacon });
  }
  return made;
}

const SESSIONS_KEPT = 5_000;

async function someSessions(db: Db, all: readonly Pair[]): Promise<World['sessions']> {
  const scouts = new Map(all.map(({ buyer: { scout } }) => [scout.id, scout]));
  const found = await rows<{ id: string; scout: string }>(
    db,
    `SELECT id, scout_id AS scout FROM sessions ORDER BY md5(id) LIMIT ${SESSIONS_KEPT}`,
  );
  return found.flatMap(({ id, scout }) => {
    const agent = scouts.get(scout);
    return agent ? [{ id, scout: agent }] : [];
  });
}

const STARTS_WITHIN_MS = 60_000;

async function startServer(databaseUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, DATABASE_URL: databaseUrl, AURA_DATA_KEYS: TEST_KEY_LINE },
  });
  const exited = once(child, 'exit');
  const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const late = setTimeout(STARTS_WITHIN_MS, undefined, { ref: false });
  const first = await Promise.race([line, exited.then(() => undefined), late]);
  if (!first) throw new Error('the API did not start');
  return {
    url: first[0],
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
