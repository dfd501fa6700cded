/** The worker of one rail: its adapter behind its own task queue. */
import { hostname } from 'node:os';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createRailActivities } from '../activities';
import { createSigner } from '../domain/keys';
import { createRailAdapter } from '../rails';
import { createDb } from '../store/db';
import { railTaskQueue } from '../workflows/messages';
import { readConfig } from './config';
import { partyDirectory } from './party-directory';
import { quietTemporal } from './quiet-temporal';
import { runProcess } from './run-process';

const CONCURRENT_CALLS = 50;

void runProcess(async () => {
  const config = readConfig('rail');
  quietTemporal();
  const db = createDb({ url: config.DATABASE_URL, applicationName: `aura-rail-${config.RAIL}`, poolMax: 8 });
  const adapter = createRailAdapter(config.RAIL, {
    networkUrl: config.RAIL_URL,
    signer: createSigner(config.RAIL_KEY_FILE, railKeyId(config.RAIL)),
    networkKey: config.RAIL_NETWORK_KEY,
    auraKey: config.AURA_PUBLIC_KEY,
    secret: config.RAIL_SECRET_FILE?.trim(),
    facilitatorUrl: config.RAIL_FACILITATOR_URL,
    token: config.AURA_USDC,
    directory: partyDirectory(db, config.RAIL),
    clock: () => new Date(),
    timeoutMs: config.RAIL_TIMEOUT_MS,
  });
  const connection = await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS });
  const worker = await Worker.create({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: railTaskQueue(config.RAIL),
    activities: createRailActivities({ adapter, db, worker: `${hostname()}:${process.pid}` }),
    maxConcurrentActivityTaskExecutions: CONCURRENT_CALLS,
    shutdownGraceTime: '10s',
  });
  const run = worker.run();
  return {
    ready: { taskQueue: railTaskQueue(config.RAIL) },
    done: run,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
      await adapter.close();
      await connection.close();
      await db.destroy();
    },
  };
});

/** The name under which an adapter's key is registered. */
function railKeyId(rail: string): string {
  return `rail-${rail}`;
}
