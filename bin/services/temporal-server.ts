/** A Temporal server that keeps its state in Postgres, as production does: for measuring and for being killed. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { registerNamespace } from '../isolation';
import { findOnPath, runCommand, type CommandResult } from './commands';
import { LOOPBACK } from './ports';
import { withClient } from './postgres-client';
import type { Registry, ServiceKey } from './registry';
import { ServiceError } from './service';
import type { Context, PostgresService, TemporalService } from './service';
import { launch, reuse } from './supervised';
import { checkRecord, fromRecord } from './temporal';

const VERSION = 'v1.29.1';
const MODULE = `go.temporal.io/server@${VERSION}`;
const PROGRAMS = ['server', 'sql'].map((name, index) =>
  MODULE.replace('@', index === 0 ? `/cmd/${name}@` : `/cmd/tools/${name}@`),
);
const BUILD_TIMEOUT_MS = 20 * 60_000;
const SCHEMA_TIMEOUT_MS = 2 * 60_000;
const START_TIMEOUT_MS = 60_000;
const KEY: ServiceKey = 'temporal:postgres';
/** Its members tell each other their ports in a smallint. */
const PORT_MAX = 32_767;
/** Fixed once the databases exist. Enough that busy deals do not wait for each other's shard. */
const SHARDS = 64;
const STORES = [
  { database: 'temporal', schema: 'temporal', connections: 40 },
  { database: 'temporal_visibility', schema: 'visibility', connections: 20 },
] as const;

/** Builds the server where it is not in the cache, makes its two databases next to the books', and starts it. */
export async function bringUpTemporalServer(
  context: Context,
  registry: Registry,
  postgres: Promise<PostgresService>,
): Promise<TemporalService> {
  const namespace = context.env.TEMPORAL_NAMESPACE ?? 'default';
  const [folder, { kind, url }] = await Promise.all([provide(context), postgres]);
  if (kind !== 'server') throw new ServiceError('Temporal on Postgres needs a Postgres server, not PGlite.');
  const running = await reuse(context, registry, KEY, checkRecord);
  if (running !== undefined) return fromRecord(running, false);
  for (const { database, schema } of STORES) await prepareStore(context, folder, url, database, schema);
  const root = join(context.dataDir, 'temporal-server');
  const record = await launch(context, registry, {
    name: 'temporal',
    key: KEY,
    origin: `a server (${VERSION}) on Postgres, with ${SHARDS} shards`,
    portCount: 8,
    highestPort: PORT_MAX,
    timeoutMs: START_TIMEOUT_MS,
    plan: (ports) => {
      writeConfig(root, url, ports);
      return {
        url: `http://${LOOPBACK}:${ports[0]}`,
        extra: { namespace },
        spec: {
          command: join(folder, 'server'),
          args: ['--root', root, '--config', 'config', '--env', 'aura', 'start'],
          stopSignal: 'SIGTERM',
        },
      };
    },
    check: (record) => checkOrRegister(record, namespace),
  });
  return fromRecord(record, true);
}

async function checkOrRegister(record: Parameters<typeof checkRecord>[0], namespace: string): Promise<void> {
  try {
    await checkRecord(record);
  } catch {
    await registerNamespace(new URL(record.url).host, namespace);
    await checkRecord(record);
  }
}

/** The folder with both programs and the schema. */
async function provide(context: Context): Promise<string> {
  const folder = join(context.cacheDir, `temporal-server-${VERSION}`);
  if (existsSync(folder)) return folder;
  const go = findOnPath('go', context.env);
  if (go === undefined) {
    throw new ServiceError('Temporal on Postgres is built with Go: install it (https://go.dev/dl).');
  }
  context.say(`Temporal: building ${MODULE} with Go, once; this takes minutes`);
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const built = await run(context, go, ['install', ...PROGRAMS], { GOBIN: draft, GOFLAGS: '' });
    if (!built.ok)
      throw new ServiceError(`Temporal's server could not be built with Go (${built.lastLine}).`);
    const found = await run(context, go, ['mod', 'download', '-json', MODULE], { GOFLAGS: '' });
    const { Dir: source } = JSON.parse(found.stdout) as { Dir: string };
    cpSync(join(source, 'schema', 'postgresql', 'v12'), join(draft, 'schema'), { recursive: true });
    makeWritable(draft);
    dropBtreeGin(join(draft, 'schema', 'visibility', 'versioned'));
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/**
 * The prebuilt Postgres has no btree_gin. Only the namespace in front of each inverted index needs it, which a server
 * with a namespace or two does without.
 */
function dropBtreeGin(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.sql')) continue;
    const file = join(folder, name);
    const statements = readFileSync(file, 'utf8')
      .replace(/^CREATE EXTENSION IF NOT EXISTS btree_gin;$/m, '')
      .replaceAll('USING GIN (namespace_id, ', 'USING GIN (');
    writeFileSync(file, statements);
  }
}

