import { CancellationScope } from '@temporalio/workflow';
import { local } from './activities';
import type { NetPaymentInput } from './messages';
import { carryOut } from './outgoing';

/** One payment of a netting cycle, to its end. */
export function netPayment({ paymentId }: NetPaymentInput): Promise<{ status: string }> {
  return CancellationScope.nonCancellable(async () => {
    const { instruction } = await local.netPaymentInstruction({ paymentId });
    if (!instruction) return { status: 'ended' };
    const status = await carryOut(paymentId, instruction, (asked) =>
      local.settleNetPayment({ paymentId, ...asked }),
    );
    return { status };
  });
}
