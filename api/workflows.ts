/** Starting and talking to workflows, with the errors a caller can act on. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import {
  TypedSearchAttributes,
  type SearchAttributePair,
  type SignalDefinition,
  type UpdateDefinition,
  type Workflow,
} from '@temporalio/common';
import { AuraError } from '../domain/errors';
import { CLEARING_TASK_QUEUE, WORKFLOW_TASK_TIMEOUT_MS } from '../workflows/messages';
import { createShare, type Share } from './share';

export interface Start<Input> {
  type: string;
  id: string;
  input: Input;
  searchAttributes?: SearchAttributePair[];
}

function options<Input>({
  id,
  input,
  searchAttributes = [],
}: Start<Input>): WorkflowStartOptions<(input: Input) => Promise<unknown>> {
  return {
    workflowId: id,
    taskQueue: CLEARING_TASK_QUEUE,
    args: [input],
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    typedSearchAttributes: new TypedSearchAttributes(searchAttributes),
  };
}

/** Starts the workflow; where it ran or runs already, that is as good. */
export async function startOnce<Input>(client: Client, start: Start<Input>): Promise<void> {
  try {
    await client.workflow.start<(input: Input) => Promise<unknown>>(start.type, options(start));
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw unavailable(error);
  }
}

/**
 * Starts the workflow if need be and waits for the answer of an update. `undefined` when there was none in time or the
 * workflow has ended: then the books have it.
 */
export async function startAndAsk<Answer, Input>(
  client: Client,
  start: Start<Input>,
  update: UpdateDefinition<Answer, []>,
  waitMs: number,
): Promise<Answer | undefined> {
  const operation = new WithStartWorkflowOperation<Workflow>(start.type, options(start) as never);
  return within(client, waitMs, () =>
    client.workflow.executeUpdateWithStart(update, {
      startWorkflowOperation: operation,
      updateId: `${start.id}-first`,
    }),
  );
}

/** A workflow takes ten updates at once and no more: a process sends it one of a kind at a time, for all who ask. */
const SHARES = new WeakMap<Client, Share>();

function shareOf(client: Client): Share {
  const share = SHARES.get(client) ?? createShare();
  SHARES.set(client, share);
  return share;
}

/** Sends an update to a running workflow; `undefined` as in `startAndAsk`. */
export async function ask<Answer, Input = void>(
  client: Client,
  workflowId: string,
  update: UpdateDefinition<Answer, [Input] | []>,
  input: Input,
  waitMs: number,
): Promise<Answer | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  const typed = update as UpdateDefinition<Answer, [Input]>;
  const key = JSON.stringify([workflowId, update.name, input]);
  return shareOf(client)(key, () =>
    within(client, waitMs, () => handle.executeUpdate(typed, { args: [input] })),
  );
}

/** Tells a workflow something; one that has ended does not need to know. */
export async function tell(client: Client, workflowId: string, signal: SignalDefinition): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).signal(signal);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw unavailable(error);
  }
}

const REJECTED_MAX = 5;
const REJECTED_PAUSE_MS = 100;

async function within<T>(client: Client, waitMs: number, call: () => Promise<T>): Promise<T | undefined> {
  const deadline = Date.now() + waitMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.withDeadline(deadline, call);
    } catch (error) {
      const gone =
        error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError;
      if (gone || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return undefined;
      // An update that met a busy worker is rejected: nothing came of it, and it may be sent again.
      const again = error instanceof WorkflowUpdateFailedError && attempt < REJECTED_MAX;
      if (!again || Date.now() >= deadline) throw unavailable(error);
    }
    await sleep(REJECTED_PAUSE_MS * attempt);
  }
}

function unavailable(error: unknown): AuraError {
  const failure = new AuraError('SERVICE_UNAVAILABLE', 'The workflow service does not answer; try again.');
  failure.cause = error;
  return failure;
}
