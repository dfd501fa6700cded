import { workflowInfo } from '@temporalio/workflow';
import { local } from './activities';
import { follow } from './follow';
import type { PayoutRunInput } from './messages';
import { payout } from './payout';

/** Pays every seller of a schedule what has gathered, one payout per principal and asset. */
export async function payoutRun({ schedule }: PayoutRunInput): Promise<{ payouts: number }> {
  const { runId } = workflowInfo();
  const owed = await local.payableBalances({ schedule });
  for (const { principalId, asset } of owed) {
    await follow(payout, `payout-${principalId}-${asset}-${runId}`, { principalId, asset, runId });
  }
  return { payouts: owed.length };
}
