import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { local } from './activities';
import { dealChanged } from './messages';

/** Tells deals that their cycle has something new for them. */
export async function tellDeals(transactionIds: string[]): Promise<void> {
  if (transactionIds.length === 0) return;
  await Promise.all(transactionIds.map(tell));
  await local.dealsTold({ transactionIds });
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(dealChanged);
  } catch {
    // Its workflow has ended; the books have it.
  }
}
