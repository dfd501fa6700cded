import {
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { local } from './activities';
import { follow } from './follow';
import { dealChanged, disputeChanged, type DisputeInput } from './messages';
import { payout } from './payout';
import { refund } from './refund';

/** One dispute: the answer, the decision, the remedy. What it is decided by stands in the books, not here. */
export function dispute(input: DisputeInput): Promise<{ transition: string }> {
  return CancellationScope.nonCancellable(() => settle(input));
}

async function settle({ disputeId }: DisputeInput): Promise<{ transition: string }> {
  let told = false;
  let looks = 0;
  setHandler(disputeChanged, () => void (told = true));

  for (;;) {
    told = false;
    const step = await local.advanceDispute({ disputeId });
    if (step.changed) await tell(step.transactionId);
    switch (step.next) {
      case 'ended':
        if (step.payOut) {
          const { transactionId } = step;
          await follow(payout, `payout-${transactionId}`, { transactionId });
        }
        return { transition: step.transition };
      case 'look_again':
        looks = 0;
        break;
      case 'wait':
        looks = 0;
        await quiet(step.forMs);
        break;
      case 'wait_for_payment':
        await quiet(lookDelayMs(looks++));
        break;
      case 'refund':
        await follow(refund, `refund-${step.refundId}`, { refundId: step.refundId });
        await quiet(lookDelayMs(looks++));
        break;
    }
    if (workflowInfo().continueAsNewSuggested && !told) await continueAsNew<typeof dispute>({ disputeId });
  }

  async function quiet(forMs: number | null): Promise<void> {
    if (forMs === null) await condition(() => told);
    else await condition(() => told, forMs);
  }
}

const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 300_000;

/** The payment and the refund tell the deal and the books: they are looked at less and less often, up to every 5 minutes. */
function lookDelayMs(looks: number): number {
  return Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks, 20));
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(dealChanged);
  } catch {
    // The deal's workflow has ended; its state in the database is what counts.
  }
}
