import { CancellationScope, sleep } from '@temporalio/workflow';
import { inquire, inquiryDelayMs, local, submit } from './activities';
import type { PayoutInput } from './messages';

/** Pays a deal's proceeds to its seller, proved like the payment that came in. */
export function payout(input: PayoutInput): Promise<{ status: string }> {
  return CancellationScope.nonCancellable(() => pay(input));
}

async function pay({ transactionId }: PayoutInput): Promise<{ status: string }> {
  let prepared = await local.preparePayout({ transactionId });
  if (prepared.outcome === 'nothing') return { status: prepared.reason };
  let answer = await submit(prepared.instruction);
  for (let inquiries = 0; ; inquiries++) {
    const { payoutId, instruction } = prepared;
    const result = await local.settlePayout({
      payoutId,
      instructionId: instruction.instruction.instruction_id,
      answer,
    });
    switch (result.next) {
      case 'done':
        return { status: result.status };
      case 'resubmit':
        prepared = await local.preparePayout({ transactionId });
        if (prepared.outcome === 'nothing') return { status: prepared.reason };
        answer = await submit(prepared.instruction);
        break;
      case 'inquire':
        await sleep(inquiryDelayMs(inquiries));
        answer = await inquire(instruction);
        break;
    }
  }
}
