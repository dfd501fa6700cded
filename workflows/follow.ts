import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';

/** Starts a workflow that goes its own way from here; one that runs or ran under that id is as good. */
export async function follow<Input>(
  type: (input: Input) => Promise<unknown>,
  workflowId: string,
  input: Input,
): Promise<void> {
  try {
    await startChild(type, { args: [input], workflowId, parentClosePolicy: ParentClosePolicy.ABANDON });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
