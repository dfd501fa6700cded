/** A database of its own for each test file, so that files neither see nor wait for each other. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { newKeyLine, parseKeyRing, type KeySource } from '../../domain/sealing';
import { createDb, migrate, rows, type Db } from '../../store/db';

/** What personal data is sealed under in databases of tests. */
export const TEST_KEY_LINE = newKeyLine('test');
const testRing = parseKeyRing(TEST_KEY_LINE);
export const TEST_KEYS: KeySource = { read: () => testRing };

export interface TestDatabase {
  readonly db: Db;
  readonly url: string;
  drop(): Promise<void>;
}

export interface FreshDatabaseOptions {
  /** Default true. */
  migrated?: boolean;
  poolMax?: number;
}

/** Creates a database next to the one `DATABASE_URL` names. The caller drops it. */
export async function freshDatabase(options: FreshDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `aura_test_${randomBytes(8).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  const address = new URL(serverUrl());
  address.pathname = `/${name}`;
  const url = address.toString();
  const db = createDb({ url, applicationName: 'aura-test', poolMax: options.poolMax, keys: TEST_KEYS });
  const drop = async () => {
    await db.destroy();
    await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  try {
    if (options.migrated ?? true) await migrate(db);
  } catch (error) {
    await drop();
    throw error;
  }
  return { db, url, drop };
}

/**
 * A block of tests with a fresh database, made before and dropped after them. PGlite has only the one database it was
 * started with, and one transaction at a time: there the block is skipped, and says so.
 */
export function describeWithDatabase(
  name: string,
  tests: (database: () => TestDatabase) => void,
  options: FreshDatabaseOptions = {},
): void {
  if (process.env.AURA_POSTGRES_KIND === 'pglite') {
    process.stderr.write(`SKIPPED on PGlite, for want of a Postgres server: ${name}\n`);
    describe.skip(name, () => tests(missing));
    return;
  }
  describe(name, () => {
    let database: TestDatabase | undefined;
    beforeAll(async () => {
      database = await freshDatabase(options);
    });
    afterAll(async () => database?.drop());
    tests(() => database ?? missing());
  });
}

/** Resolves once a connection to this database waits for a lock. */
export async function untilSomeoneWaits(db: Db): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const waiting = await rows(
      db,
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (waiting.length > 0) return;
    await setTimeout(10);
  }
  throw new Error('nobody waits for a lock');
}

function missing(): never {
  throw new Error('the test database is there only while tests run');
}

function serverUrl(): string {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('DATABASE_URL names no Postgres server; `npm test` brings one up');
  return url;
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
