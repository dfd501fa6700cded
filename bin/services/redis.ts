import { Redis } from 'ioredis';
import { findOnPath } from './commands';
import { LOOPBACK } from './ports';
import { installRedis } from './redis-install';
import type { Registry } from './registry';
import { ServiceError, messageOf } from './service';
import type { Context, RedisService } from './service';
import { launch, reuse, type Launch } from './supervised';
import { redactUrl } from './urls';

const CONNECT_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 15_000;

/** `REDIS_URL`, or else a private server that keeps nothing. */
export async function bringUpRedis(context: Context, registry: Registry): Promise<RedisService> {
  const { REDIS_URL: external } = context.env;
  if (external) return useExternal(external);
  const running = await reuse(context, registry, 'redis:private', checkRedis);
  if (running !== undefined)
    return { name: 'redis', url: running.url, origin: running.origin, startedHere: false };
  const record = await launch(context, registry, await planRedis(context));
  return { name: 'redis', url: record.url, origin: record.origin, startedHere: true };
}

/** How a private one is started; it is installed where that may be. */
export async function planRedis(context: Context): Promise<Launch> {
  const path = findServer(context) ?? ((await installRedis(context)) ? findServer(context) : undefined);
  if (path === undefined)
    throw new ServiceError(
      'Redis was not found: install redis-server or valkey-server (any version from 6 on), or set REDIS_URL.',
    );
  return {
    name: 'redis',
    key: 'redis:private',
    origin: `a private ${path}`,
    portCount: 1,
    timeoutMs: START_TIMEOUT_MS,
    plan: ([port]) => ({
      url: `redis://${LOOPBACK}:${port}`,
      spec: { command: path, args: serverArguments(port), cwd: context.dataDir, stopSignal: 'SIGTERM' },
    }),
    check: checkRedis,
  };
}

function findServer({ env }: Context): string | undefined {
  return findOnPath('redis-server', env) ?? findOnPath('valkey-server', env);
}

function serverArguments(port: number | undefined): string[] {
  return [
    '--port',
    String(port),
    '--bind',
    LOOPBACK,
    '--save',
    '',
    '--appendonly',
    'no',
    '--daemonize',
    'no',
  ];
}

async function useExternal(url: string): Promise<RedisService> {
  try {
    await checkRedis({ url });
  } catch (error) {
    throw new ServiceError(
      `REDIS_URL is ${redactUrl(url)}, but no Redis answers there (${messageOf(error)}): start it, or unset REDIS_URL.`,
    );
  }
  return {
    name: 'redis',
    url,
    origin: `the server at ${redactUrl(url)} that REDIS_URL names`,
    startedHere: false,
  };
}

async function checkRedis({ url }: { url: string }): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The promise below tells of the first failure; without a listener, ioredis would print each one.
  let failure: Error | undefined;
  client.on('error', (error: Error) => (failure ??= error));
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw failure ?? error;
  } finally {
    // Ending what has ended already would keep a timer running for two seconds.
    if (client.status !== 'end') client.disconnect();
  }
}
