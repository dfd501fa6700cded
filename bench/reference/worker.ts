/** A worker of the reference, `node worker.ts workflows|activities <bundle>`, with the settings of the clearing worker. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { CLEARING_WORKER, RAIL_WORKER } from '../../bin/worker-settings';
import { quietTemporal } from '../../bin/quiet-temporal';
import { runProcess } from '../../bin/run-process';
import { REFERENCE_ACTIVITIES, REFERENCE_WORKFLOWS } from './workflows';

const [, , role = '', codePath = ''] = process.argv;

void runProcess(async () => {
  quietTemporal();
  const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
  const namespace = process.env.TEMPORAL_NAMESPACE ?? 'default';
  const worker = await Worker.create(
    role === 'workflows'
      ? {
          connection,
          namespace,
          taskQueue: REFERENCE_WORKFLOWS,
          workflowBundle: { codePath },
          ...CLEARING_WORKER,
        }
      : {
          connection,
          namespace,
          taskQueue: REFERENCE_ACTIVITIES,
          activities: { nothing: () => Promise.resolve() },
          ...RAIL_WORKER,
        },
  );
  const run = worker.run();
  return {
    ready: { role },
    done: run,
    async stop() {
      worker.shutdown();
      await run;
      await connection.close();
    },
  };
});
