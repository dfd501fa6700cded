/** The worker of one rail: its adapter behind its own task queue. */
import { hostname } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createRailActivities } from '../activities';
import { createSigner } from '../domain/keys';
import { createRailAdapter } from '../rails';
import { createWebhookReceiver } from '../rails/card/webhook';
import type { RailName } from '../domain/settlement';
import { createBreaker, type BreakerState } from '../rails/breaker';
import { createDb, SERVER_PATIENCE_MS, type Db } from '../store/db';
import { setRailHealth } from '../store/rail-health';
import { railTaskQueue } from '../workflows/messages';
import { readConfig, type Config } from './config';
import { dataConverter } from './data-converter';
import { keySource } from './key-source';
import { partyDirectory } from './party-directory';
import { quietTemporal } from './quiet-temporal';
import { runProcess } from './run-process';
import { noticesSchedule } from './schedules';
import { RAIL_WORKER } from './worker-settings';

const BREAKER_FAILURES = 5;

void runProcess(async () => {
  const config = readConfig('rail');
  quietTemporal();
  const db = createDb({
    url: config.DATABASE_URL,
    applicationName: `aura-rail-${config.RAIL}`,
    poolMax: 8,
    keys: keySource(config, 'AURA_DATA_KEYS'),
    patienceMs: SERVER_PATIENCE_MS,
  });
  const payloadKeys = keySource(
    { AURA_PAYLOAD_KEYS_FILE: config.RAIL_PAYLOAD_KEYS_FILE },
    'AURA_PAYLOAD_KEYS',
  );
  const adapter = createRailAdapter(config.RAIL, {
    networkUrl: config.RAIL_URL,
    signer: createSigner(config.RAIL_KEY_FILE, config.RAIL_KEY_ID ?? `rail-${config.RAIL}`),
    networkKey: config.RAIL_NETWORK_KEY,
    auraKey: config.AURA_PUBLIC_KEY,
    secret: config.RAIL_SECRET_FILE?.trim(),
    facilitatorUrl: config.RAIL_FACILITATOR_URL,
    token: config.AURA_USDC,
    directory: partyDirectory(db, config.RAIL),
    clock: () => new Date(),
    timeoutMs: config.RAIL_TIMEOUT_MS,
  });
  const breaker = createBreaker({
    failures: BREAKER_FAILURES,
    openForMs: config.RAIL_BREAKER_OPEN_MS,
    onChange: (state) => void reportHealth(db, config.RAIL, state),
  });
  // Whatever a worker before this one reported, this one has seen nothing go wrong yet.
  await setRailHealth(db, { rail: config.RAIL, state: 'closed', detail: null });
  const connection = await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS });
  const worker = await Worker.create({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter: dataConverter(payloadKeys, config.RAIL),
    taskQueue: railTaskQueue(config.RAIL),
    activities: createRailActivities({ adapter, db, breaker, worker: `${hostname()}:${process.pid}` }),
    ...RAIL_WORKER,
  });
  const webhooks = await receiveWebhooks(config);
  const run = worker.run();
  return {
    ready: { taskQueue: railTaskQueue(config.RAIL), ...(webhooks && { webhookUrl: webhooks.url }) },
    done: run,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
      await webhooks?.close();
      await adapter.close();
      await connection.close();
      await db.destroy();
    },
  };
});

/** A processor's webhook is a hint to read its events now instead of at the next scheduled time. */
async function receiveWebhooks(config: Config<'rail'>) {
  if (!config.RAIL_WEBHOOK_SECRET_FILE) return undefined;
  const connection = await Connection.connect({ address: config.TEMPORAL_ADDRESS });
  const client = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
  const receiver = await createWebhookReceiver({
    secret: config.RAIL_WEBHOOK_SECRET_FILE.trim(),
    host: config.RAIL_WEBHOOK_HOST,
    port: config.RAIL_WEBHOOK_PORT,
    clock: () => new Date(),
    onEvent: () => client.schedule.getHandle(noticesSchedule(config.RAIL)).trigger(),
    onError: (error) => process.stderr.write(`a webhook's hint was lost: ${String(error)}\n`),
  });
  return {
    url: receiver.url,
    async close() {
      await receiver.close();
      await connection.close();
    },
  };
}

/** A report that is lost only delays the rail's return: the next change, or the next start, reports again. */
async function reportHealth(db: Db, rail: RailName, state: BreakerState): Promise<void> {
  try {
    await setRailHealth(db, {
      rail,
      state,
      detail: state === 'closed' ? null : 'calls fail one after another',
    });
  } catch (error) {
    process.stderr.write(`the health of ${rail} was not stored: ${String(error)}\n`);
  }
}
