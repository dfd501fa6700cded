/** Reconciliation: what the rail's statement says against what the books say. */
import { newId } from '../domain/ids';
import { reconcile } from '../domain/reconciliation/matching';
import { RAIL_POLICIES } from '../domain/reconciliation/policy';
import type { RailName } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import { inTransaction } from '../store/db';
import {
  applyFindings,
  candidatesFor,
  finishRun,
  matchWithdrawn,
  openLines,
  settleBreaks,
  type Run,
} from '../store/reconciliation';
import type { ActivityDeps } from './deps';
import { importReceived, type ImportedFile } from './statement-import';

/** Lines that are looked at, and locked, at once. */
const CHUNK = 500;

export interface ReconciledChunk {
  matched: number;
  /** Deals that cleared by this chunk, so that their workflows can be told. */
  cleared: string[];
  /** Where the next chunk begins, or null after the last. */
  next: string | null;
}

export function reconciliationActivities({ db }: Pick<ActivityDeps, 'db'>) {
  return {
    /** A run over the last `lookbackMs`, on the database's clock. */
    async planRun(input: { rail: string; asset: string; lookbackMs: number }): Promise<Run> {
      const to = await databaseNow(db);
      return {
        id: newId('reconciliation'),
        rail: input.rail as RailName,
        asset: input.asset,
        from: new Date(to.getTime() - input.lookbackMs).toISOString(),
        to: to.toISOString(),
      };
    },

    /** Takes in a file that finance sent, whole or not at all, and answers the run over it. */
    importStatement: (input: { sha256: string }): Promise<ImportedFile> => importReceived(db, input.sha256),

    /** Matches the rail's next open lines, oldest first; pay-ins go to cleared (T22). */
    async matchStatement({ run, after }: { run: Run; after: string }): Promise<ReconciledChunk> {
      const lines = await openLines(db, { rail: run.rail, after, limit: CHUNK });
      const next = lines.length < CHUNK ? null : (lines.at(-1)?.seq ?? null);
      if (lines.length === 0) return { matched: 0, cleared: [], next };
      const { matched: before, ...open } = await candidatesFor(db, run.rail, lines);
      const findings = reconcile(open, before, RAIL_POLICIES[run.rail]);
      if (findings.matches.length + findings.fees.length === 0) return { matched: 0, cleared: [], next };
      const by = { rail: run.rail, runId: run.id, actor: 'aura' };
      const applied = await inTransaction(db, (trx) => applyFindings(trx, findings, before, by));
      return { ...applied, next };
    },

    /** Files every difference that is left, and closes the run. */
    async closeRun({ run, matched }: { run: Run; matched: number }): Promise<{ openBreaks: number }> {
      return inTransaction(db, async (trx) => {
        const withdrawn = await matchWithdrawn(trx, run);
        const { found, open } = await settleBreaks(trx, run);
        await finishRun(trx, run.id, { matched: matched + withdrawn, breaks: found });
        return { openBreaks: open };
      });
    },
  };
}
