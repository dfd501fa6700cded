import {
  CancellationScope,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import { ApplicationFailure } from '@temporalio/common';
import type { ClearingActivities } from '../activities';
import type { NettingInput } from './messages';
import { netPayment } from './net-payment';
import { tellDeals } from './tell-deals';

/** What many deals make long. */
const cycles = proxyActivities<Pick<ClearingActivities, 'advanceCycle' | 'clearCycle'>>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** Closes and new closes, rounds of telling and of payments: far more than a cycle of so many deals can need. */
const MAX_ROUNDS = 5_000;
const FIRST_LOOK_MS = 5_000;
const LAST_LOOK_MS = 3_600_000;
/** About two weeks. What clears later is found by the runs that close the next cycles. */
const MAX_LOOKS = 350;

/** One cycle: its close, its payers' payments, its payees', and T22 once the statement has what came in. */
export function netting({ cycleId }: NettingInput): Promise<{ cleared: boolean }> {
  return CancellationScope.nonCancellable(async () => {
    await settle(cycleId);
    return { cleared: await clear(cycleId) };
  });
}

async function settle(cycleId: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { pay, tell, ended } = await cycles.advanceCycle({ cycleId });
    await tellDeals(tell);
    await Promise.all(pay.map(carryOut));
    if (ended && tell.length === 0) return;
  }
  throw ApplicationFailure.nonRetryable(`${cycleId} does not come to an end`, 'CycleStuck');
}

/** A payment whose workflow failed is looked at again in the next round. */
async function carryOut(paymentId: string): Promise<void> {
  try {
    await executeChild(netPayment, {
      args: [{ paymentId }],
      workflowId: paymentId,
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  } catch {
    await sleep(LAST_LOOK_MS);
  }
}

async function clear(cycleId: string): Promise<boolean> {
  for (let look = 0; look < MAX_LOOKS; look++) {
    const { cleared, tell } = await cycles.clearCycle({ cycleId });
    await tellDeals(tell);
    if (cleared && tell.length === 0) return true;
    if (tell.length === 0) await sleep(Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(look, 20)));
  }
  return false;
}
