/** The worker of one rail: its adapter behind its own task queue. */
import { hostname } from 'node:os';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createRailActivities } from '../activities';
import { createSigner } from '../domain/keys';
import { createRailAdapter } from '../rails';
import type { PartyDirectory } from '../rails/port';
import { createDb, type Db } from '../store/db';
import { findAccount, findMandate } from '../store/payment-accounts';
import { railTaskQueue } from '../workflows/messages';
import { readConfig } from './config';
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
    directory: directory(db),
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

/** Account details leave the database only here, on their way to the rail. */
function directory(db: Db): PartyDirectory {
  const account = async (id: string) => {
    const found = await findAccount(db, id);
    if (!found) throw new Error(`no payment account ${id}`);
    return found;
  };
  return {
    account,
    async mandate(id) {
      const mandate = await findMandate(db, id);
      if (!mandate?.reference) throw new Error(`no accepted mandate ${id}`);
      return { reference: mandate.reference, account: await account(mandate.accountId) };
    },
  };
}
