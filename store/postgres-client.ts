/**
 * The way statements go to Postgres. Each text is prepared once a connection, statements that do not wait for each
 * other share a write, and a transaction's BEGIN travels with its first statement: what costs most is round trips.
 */
import type pg from 'pg';
import { knex, type Knex } from 'knex';
import PostgresClient from 'knex/lib/dialects/postgres/index.js';
import PostgresTransaction from 'knex/lib/dialects/postgres/execution/pg-transaction.js';

/** A connection of knex's pool. */
export interface Connection extends pg.ClientBase {
  /** Knex numbers the connections of its pool. */
  readonly __knexUid: string;
  /** The pool drops a connection that says why. */
  __knex__disposed?: unknown;
  readonly connection: { readonly stream: { cork(): void; uncork(): void } };
}

export interface Sent {
  text: string;
  values: readonly unknown[];
}

/** A table's shape changed under a prepared statement: the connection has to forget it. */
export const STALE_PLAN = '0A000';
/** Texts beyond so many are not prepared: then somebody makes them up as they go. */
const PREPARED_MAX = 2_000;

const names = new Map<string, number>();
const corked = new WeakSet<object>();

/** Sends a statement. Those sent before the caller waits for any go in one write. */
export async function send(connection: Connection, { text, values }: Sent): Promise<pg.QueryResult> {
  corkThisTurn(connection);
  const name = values.length > 0 ? nameOf(text, connection) : undefined;
  try {
    return await connection.query({ name, text, values: values as unknown[] });
  } catch (error) {
    // What is not Postgres's own word came of the connection.
    const { code, severity } = error as { code?: unknown; severity?: unknown };
    if (code === STALE_PLAN || severity === undefined) connection.__knex__disposed = error;
    throw error;
  }
}

/** Clients of PGlite share one session, so a name must be of this connection alone. */
function nameOf(text: string, { __knexUid }: Connection): string | undefined {
  let number = names.get(text);
  if (number === undefined) {
    if (names.size >= PREPARED_MAX) return undefined;
    number = names.size;
    names.set(text, number);
  }
  return `s${number}_${process.pid}_${__knexUid}`;
}

function corkThisTurn({ connection: { stream } }: Connection): void {
  if (corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  process.nextTick(() => {
    corked.delete(stream);
    stream.uncork();
  });
}

/** Does not wait for BEGIN: where it fails the connection is broken, and so does everything after it. */
class PipelinedTransaction extends PostgresTransaction {
  override begin(connection: unknown): Promise<unknown> {
    void super.begin(connection).catch(() => undefined);
    return Promise.resolve();
  }
}

interface KnexQuery {
  sql: string;
  bindings?: unknown[];
  response?: pg.QueryResult;
}

/** Knex's own statements go the same way. */
class PipelinedClient extends PostgresClient {
  transaction(...given: unknown[]): unknown {
    return new PipelinedTransaction(this, ...given);
  }

  override async _query(connection: unknown, query: KnexQuery): Promise<KnexQuery> {
    query.response = await send(connection as Connection, { text: query.sql, values: query.bindings ?? [] });
    return query;
  }
}

export function connect(config: Omit<Knex.Config, 'client' | 'connection'>, where: pg.ClientConfig): Knex {
  return knex({
    ...config,
    client: PipelinedClient as unknown as typeof Knex.Client,
    connection: { ...where, pipeline: true } as Knex.PgConnectionConfig,
  });
}
