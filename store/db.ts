/** The connection to Postgres, the book of record, and the one way to run a transaction on it. */
import type { Knex } from 'knex';
import pg from 'pg';
import { toSql } from 'pgvector';
import type { KeySource } from '../domain/sealing';
import { migrationSource } from '../migrations';
import { connect, send, STALE_PLAN, type Connection } from './postgres-client';
import { Keychain } from './vault/data-keys';

export type Db = Knex;
export type Trx = Knex.Transaction;
/** What a query may run on. */
export type Queryable = Knex | Knex.Transaction;

export interface DbOptions {
  url: string;
  poolMax?: number;
  applicationName: string;
  /** What personal data is sealed under. Without it none can be read or written. */
  keys?: KeySource;
  /** Says nothing of connections that fail; whoever asks hears of it anyway. */
  quiet?: boolean;
  /**
   * Milliseconds. A connection that has answered a statement with nothing for so long is given up: the network may have
   * swallowed its end. Without it a statement may take for ever, as migrations and audits may.
   */
  patienceMs?: number;
}

/** Of servers: more than any statement of theirs takes, so that only a silent network is met with it. */
export const SERVER_PATIENCE_MS = 120_000;
const CONNECT_MS = 10_000;

const POOL_MAX = 16;
const DATE_OID = 1082;

export function createDb(options: DbOptions): Db {
  const { url, poolMax = POOL_MAX, applicationName, keys, quiet, patienceMs } = options;
  // A business date is a calendar day: as a Date it would move with the time zone.
  pg.types.setTypeParser(DATE_OID, (value) => value);
  const log = { warn: () => undefined, error: () => undefined };
  const db = connect(
    { pool: { min: 0, max: poolMax }, migrations: { migrationSource }, ...(quiet && { log }) },
    {
      connectionString: url,
      application_name: applicationName,
      query_timeout: patienceMs,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    },
  );
  // Transactions have it too.
  db.userParams = { keychain: keys && new Keychain(keys) };
  return db;
}

const RETRIES = 5;
/** Serialization failure, deadlock, a plan of before a migration: nothing was left behind, and it may be tried again. */
const RETRYABLE = new Set(['40001', '40P01', STALE_PLAN]);

/** Emitted by the connection when a transaction that wrote events has committed. */
export const EVENTS_WRITTEN = 'aura:events-written';
const writers = new WeakSet<Trx>();

/** Says that a transaction has something for those who wait for events. */
export function writesEvents(trx: Trx): void {
  writers.add(trx);
}

export async function inTransaction<T>(db: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const [result, wrote] = await db.transaction(
        async (trx) => [await work(trx), writers.has(trx)] as const,
      );
      if (wrote) db.emit(EVENTS_WRITTEN);
      return result;
    } catch (error) {
      if (attempt === RETRIES || !RETRYABLE.has(sqlState(error) ?? '')) throw error;
    }
  }
}

export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Classes and codes of Postgres, and errors of the socket, by which a query had nobody to answer it. */
const UNREACHABLE = /^(08...|57P0[1-3]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/;
/** What the driver and its pool say without a code. */
const UNREACHABLE_TEXT =
  /Connection terminated|connection error and is not queryable|Timeout acquiring a connection|Query read timeout|timeout expired/;

/** Whether Postgres could not be reached, or went away: what was asked may work a moment later. */
export function isUnreachable(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return UNREACHABLE.test(String(code)) || UNREACHABLE_TEXT.test(String(message));
}

/** The name of the constraint that refused, if one did. */
export function violatedConstraint(error: unknown): string | undefined {
  return error instanceof Error && 'constraint' in error && typeof error.constraint === 'string'
    ? error.constraint
    : undefined;
}

export const isTransaction = (db: Queryable): db is Trx => 'isCompleted' in db;

/** Values for a statement's `?`, or for its `:name`. */
export type Bindings = readonly unknown[] | Readonly<Record<string, unknown>>;

/**
 * Rows of a statement. Those that need nothing from each other are sent without waiting in between: `Promise.all` of
 * them in one transaction is one round trip, and Postgres runs them in the order in which they were called.
 */
export async function rows<T>(db: Queryable, sql: string, bindings: Bindings = []): Promise<T[]> {
  const statement = statementOf(sql, bindings);
  const values = isList(bindings) ? bindings : statement.names.map((name) => bindings[name]);
  if (values.includes(undefined)) throw new Error(`a value is missing for: ${sql}`);
  if (isTransaction(db) && db.isCompleted()) throw new Error('the transaction is over');
  const client = db.client as Knex.Client;
  const connection = (await client.acquireConnection()) as Connection;
  try {
    return (await send(connection, { text: statement.text, values })).rows as T[];
  } finally {
    await client.releaseConnection(connection);
  }
}

/** Inserts rows that all have the same columns. */
export async function insert(
  db: Queryable,
  table: string,
  given: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const [first] = given;
  if (!first) return;
  const columns = Object.keys(first);
  const places = `(${columns.map(() => '?').join(', ')})`;
  await rows(
    db,
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${given.map(() => places).join(', ')}`,
    given.flatMap((row) => columns.map((column) => row[column])),
  );
}

/** Sets columns of the rows whose other columns have these values. Answers how many there were. */
export async function update(
  db: Queryable,
  table: string,
  where: Readonly<Record<string, unknown>>,
  set: Readonly<Record<string, unknown>>,
): Promise<number> {
  const equal = (columns: object, separator: string) =>
    Object.keys(columns)
      .map((column) => `${column} = ?`)
      .join(separator);
  const changed = await rows(
    db,
    `UPDATE ${table} SET ${equal(set, ', ')} WHERE ${equal(where, ' AND ')} RETURNING 1`,
    [...Object.values(set), ...Object.values(where)],
  );
  return changed.length;
}

const isList = (bindings: Bindings): bindings is readonly unknown[] => Array.isArray(bindings);

interface Statement {
  text: string;
  /** Of its values in their order, where they have names. */
  names: readonly string[];
}

const statements = new Map<string, Statement>();
const STATEMENTS_MAX = 2_000;

/** With Postgres' own placeholders. A `:name` that no value has is a cast. */
function statementOf(sql: string, bindings: Bindings): Statement {
  const known = statements.get(sql);
  if (known) return known;
  const names: string[] = [];
  let count = 0;
  const text = isList(bindings)
    ? sql.replace(/\\?\?/g, (mark) => (mark === '?' ? `$${++count}` : '?'))
    : sql.replace(/(?<!:):([a-z]\w*)/gi, (mark, name: string) =>
        name in bindings ? `$${names.push(name)}` : mark,
      );
  const made = { text, names };
  if (statements.size < STATEMENTS_MAX) statements.set(sql, made);
  return made;
}

export async function migrate(db: Db): Promise<string[]> {
  const [, names] = (await db.migrate.latest()) as [number, string[]];
  return names;
}

/** pgvector's text form. */
export function toVector(values: readonly number[]): string {
  return toSql([...values]) as string;
}
