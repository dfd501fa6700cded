import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { local, statements } from './activities';
import { statementMatched, type ReconciliationInput, type ReconciliationResult } from './messages';

/** Reads a rail's statement, clears what matches, files what does not. */
export async function reconciliation(input: ReconciliationInput): Promise<ReconciliationResult> {
  const run = await local.planRun(input);
  const { lines, altered } = await statements(input.rail).fetchStatement({ run });
  let matched = 0;
  for (let more = true; more;) {
    const batch = await local.matchStatement({ run });
    matched += batch.matched;
    more = batch.more;
    await Promise.all(batch.cleared.map(tell));
  }
  const { openBreaks } = await local.closeRun({ run, altered, matched });
  return { runId: run.id, lines, matched, openBreaks };
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(statementMatched);
  } catch {
    // The deal's workflow has ended; its state in the database is what counts.
  }
}
