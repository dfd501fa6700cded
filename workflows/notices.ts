import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { local, rail } from './activities';
import { dealChanged, type NoticesInput } from './messages';
import { dispute } from './dispute';
import { follow } from './follow';
import { payInAgain } from './pay-in-again';
import { recovery } from './recovery';

const MAX_ROUNDS = 50;

/** Reads what a rail said of its own accord, and acts on each notice once. Scheduled, and run on a webhook's hint. */
export async function notices({ rail: name }: NoticesInput): Promise<{ applied: number }> {
  let applied = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { more } = await rail(name).fetchNotices({ rail: name });
    for (const noticeId of await local.openNotices({ rail: name })) {
      const effect = await local.applyNotice({ noticeId });
      applied++;
      if (effect.recoveryId) await follow(recovery, effect.recoveryId, { recoveryId: effect.recoveryId });
      if (effect.disputeId) await follow(dispute, effect.disputeId, { disputeId: effect.disputeId });
      if (effect.retry) await follow(payInAgain, `retry-${noticeId}`, effect.retry);
      if (effect.transactionId) await tell(effect.transactionId);
    }
    if (!more) break;
  }
  return { applied };
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(dealChanged);
  } catch {
    // Its last window is over; the books have the notice.
  }
}
