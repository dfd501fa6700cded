/** The API process. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import Redis from 'ioredis';
import { createApp } from '../api/app';
import { createLiveEvents } from '../api/live';
import type { X402Config } from '../api/x402';
import { createEmbedder } from '../domain/embedding';
import { PROFILES, withDaysOf } from '../domain/profiles';
import { createDb } from '../store/db';
import { createNonceStore } from '../store/nonces';
import { readConfig, type Config } from './config';
import { createLog } from './log';
import { runProcess } from './run-process';

const OPEN_WAIT_MS = 3_000;
const COMMIT_WAIT_MS = 20_000;

void runProcess(async () => {
  const config = readConfig('api');
  const log = createLog('api', config.AURA_LOG_LEVEL);
  const db = createDb({ url: config.DATABASE_URL, applicationName: 'aura-api' });
  const redis = new Redis(config.REDIS_URL, { maxRetriesPerRequest: 1, enableOfflineQueue: true });
  redis.on('error', (error) => log.warn({ err: error }, 'redis'));
  const connection = await Connection.connect({ address: config.TEMPORAL_ADDRESS });
  const live = await createLiveEvents(redis);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.PORT, config.AURA_HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = config.AURA_PUBLIC_URL ?? `http://${config.AURA_HOST}:${port}`;
  const app = createApp({
    db,
    redis,
    temporal: new Client({ connection, namespace: config.TEMPORAL_NAMESPACE }),
    nonces: createNonceStore({ redis, db }),
    embedder: createEmbedder(),
    live,
    profiles: config.AURA_DAY_MS ? withDaysOf(config.AURA_DAY_MS) : PROFILES,
    log,
    x402: x402Of(config),
    config: {
      publicUrl: url,
      sandbox: config.AURA_SANDBOX,
      sandboxGrantMinor: config.AURA_SANDBOX_GRANT_USD,
      openWaitMs: OPEN_WAIT_MS,
      commitWaitMs: COMMIT_WAIT_MS,
      maxOffersPerBeacon: config.AURA_MAX_OFFERS_PER_BEACON,
    },
  });
  // Koa has no opinion on promises; a request's fate is its own.
  const answer = app.callback();
  server.on('request', (request, response) => void answer(request, response));
  return {
    ready: { url, port },
    async stop() {
      server.closeIdleConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        setTimeout(() => server.closeAllConnections(), 2_000).unref();
      });
      await live.close();
      redis.disconnect();
      await connection.close();
      await db.destroy();
    },
  };
});

/** Commits can be paid with x402 where AURA has a wallet for it. */
function x402Of(config: Config<'api'>): X402Config | undefined {
  if (config.AURA_X402_PAY_TO === undefined) return undefined;
  return {
    payTo: config.AURA_X402_PAY_TO as X402Config['payTo'],
    token: config.AURA_USDC,
    domain: { name: config.AURA_X402_TOKEN_NAME, version: config.AURA_X402_TOKEN_VERSION },
    facilitators: config.AURA_X402_FACILITATORS,
  };
}
