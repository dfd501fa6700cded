import { getExternalWorkflowHandle, sleep } from '@temporalio/workflow';
import { local } from './activities';
import { dealChanged, type RetryInput } from './messages';
import { carryOut } from './outgoing';

/** Presents a returned payment once more, where the rail's rules allow it (X7 when it is proved). */
export async function payInAgain({ transactionId, afterMs }: RetryInput): Promise<{ status: string }> {
  await sleep(afterMs);
  const prepared = await local.prepareRetry({ transactionId });
  if (prepared.outcome === 'nothing') return { status: prepared.reason };
  const { instruction } = prepared;
  const status = await carryOut(transactionId, instruction, (asked) =>
    local.settleRetry({ transactionId, ...asked }),
  );
  try {
    await getExternalWorkflowHandle(transactionId).signal(dealChanged);
  } catch {
    // The deal's workflow is over; its books have it.
  }
  return { status };
}
