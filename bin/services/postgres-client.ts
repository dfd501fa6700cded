/** What is asked of a Postgres, whichever it is. */
import { Client } from 'pg';
import type { ServiceRecord } from './registry';
import type { PostgresKind, PostgresService } from './service';

const CONNECT_TIMEOUT_MS = 10_000;
/** The first that can go on scanning an index when a filter has dropped too many rows. */
const MIN_PGVECTOR = [0, 8];

export function fromRecord(
  { url, origin }: ServiceRecord,
  kind: PostgresKind,
  startedHere: boolean,
): PostgresService {
  return { name: 'postgres', kind, url, origin, startedHere };
}

export function isRecentPgvector(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = MIN_PGVECTOR;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

export async function checkDatabase({ url }: { url: string }): Promise<void> {
  await withClient(url, (client) => client.query('select 1'));
}

/** Leaves nothing behind: the migrations create the extension. */
export async function checkPgvector(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('begin');
    await client.query('create extension if not exists vector');
    await client.query('rollback');
  });
}

export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A server that goes away between two queries is told of by the next query.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
