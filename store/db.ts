/** The connection to Postgres, the book of record, and the one way to run a transaction on it. */
import knex, { type Knex } from 'knex';
import pg from 'pg';
import { toSql } from 'pgvector';
import { migrationSource } from '../migrations';

export type Db = Knex;
export type Trx = Knex.Transaction;
/** What a query may run on. */
export type Queryable = Knex | Knex.Transaction;

export interface DbOptions {
  url: string;
  poolMax?: number;
  applicationName: string;
}

const POOL_MAX = 16;
const DATE_OID = 1082;

export function createDb({ url, poolMax = POOL_MAX, applicationName }: DbOptions): Db {
  // A business date is a calendar day: as a Date it would move with the time zone.
  pg.types.setTypeParser(DATE_OID, (value) => value);
  return knex({
    client: 'pg',
    connection: { connectionString: url, application_name: applicationName },
    pool: { min: 0, max: poolMax },
    migrations: { migrationSource },
  });
}

const RETRIES = 5;
/** Serialization failure, deadlock: the transaction left nothing behind and may be tried again. */
const RETRYABLE = new Set(['40001', '40P01']);

export async function inTransaction<T>(db: Db, work: (trx: Trx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction(work);
    } catch (error) {
      if (attempt === RETRIES || !RETRYABLE.has(sqlState(error) ?? '')) throw error;
    }
  }
}

export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The name of the constraint that refused, if one did. */
export function violatedConstraint(error: unknown): string | undefined {
  return error instanceof Error && 'constraint' in error && typeof error.constraint === 'string'
    ? error.constraint
    : undefined;
}

/** Rows of a raw query. */
export async function rows<T>(
  db: Queryable,
  sql: string,
  bindings: Knex.RawBinding[] | Knex.ValueDict = [],
): Promise<T[]> {
  const result: { rows: T[] } = await db.raw(sql, bindings);
  return result.rows;
}

/** A read that agents make all the time. Placeholders are `$1`, `$2`. */
export interface Statement {
  /** Unique among all statements. */
  name: string;
  text: string;
}

interface Connection extends pg.ClientBase {
  /** Knex numbers the connections of its pool. */
  __knexUid: string;
}

/**
 * Rows of a statement that each connection prepares once, without the query builder on the way: it costs this process
 * a third of what `rows` does.
 */
export async function preparedRows<T>(
  db: Db,
  { name, text }: Statement,
  values: readonly unknown[],
): Promise<T[]> {
  const client = db.client as Knex.Client;
  const connection = (await client.acquireConnection()) as Connection;
  try {
    // Clients of PGlite share one session, so a name must be of this connection alone.
    const ofConnection = `${name}_${process.pid}_${connection.__knexUid}`;
    const { rows: found } = await connection.query({ name: ofConnection, text, values: [...values] });
    return found as T[];
  } finally {
    await client.releaseConnection(connection);
  }
}

export async function migrate(db: Db): Promise<string[]> {
  const [, names] = (await db.migrate.latest()) as [number, string[]];
  return names;
}

/** pgvector's text form. */
export function toVector(values: readonly number[]): string {
  return toSql([...values]) as string;
}
