/** Services and a platform of one's own on them: what the demo and the tests run on. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import knex from 'knex';
import { isolate, randomName, registerNamespace, type Isolated } from './isolation';
import { startPlatform, type Platform } from './platform';
import type { RailName } from '../domain/settlement';
import type { SandboxSettings } from './sandboxes';
import type { Services } from './services';

export interface Environment {
  platform: Platform;
  databaseUrl: string;
  namespace: string;
  stop(): Promise<void>;
}

export interface EnvironmentOptions {
  services: Pick<Services, 'temporal' | 'postgres' | 'redis'>;
  /** Keys and sandbox books of this run go below it, and with it. */
  dataDir: string;
  label: string;
  rails?: readonly RailName[];
  sandboxSettings?: SandboxSettings;
  logLevel?: string;
  env?: Readonly<Record<string, string>>;
  onProgress?: (line: string) => void;
}

/** Demo and tests ask more often than agents may. */
const UNLIMITED = { AURA_RATE_LIMITS: 'all=1000000/60' };

export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { temporal, postgres, redis } = options.services;
  const isolated = await (postgres.kind === 'pglite' ? takeOver : isolate)({
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    label: options.label,
  });
  const dataDir = join(options.dataDir, `run-${process.pid}-${Date.now()}`);
  const clean = async () => {
    await isolated.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const platform = await startPlatform({
      dataDir,
      databaseUrl: isolated.databaseUrl,
      redisUrl: redis.url,
      temporalAddress: temporal.address,
      temporalNamespace: isolated.namespace,
      rails: options.rails,
      sandboxSettings: options.sandboxSettings,
      logLevel: options.logLevel,
      env: { ...UNLIMITED, ...options.env },
      onProgress: options.onProgress,
    });
    return {
      platform,
      databaseUrl: isolated.databaseUrl,
      namespace: isolated.namespace,
      async stop() {
        await platform.stop();
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

/** PGlite is a single database: this run takes it over, empty. */
async function takeOver(input: {
  databaseUrl: string;
  temporalAddress: string;
  label: string;
}): Promise<Isolated> {
  const db = knex({ client: 'pg', connection: input.databaseUrl, pool: { min: 0, max: 1 } });
  try {
    await db.raw('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  } finally {
    await db.destroy();
  }
  const namespace = randomName(input.label).replaceAll('_', '-');
  await registerNamespace(input.temporalAddress, namespace);
  return { databaseUrl: input.databaseUrl, namespace, drop: () => Promise.resolve() };
}
