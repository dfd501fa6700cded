import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  setHandler,
} from '@temporalio/workflow';
import { local } from './activities';
import { dealChanged, refundDecided, type RefundAnswer, type RefundInput } from './messages';
import { carryOut } from './outgoing';

/** Brings a refund to the buyer, and tells the deal. One that is asked for is decided on first. */
export async function refund({ refundId, order }: RefundInput): Promise<{ status: string }> {
  let decision: RefundAnswer | undefined;
  setHandler(refundDecided, async () => {
    await condition(() => decision !== undefined);
    return decision as RefundAnswer;
  });
  const status = await CancellationScope.nonCancellable(run);
  await condition(allHandlersFinished);
  return { status };

  async function run(): Promise<string> {
    decision = order ? await local.decideRefund({ refundId, order }) : { outcome: 'granted' };
    if (decision.outcome === 'refused') return 'refused';
    if (order) await tell(order.transactionId);
    const prepared = await local.prepareRefund({ refundId });
    const ended =
      prepared.outcome === 'ended'
        ? 'ended'
        : await carryOut(refundId, prepared.instruction, (asked) =>
            local.settleRefund({ refundId, ...asked }),
          );
    const { transactionId } = await local.refundEnded({ refundId });
    await tell(transactionId);
    return ended;
  }
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(dealChanged);
  } catch {
    // The deal's workflow is over; its books have the refund.
  }
}