/** What Go keeps in its cache of modules is read-only, and so are copies. */
function makeWritable(folder: string): void {
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
    chmodSync(join(folder, name), 0o755);
}

function run(
  context: Context,
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<CommandResult> {
  return runCommand(command, args, {
    timeoutMs: BUILD_TIMEOUT_MS,
    env: { ...context.env, ...env },
    signal: context.signal,
    onElapsed: (elapsed) => context.say(`Temporal: still building, ${elapsed}`),
  });
}

/** A database with Temporal's tables; one that has them already is left alone. */
async function prepareStore(
  context: Context,
  folder: string,
  postgresUrl: string,
  database: string,
  schema: string,
): Promise<void> {
  const isNew = await withClient(postgresUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
    return rowCount === 0;
  });
  if (!isNew) return;
  const { hostname, port, username, password } = new URL(postgresUrl);
  const connection = ['--plugin', 'postgres12', '--ep', hostname, '--port', port, '--db', database];
  const env = { ...context.env, SQL_USER: username, SQL_PASSWORD: decodeURIComponent(password) };
  for (const step of [
    ['setup-schema', '-v', '0.0'],
    ['update-schema', '-d', join(folder, 'schema', schema, 'versioned')],
  ]) {
    const result = await runCommand(join(folder, 'sql'), [...connection, ...step], {
      timeoutMs: SCHEMA_TIMEOUT_MS,
      env,
      signal: context.signal,
    });
    if (result.ok) continue;
    await withClient(postgresUrl, (client) => client.query(`DROP DATABASE ${database} WITH (FORCE)`));
    throw new ServiceError(`Temporal's tables could not be made (${result.lastLine}).`);
  }
}

function writeConfig(root: string, postgresUrl: string, ports: readonly number[]): void {
  const folder = join(root, 'config');
  mkdirSync(folder, { recursive: true });
  const dynamicConfig = join(folder, 'dynamic.yaml');
  // Search attributes that are registered now can be used now.
  writeFileSync(
    dynamicConfig,
    yaml({ 'system.forceSearchAttributesCacheRefreshOnRead': [{ value: true, constraints: {} }] }),
  );
  writeFileSync(join(folder, 'aura.yaml'), yaml(configOf(postgresUrl, ports, dynamicConfig)), {
    mode: 0o600,
  });
}

/** JSON is YAML too. */
const yaml = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** After the server's own example for Postgres. Everything listens on loopback. */
function configOf(postgresUrl: string, ports: readonly number[], dynamicConfig: string) {
  const { host, username, password } = new URL(postgresUrl);
  const [frontend, ...others] = ports;
  const store = (database: string, connections: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName: database,
      connectAddr: host,
      connectProtocol: 'tcp',
      user: username,
      password: decodeURIComponent(password),
      maxConns: connections,
      maxIdleConns: connections,
      maxConnLifetime: '1h',
    },
  });
  const [main, visibility] = STORES;
  const service = (grpcPort: number | undefined, membershipPort: number | undefined) => ({
    rpc: { grpcPort, membershipPort, bindOnLocalHost: true },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: {
        main: store(main.database, main.connections),
        visibility: store(visibility.database, visibility.connections),
      },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: LOOPBACK } },
    services: {
      frontend: service(frontend, others[0]),
      matching: service(others[1], others[2]),
      history: service(others[3], others[4]),
      worker: service(others[5], others[6]),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `${LOOPBACK}:${frontend}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } },
    namespaceDefaults: {
      archival: { history: { state: 'disabled' }, visibility: { state: 'disabled' } },
    },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '60s' },
  };
}
