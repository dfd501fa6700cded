import { CancellationScope, getExternalWorkflowHandle } from '@temporalio/workflow';
import { local } from './activities';
import { marginFunded, type DepositInput } from './messages';
import { carryOut } from './outgoing';

/** Takes a principal's own money in as collateral, and tells the deals and debts that wait for it. */
export function deposit(input: DepositInput): Promise<{ status: string }> {
  return CancellationScope.nonCancellable(() => take(input));
}

async function take({ depositId }: DepositInput): Promise<{ status: string }> {
  const instruction = await local.prepareDeposit({ depositId });
  const status = await carryOut(depositId, instruction, (asked) =>
    local.settleDeposit({ depositId, ...asked }),
  );
  const { waiting } = await local.depositEnded({ depositId });
  for (const workflowId of waiting) await tell(workflowId);
  return { status };
}

async function tell(workflowId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(marginFunded);
  } catch {
    // It ended meanwhile.
  }
}
