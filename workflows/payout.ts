import { CancellationScope } from '@temporalio/workflow';
import { local } from './activities';
import type { PayoutInput } from './messages';
import { carryOut } from './outgoing';

/** Pays a seller what its deals have released, proved like the payments that came in. */
export function payout(input: PayoutInput): Promise<{ status: string }> {
  return CancellationScope.nonCancellable(() => pay(input));
}

async function pay(input: PayoutInput): Promise<{ status: string }> {
  const prepared = await local.preparePayout(input);
  if (prepared.outcome === 'nothing') return { status: prepared.reason };
  const { payoutId, instruction } = prepared;
  const status = await carryOut(payoutId, instruction, (asked) => local.settlePayout({ payoutId, ...asked }));
  return { status };
}
