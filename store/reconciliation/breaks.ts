/** Breaks: filed once, closed when they are explained, or by an operator with a reason. */
import type { BreakKind, Resolution } from '../../domain/reconciliation/breaks';
import { newId } from '../../domain/ids';
import type { RailName } from '../../domain/settlement';
import { rows, type Queryable, type Trx } from '../db';
import { findBreaks, type FoundBreak } from './differences';
import type { Run } from './runs';

/** Files breaks once each. One that an operator resolved stays so; any other opens again when it is found again. */
export async function fileBreaks(trx: Trx, run: Run, found: readonly FoundBreak[]): Promise<void> {
  if (found.length === 0) return;
  await trx.raw(
    `INSERT INTO breaks (id, rail, kind, key, run_id, last_found_run, instruction_id, notice_id, statement_line, asset,
       expected_minor, actual_minor, detail)
     SELECT b.id, :rail, b.kind, b.key, :run, :run, b."instructionId", b."noticeId", b."statementLine", b.asset,
       b."expectedMinor", b."actualMinor", b.detail
     FROM jsonb_to_recordset(:found::jsonb) AS b(id text, kind text, key text, "instructionId" text, "noticeId" text,
       "statementLine" bigint, asset text, "expectedMinor" numeric, "actualMinor" numeric, detail text)
     ON CONFLICT (key) DO UPDATE
     SET status = 'open', resolved_at = NULL, resolution = NULL, resolved_by = NULL, kind = excluded.kind,
       detail = excluded.detail, expected_minor = excluded.expected_minor, actual_minor = excluded.actual_minor,
       last_found_run = excluded.last_found_run
     WHERE breaks.resolution IS DISTINCT FROM 'operator'`,
    {
      rail: run.rail,
      run: run.id,
      found: JSON.stringify(found.map((item) => ({ id: newId('break'), ...item }))),
    },
  );
}

/**
 * Closes what is explained: breaks that the run covers and did not find again, whichever run found them, and those whose
 * line or movement was matched since. An altered line stays until someone decides.
 */
export async function closeExplained(trx: Trx, run: Run): Promise<void> {
  await trx.raw(
    `UPDATE breaks SET status = 'resolved', resolution = 'explained', resolved_at = now()
     FROM (SELECT b.id, coalesce(l.booked_at, v.at) AS at
           FROM breaks b LEFT JOIN statement_lines l ON l.seq = b.statement_line
           LEFT JOIN movements v ON v.id = coalesce(b.notice_id, b.instruction_id)
           WHERE b.rail = :rail AND b.status = 'open' AND b.kind <> 'altered'
             AND (:complete OR b.statement_line IS NOT NULL) AND b.last_found_run IS DISTINCT FROM :run) gone
     WHERE breaks.id = gone.id AND gone.at >= :from AND gone.at < :to`,
    { rail: run.rail, run: run.id, complete: run.complete ?? true, from: run.from, to: run.to },
  );
  await trx.raw(
    `UPDATE breaks b SET status = 'resolved', resolution = 'matched', resolved_at = now()
     WHERE b.rail = :rail AND b.status = 'open' AND b.kind <> 'altered' AND b.last_found_run IS DISTINCT FROM :run
       AND (b.key LIKE 'line:%' AND EXISTS (
              SELECT 1 FROM statement_lines l WHERE l.seq = b.statement_line AND l.match_id IS NOT NULL)
         OR b.kind = 'missing_at_rail' AND EXISTS (
              SELECT 1 FROM matched_movements v JOIN matches m ON m.id = v.match_id
              WHERE (v.notice_id = b.notice_id OR b.notice_id IS NULL AND v.instruction_id = b.instruction_id)
                AND m.at > b.found_at))`,
    { rail: run.rail, run: run.id },
  );
}

export async function countOpen(db: Queryable, rail: string): Promise<number> {
  const [left] = await rows<{ open: string }>(
    db,
    `SELECT count(*) AS open FROM breaks WHERE rail = ? AND status = 'open'`,
    [rail],
  );
  return Number(left?.open ?? 0);
}

/** Finds, files and closes, page by page. */
export async function settleBreaks(trx: Trx, run: Run): Promise<{ found: number; open: number }> {
  let found = 0;
  for await (const page of findBreaks(trx, run)) {
    found += page.length;
    await fileBreaks(trx, run, page);
  }
  await closeExplained(trx, run);
  return { found, open: await countOpen(trx, run.rail) };
}

export interface BreakView {
  id: string;
  rail: RailName;
  kind: BreakKind;
  asset: string;
  expectedMinor: string | null;
  actualMinor: string | null;
  instructionId: string | null;
  noticeId: string | null;
  statementLine: string | null;
  detail: string;
  status: 'open' | 'resolved';
  resolution: Resolution | null;
  resolvedBy: string | null;
  reason: string | null;
  foundAt: Date;
  resolvedAt: Date | null;
}

const COLUMNS = `id, rail, kind, asset, expected_minor AS "expectedMinor", actual_minor AS "actualMinor",
  instruction_id AS "instructionId", notice_id AS "noticeId", statement_line AS "statementLine", detail, status,
  resolution, resolved_by AS "resolvedBy", resolution_reason AS reason, found_at AS "foundAt",
  resolved_at AS "resolvedAt"`;

/** Open ones first, the newest first. */
export function listBreaks(
  db: Queryable,
  filter: { rail?: string; status?: string; limit: number },
): Promise<BreakView[]> {
  return rows<BreakView>(
    db,
    `SELECT ${COLUMNS} FROM breaks
     WHERE (:rail::text IS NULL OR rail = :rail) AND (:status::text IS NULL OR status = :status)
     ORDER BY status, found_at DESC, id DESC LIMIT :limit`,
    { rail: filter.rail ?? null, status: filter.status ?? null, limit: filter.limit },
  );
}

/** An operator's decision that a break needs nothing more. Undefined where there is no open break of that id. */
export async function resolveBreak(
  trx: Trx,
  decision: { breakId: string; operatorId: string; reason: string },
): Promise<BreakView | undefined> {
  const [resolved] = await rows<BreakView>(
    trx,
    `UPDATE breaks SET status = 'resolved', resolution = 'operator', resolved_by = :operator,
       resolution_reason = :reason, resolved_at = now()
     WHERE id = :id AND status = 'open' RETURNING ${COLUMNS}`,
    { id: decision.breakId, operator: decision.operatorId, reason: decision.reason },
  );
  return resolved;
}

export async function findBreak(db: Queryable, id: string): Promise<BreakView | undefined> {
  const [found] = await rows<BreakView>(db, `SELECT ${COLUMNS} FROM breaks WHERE id = ?`, [id]);
  return found;
}

/** Open breaks of these lines and movements end with an operator's match of them. */
export async function resolveMatched(
  trx: Trx,
  matched: { lines: readonly string[]; movements: readonly string[]; operatorId: string },
): Promise<void> {
  await trx.raw(
    `UPDATE breaks SET status = 'resolved', resolution = 'matched', resolved_by = :operator, resolved_at = now()
     WHERE status = 'open' AND kind <> 'altered'
       AND (statement_line = ANY(:lines::bigint[]) AND key LIKE 'line:%'
         OR kind = 'missing_at_rail' AND coalesce(notice_id, instruction_id) = ANY(:movements::text[]))`,
    { lines: [...matched.lines], movements: [...matched.movements], operator: matched.operatorId },
  );
}
