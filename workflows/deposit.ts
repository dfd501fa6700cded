import { CancellationScope, getExternalWorkflowHandle, sleep } from '@temporalio/workflow';
import { inquire, inquiryDelayMs, local, submit } from './activities';
import { marginFunded, type DepositInput } from './messages';

/** Takes a principal's own money in as collateral, and tells the deals that wait for it. */
export function deposit(input: DepositInput): Promise<{ status: string }> {
  return CancellationScope.nonCancellable(() => take(input));
}

async function take({ depositId }: DepositInput): Promise<{ status: string }> {
  const instruction = await local.prepareDeposit({ depositId });
  const instructionId = instruction.instruction.instruction_id;
  let answer = await submit(instruction);
  for (let inquiries = 0; ; inquiries++) {
    const result = await local.settleDeposit({ depositId, instructionId, answer });
    if (result.next === 'done') {
      for (const transactionId of result.waiting) await tell(transactionId);
      return { status: result.status };
    }
    await sleep(inquiryDelayMs(inquiries));
    answer = await inquire(instruction);
  }
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(marginFunded);
  } catch {
    // The deal ended meanwhile.
  }
}
