/** The connection to Redis, which may go away at any time: nobody waits for it longer than moments. */
import Redis from 'ioredis';
import type { Logger } from 'pino';

/** A connection that answers a command with nothing for so long is given up: the network may have swallowed its end. */
const SILENT_MS = 2_000;

export function connectRedis(url: string, log: Pick<Logger, 'warn'>): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, socketTimeout: SILENT_MS });
  redis.on('error', (error) => log.warn({ err: error }, 'redis'));
  return redis;
}
