import { continueAsNew, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { ReconciledChunk } from '../activities/reconciliation';
import { closing, local, statements } from './activities';
import {
  statementMatched,
  type ReconciliationInput,
  type ReconciliationProgress,
  type ReconciliationResult,
} from './messages';

/** Reads a rail's statement or a file of it, clears what matches, files what does not. */
export async function reconciliation(input: ReconciliationInput): Promise<ReconciliationResult> {
  const begun = input.progress ?? (await begin(input));
  if ('refused' in begun) return { runId: '', lines: 0, matched: 0, openBreaks: 0, refused: begun.refused };
  const { run, lines } = begun;
  let { matched, after } = begun;
  for (let next: string | null = after; next !== null;) {
    const chunk: ReconciledChunk = await local.matchStatement({ run, after: next });
    matched += chunk.matched;
    next = chunk.next;
    await Promise.all(chunk.cleared.map(tell));
    after = next ?? after;
    // A long statement would outgrow one history.
    if (next !== null && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof reconciliation>({ ...input, progress: { run, lines, matched, after } });
  }
  const { openBreaks } = await closing.closeRun({ run, matched });
  return { runId: run.id, lines, matched, openBreaks };
}

async function begin(
  input: ReconciliationInput,
): Promise<ReconciliationProgress | { refused: NonNullable<ReconciliationResult['refused']> }> {
  if (input.fileSha256 !== undefined) {
    const file = await closing.importStatement({ sha256: input.fileSha256 });
    if (file.outcome === 'refused') return { refused: file.problem };
    return { run: file.run, lines: file.lines, matched: 0, after: '0' };
  }
  const run = await local.planRun(input);
  const { lines } = await statements(input.rail).fetchStatement({ run });
  return { run, lines, matched: 0, after: '0' };
}

async function tell(transactionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(transactionId).signal(statementMatched);
  } catch {
    // The deal's workflow has ended; its state in the database is what counts.
  }
}
