/** Reconciliation runs: one reading of a rail's statement. */
import type { RailName } from '../../domain/settlement';
import { rows, type Queryable, type Trx } from '../db';

export interface Run {
  id: string;
  rail: RailName;
  /** RFC 3339; `from` inclusive, `to` exclusive. */
  from: string;
  to: string;
  asset: string;
  /** Whether the statement has every line of the period, so that what is not on it is missing. Default true. */
  complete?: boolean;
}

export async function openRun(db: Queryable, run: Run): Promise<void> {
  await db.raw(
    `INSERT INTO reconciliation_runs (id, rail, period_from, period_to, asset, complete) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    [run.id, run.rail, run.from, run.to, run.asset, run.complete ?? true],
  );
}

export async function recordStatement(
  db: Queryable,
  runId: string,
  statement: { openingMinor?: bigint; closingMinor?: bigint; lines: number },
): Promise<void> {
  await db('reconciliation_runs')
    .where({ id: runId })
    .update({
      opening_minor: statement.openingMinor?.toString() ?? null,
      closing_minor: statement.closingMinor?.toString() ?? null,
      lines: statement.lines,
    });
}

export async function finishRun(
  trx: Trx,
  runId: string,
  totals: { matched: number; breaks: number },
): Promise<void> {
  await trx('reconciliation_runs')
    .where({ id: runId })
    .update({ ...totals, finished_at: trx.fn.now() });
}

export interface RunView {
  id: string;
  rail: RailName;
  asset: string;
  from: Date;
  to: Date;
  openingMinor: string | null;
  closingMinor: string | null;
  lines: number;
  matched: number;
  breaks: number;
  finishedAt: Date | null;
}

/** The last finished run of each rail and asset. */
export async function latestRuns(db: Queryable): Promise<RunView[]> {
  return rows<RunView>(
    db,
    `SELECT DISTINCT ON (rail, asset) id, rail, asset, period_from AS "from", period_to AS "to",
       opening_minor AS "openingMinor", closing_minor AS "closingMinor", lines, matched, breaks,
       finished_at AS "finishedAt"
     FROM reconciliation_runs WHERE finished_at IS NOT NULL ORDER BY rail, asset, finished_at DESC`,
  );
}
