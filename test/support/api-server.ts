/** The API in this process on a database of its own, live or sandbox: for what needs neither workers nor rails. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Redis from 'ioredis';
import type { Logger } from 'pino';
import { createApp } from '../../api/app';
import type { ApiConfig, ApiDeps } from '../../api/deps';
import { createHttpServer, HTTP_LIMITS, type HttpLimits } from '../../api/http-server';
import { createLiveEvents } from '../../api/live';
import { createRateLimiter } from '../../api/middleware/rate-limit';
import { createWebhookSender } from '../../api/webhooks/sender';
import { createLog } from '../../bin/log';
import { createApiKeyMint, type Deployment } from '../../domain/api-keys';
import { createEmbedder } from '../../domain/embedding';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { createPolicyEngine } from '../../domain/policies';
import { PROFILES } from '../../domain/profiles';
import { readRateLimits } from '../../domain/rate-limits';
import type { Db } from '../../store/db';
import { createNonceStore } from '../../store/nonces';
import { startRecording } from './recording';

export interface ApiServer {
  url: string;
  deps: ApiDeps;
  stop(): Promise<void>;
}

/** In the file that the run's end searches, where there is one. */
function inProcessLog() {
  const { AURA_TEST_LOG_DIR: folder, AURA_TEST_LOG: level } = process.env;
  return folder
    ? createLog('test', 'debug', join(folder, `api-in-jest-${process.pid}.log`))
    : createLog('test', level ?? 'silent');
}

interface ApiServerOptions {
  db: Db;
  deployment: Deployment;
  /** The protocol's limits by default; tests that ask often set other ones. */
  rateLimits?: string;
  config?: Partial<ApiConfig>;
  /** Processes of one API share it. */
  masterSecret?: Uint8Array;
  log?: Logger;
  http?: Partial<HttpLimits>;
}

export async function startApiServer({
  db,
  deployment,
  rateLimits,
  config,
  masterSecret = randomBytes(32),
  log = inProcessLog(),
  http,
}: ApiServerOptions): Promise<ApiServer> {
  const { REDIS_URL = '', TEMPORAL_ADDRESS = '' } = process.env;
  const redis = new Redis(REDIS_URL);
  const connection = Connection.lazy({ address: TEMPORAL_ADDRESS });
  const live = await createLiveEvents(redis);
  const sandbox = deployment === 'sandbox';
  const signer = createSigner(generateKeyPair().privateKeyPem, 'aura');
  const webhooks = createWebhookSender({ signer, allowPrivate: sandbox, log });
  const server = createHttpServer({ ...HTTP_LIMITS, ...http });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const deps: ApiDeps = {
    db,
    redis,
    temporal: new Client({ connection }),
    nonces: createNonceStore(db),
    apiKeys: createApiKeyMint({ masterSecret, deployment }),
    limits: createRateLimiter({ redis, limits: readRateLimits(rateLimits ?? 'all=1000000/60') }),
    embedder: createEmbedder(),
    profiles: PROFILES,
    policies: createPolicyEngine(),
    live,
    webhooks,
    signer,
    log,
    config: {
      publicUrl: url,
      sandbox,
      sandboxGrantMinor: 1_000_000n,
      region: 'test',
      openWaitMs: 100,
      commitWaitMs: 500,
      confirmationTimeoutMs: 1_000,
      maxOffersPerBeacon: 5,
      checkAnswers: true,
      proxies: 0,
      ...config,
    },
  };
  const answer = createApp(deps).callback();
  server.on('request', (request, response) => void answer(request, response));
  const recording = await startRecording(url);
  return {
    url: recording.url,
    deps,
    async stop() {
      await recording.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await live.close();
      await webhooks.close();
      redis.disconnect();
      await connection.close();
    },
  };
}
