import { bringUpPglite } from './pglite';
import { provideBinaries } from './postgres-binaries';
import { bringUpCluster } from './postgres-cluster';
import { checkDatabase, fromRecord, isRecentPgvector, withClient } from './postgres-client';
import { findHome } from './postgres-home';
import type { Registry } from './registry';
import { ServiceError, messageOf } from './service';
import type { Context, PostgresService } from './service';
import { reuse } from './supervised';
import { redactUrl } from './urls';

export interface PostgresOptions {
  kind: 'auto' | 'pglite';
  /** Whether to fetch prebuilt binaries when this machine has none. */
  fetchBinaries: boolean;
}

/** `DATABASE_URL`, or else a private cluster where binaries with pgvector can be had, or else PGlite. */
export async function bringUpPostgres(
  context: Context,
  registry: Registry,
  { kind, fetchBinaries }: PostgresOptions,
): Promise<PostgresService> {
  if (kind === 'pglite') return bringUpPglite(context, registry);
  const { DATABASE_URL: external } = context.env;
  if (external) return useExternal(external);
  const running = await reuse(context, registry, 'postgres:server', checkDatabase);
  if (running !== undefined) return fromRecord(running, 'server', false);
  const home = await findHome(context);
  if (home === undefined) return bringUpPglite(context, registry);
  const binaries = await provideBinaries(context, home, { fetch: fetchBinaries });
  if (binaries === undefined) return bringUpPglite(context, registry);
  const record = await bringUpCluster(context, registry, home, binaries);
  return fromRecord(record, 'server', true);
}

async function useExternal(url: string): Promise<PostgresService> {
  const { version, pgvector } = await inspect(url);
  if (pgvector === null || !isRecentPgvector(pgvector))
    throw new ServiceError(
      `The Postgres that DATABASE_URL names has ${pgvector === null ? 'no pgvector' : `pgvector ${pgvector}`}: install pgvector 0.8 or newer there, or unset DATABASE_URL.`,
    );
  return {
    name: 'postgres',
    url,
    kind: /PGlite/i.test(version) ? 'pglite' : 'server',
    origin: `the server at ${redactUrl(url)} that DATABASE_URL names`,
    startedHere: false,
  };
}

async function inspect(url: string): Promise<{ version: string; pgvector: string | null }> {
  try {
    return await withClient(url, async (client) => {
      const { rows } = await client.query<{ version: string; pgvector: string | null }>(
        `select version(), (select default_version from pg_available_extensions where name = 'vector') as pgvector`,
      );
      return rows[0] ?? { version: '', pgvector: null };
    });
  } catch (error) {
    throw new ServiceError(
      `DATABASE_URL is ${redactUrl(url)}, but no Postgres can be used there (${messageOf(error)}): start it, mend the address, or unset DATABASE_URL.`,
    );
  }
}
