/** A clearinghouse of a run's own in which everything can be killed, and every connection goes through a proxy. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MIXED_ENV } from '../bin/demo/mixed';
import { registerNamespace } from '../bin/isolation';
import { startPlatform, type Platform } from '../bin/platform';
import { bringUpKillable, type KillableServers } from '../bin/services/killable';
import type { RailName } from '../domain/settlement';
import { createKeeper, type Keeper } from './keeper';
import { createProxies, type Proxies } from './proxies';

export interface Ground {
  platform: Platform;
  servers: KillableServers['servers'];
  keeper: Keeper;
  proxies: Proxies;
  clocksDir: string;
  /** Not through a proxy: for whoever looks on. */
  databaseUrl: string;
  temporal: { address: string; namespace: string };
  /** Where clients reach the API, through its proxy. */
  clientUrl: string;
  stop(): Promise<void>;
}

export interface GroundOptions {
  /** Of this run alone. */
  dataDir: string;
  cacheDir: string;
  rails: readonly RailName[];
  /** More variables for every process of the platform; tests break the build with them. */
  env?: Readonly<Record<string, string>>;
  onProgress: (line: string) => void;
}

const NAMESPACE = 'faults';
/**
 * Nobody runs out of money, and what was never executed is proved so within half a minute. Rails are asked for news, and
 * margins step down, no oftener than the deals need it.
 */
const ENV: Readonly<Record<string, string>> = {
  ...MIXED_ENV,
  AURA_RATE_LIMITS: 'all=1000000/60',
  AURA_INSTRUCTION_TTL_MS: '15000',
  AURA_RAIL_MAX_DELAY_MS: '8000',
  AURA_RECONCILE_EVERY_MS: '30000',
  AURA_NOTICES_EVERY_MS: '8000',
  AURA_DAY_MS: '900000',
  AURA_INQUIRY_LAST_MS: '1000',
  AURA_WEBHOOK_RETRY_MS: '500',
  RAIL_TIMEOUT_MS: '3000',
};
const CARD_FUNDS_MINOR = '100000000000';

export async function prepareGround(options: GroundOptions): Promise<Ground> {
  const { dataDir, onProgress } = options;
  const clocksDir = join(dataDir, 'clocks');
  mkdirSync(clocksDir, { recursive: true });
  const killable = await bringUpKillable({ dataDir, cacheDir: options.cacheDir, onProgress });
  const { servers } = killable;
  try {
    const proxies = createProxies(servers.toxiproxy.url);
    const databaseUrl = servers.postgres.url;
    const temporal = new URL(servers.temporal.url).host;
    await registerNamespace(temporal, NAMESPACE);
    const postgres = new URL(databaseUrl);
    postgres.host = await proxies.front('postgres', postgres.host);
    const platform = await startPlatform({
      dataDir,
      databaseUrl: postgres.toString(),
      redisUrl: `redis://${await proxies.front('redis', new URL(servers.redis.url).host)}`,
      temporalAddress: await proxies.front('temporal', temporal),
      temporalNamespace: NAMESPACE,
      rails: options.rails,
      sandboxSettings: { card: { cardFundsMinor: CARD_FUNDS_MINOR } },
      front: async (family, url) => `http://${await proxies.front(family, new URL(url).host)}`,
      env: {
        ...ENV,
        FAULTS_CLOCKS: clocksDir,
        ...options.env,
        NODE_OPTIONS: `--require ${join(__dirname, 'nemesis', 'clock.cjs')} ${options.env?.NODE_OPTIONS ?? ''}`,
      },
      onProgress,
    });
    const webhookPort = await tellProcessor(platform);
    const keeper = createKeeper(platform, (name): Record<string, string> =>
      name === 'rail-card' && webhookPort !== undefined ? { RAIL_WEBHOOK_PORT: webhookPort } : {},
    );
    return {
      platform,
      servers,
      keeper,
      proxies,
      clocksDir,
      databaseUrl,
      temporal: { address: temporal, namespace: NAMESPACE },
      clientUrl: `http://${await proxies.front('api', new URL(platform.apiUrl).host)}`,
      async stop() {
        keeper.stop();
        await platform.stop();
        await killable.stop();
      },
    };
  } catch (error) {
    await killable.stop();
    throw error;
  }
}

/** Where card payments run, the processor is told where its webhooks go; answers the port that has to stay. */
async function tellProcessor({ sandboxes, processes }: Platform): Promise<string | undefined> {
  const url = processes.get('rail-card')?.ready.webhookUrl;
  const processor = sandboxes.processes.get('card')?.url;
  if (typeof url !== 'string' || processor === undefined) return undefined;
  await fetch(`${processor}/card/operator/webhook`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url }),
  });
  return new URL(url).port;
}
