/** The reference of the benches of workflows: its workers as processes of their own, and a client that starts it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_TASK_TIMEOUT_MS } from '../../workflows/messages';
import { oneActivity, oneUpdate, poke, REFERENCE_WORKFLOWS } from './workflows';

export interface Reference {
  client: Client;
  /** Of its workers. */
  pids: readonly number[];
  /** Runs a workflow with one remote activity that does nothing, to its end. */
  activity: () => Promise<void>;
  /** Starts a workflow with an update and waits for its answer and the workflow's end. */
  update: () => Promise<void>;
  stop: () => Promise<void>;
}

export async function startReference(where: { address: string; namespace: string }): Promise<Reference> {
  const quiet = () => undefined;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, 'workflows.ts'),
    logger: { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, log: quiet },
  });
  const folder = mkdtempSync(join(tmpdir(), 'aura-bench-'));
  mkdirSync(folder, { recursive: true });
  const bundle = join(folder, 'reference.js');
  writeFileSync(bundle, code);
  const children = await Promise.all(
    ['workflows', 'activities'].map((role) => startWorker(role, bundle, where)),
  );
  const connection = await Connection.connect({ address: where.address });
  const client = new Client({ connection, namespace: where.namespace });
  const run = `${process.pid}-${Date.now()}`;
  let started = 0;
  const options = () => ({
    workflowId: `reference-${run}-${started++}`,
    taskQueue: REFERENCE_WORKFLOWS,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
  });
  return {
    client,
    pids: children.map(({ pid = 0 }) => pid),
    activity: () => client.workflow.execute(oneActivity, options()),
    async update() {
      const operation = new WithStartWorkflowOperation(oneUpdate, {
        ...options(),
        args: [],
        workflowIdConflictPolicy: 'FAIL',
      });
      await client.workflow.executeUpdateWithStart(poke, { startWorkflowOperation: operation });
      await (await operation.workflowHandle()).result();
    },
    async stop() {
      await connection.close();
      for (const child of children) child.kill('SIGTERM');
      await Promise.all(children.map((child) => once(child, 'exit')));
    },
  };
}

async function startWorker(
  role: string,
  bundle: string,
  { address, namespace }: { address: string; namespace: string },
): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'worker.ts'), role, bundle], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}
