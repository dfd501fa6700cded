/** The API process. */
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { createApp } from '../api/app';
import type { ApiDeps } from '../api/deps';
import { createHttpServer } from '../api/http-server';
import { createLiveEvents } from '../api/live';
import { createRateLimiter } from '../api/middleware/rate-limit';
import { startEventLoops } from '../api/webhooks';
import { createWebhookSender } from '../api/webhooks/sender';
import { attachWebSockets } from '../api/websocket';
import type { X402Config } from '../api/x402';
import { createApiKeyMint } from '../domain/api-keys';
import { createEmbedder } from '../domain/embedding';
import { createSigner } from '../domain/keys';
import { createPolicyEngine } from '../domain/policies';
import { PROFILES, withDaysOf } from '../domain/profiles';
import { createDb, SERVER_PATIENCE_MS } from '../store/db';
import { createNonceStore } from '../store/nonces';
import { readConfig, type Config } from './config';
import { sandboxWalletsOf } from './sandbox-wallets';
import { deploymentOf, requireDeployment } from './deployment';
import { dataConverter } from './data-converter';
import { keySource } from './key-source';
import { createLog } from './log';
import { connectRedis } from './redis';
import { runProcess } from './run-process';

const OPEN_WAIT_MS = 3_000;
const COMMIT_WAIT_MS = 20_000;

void runProcess(async () => {
  const config = readConfig('api');
  const log = createLog('api', config.AURA_LOG_LEVEL);
  const db = createDb({
    url: config.DATABASE_URL,
    applicationName: 'aura-api',
    keys: keySource(config, 'AURA_DATA_KEYS'),
    patienceMs: SERVER_PATIENCE_MS,
  });
  await requireDeployment(db, config.AURA_SANDBOX);
  const redis = connectRedis(config.REDIS_URL, log);
  const connection = await Connection.connect({ address: config.TEMPORAL_ADDRESS });
  const live = await createLiveEvents(redis);
  const signer = createSigner(config.AURA_SIGNING_KEY_FILE, 'aura');
  const webhooks = createWebhookSender({ signer, allowPrivate: config.AURA_SANDBOX, log });
  const server = createHttpServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.PORT, config.AURA_HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = config.AURA_PUBLIC_URL ?? `http://${config.AURA_HOST}:${port}`;
  const deps: ApiDeps = {
    db,
    redis,
    temporal: new Client({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter: dataConverter(keySource(config, 'AURA_PAYLOAD_KEYS')),
    }),
    nonces: createNonceStore(db),
    apiKeys: createApiKeyMint({
      masterSecret: config.AURA_API_SECRET_FILE,
      deployment: deploymentOf(config.AURA_SANDBOX),
    }),
    limits: createRateLimiter({ redis, limits: config.AURA_RATE_LIMITS }),
    embedder: createEmbedder(),
    live,
    webhooks,
    signer,
    profiles: config.AURA_DAY_MS ? withDaysOf(config.AURA_DAY_MS) : PROFILES,
    policies: createPolicyEngine(),
    log,
    x402: x402Of(config),
    sandboxWallets: config.AURA_SANDBOX ? sandboxWalletsOf(config) : undefined,
    config: {
      publicUrl: url,
      sandbox: config.AURA_SANDBOX,
      sandboxGrantMinor: config.AURA_SANDBOX_GRANT_USD,
      region: config.AURA_REGION,
      openWaitMs: OPEN_WAIT_MS,
      commitWaitMs: COMMIT_WAIT_MS,
      confirmationTimeoutMs: config.AURA_CONFIRMATION_TIMEOUT_MS,
      maxOffersPerBeacon: config.AURA_MAX_OFFERS_PER_BEACON,
      checkAnswers: config.AURA_CHECK_ANSWERS,
      proxies: config.AURA_PROXIES,
    },
  };
  const app = createApp(deps);
  // Koa has no opinion on promises; a request's fate is its own.
  const answer = app.callback();
  server.on('request', (request, response) => void answer(request, response));
  const webSockets = attachWebSockets(server, deps);
  const loops = startEventLoops(deps, { retryFirstMs: config.AURA_WEBHOOK_RETRY_MS });
  return {
    ready: { url, port },
    async stop() {
      await webSockets.close();
      server.closeIdleConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        setTimeout(() => server.closeAllConnections(), 2_000).unref();
      });
      await loops.stop();
      await live.close();
      await webhooks.close();
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
