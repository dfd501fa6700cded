/**
 * Whether the process in this container works; exit status 0 says so:
 *
 *   healthcheck api | worker | rail-worker | sandbox-network
 *
 * A worker listens on no port. It works when Temporal has lately seen this machine poll its task queue.
 */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { CLEARING_TASK_QUEUE, railTaskQueue } from '../workflows/messages';

const TIMEOUT_MS = 4_000;
/** A poll waits up to a minute before it comes again. */
const SILENT_MS = 150_000;
const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = temporal.api.enums.v1.TaskQueueType;

const CHECKS: Readonly<Record<string, (env: NodeJS.ProcessEnv) => Promise<void>>> = {
  api: ({ PORT = '8080' }) => answers(`http://127.0.0.1:${PORT}/healthz`),
  worker: (env) => polls(env, CLEARING_TASK_QUEUE, TASK_QUEUE_TYPE_WORKFLOW),
  'rail-worker': (env) => polls(env, railTaskQueue(env.RAIL ?? ''), TASK_QUEUE_TYPE_ACTIVITY),
  'sandbox-network': ({ SANDBOX_PORT = '' }) => answers(`http://127.0.0.1:${SANDBOX_PORT}/rtp/operator`),
};

async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}

async function polls(
  { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE = 'default' }: NodeJS.ProcessEnv,
  name: string,
  taskQueueType: number,
): Promise<void> {
  const connection = await Connection.connect({ address: TEMPORAL_ADDRESS, connectTimeout: TIMEOUT_MS });
  try {
    const { pollers } = await connection.withDeadline(Date.now() + TIMEOUT_MS, () =>
      connection.workflowService.describeTaskQueue({
        namespace: TEMPORAL_NAMESPACE,
        taskQueue: { name },
        taskQueueType,
      }),
    );
    const oldest = Date.now() - SILENT_MS;
    const alive = pollers?.some(
      ({ identity, lastAccessTime }) =>
        identity?.endsWith(`@${hostname()}`) && Number(lastAccessTime?.seconds ?? 0) * 1_000 > oldest,
    );
    if (!alive) throw new Error(`nobody on ${hostname()} polls the task queue ${name}`);
  } finally {
    await connection.close();
  }
}

async function main(): Promise<void> {
  const [, , name = ''] = process.argv;
  const check = CHECKS[name];
  if (!check) throw new Error(`healthcheck knows ${Object.keys(CHECKS).join(', ')}`);
  await check(process.env);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
