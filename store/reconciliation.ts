/** Reconciliation runs, their breaks, and the report that ties the ledger to the rails' statements. */
import { newId } from '../domain/ids';
import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';
import type { AlteredLine } from './statements';

export interface Run {
  id: string;
  rail: RailName;
  from: string;
  to: string;
  asset: string;
}

export async function openRun(db: Queryable, run: Run): Promise<void> {
  await db.raw(
    `INSERT INTO reconciliation_runs (id, rail, period_from, period_to, asset) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    [run.id, run.rail, run.from, run.to, run.asset],
  );
}

export async function recordStatement(
  db: Queryable,
  runId: string,
  statement: { openingMinor: bigint; closingMinor: bigint; lines: number },
): Promise<void> {
  await db('reconciliation_runs').where({ id: runId }).update({
    opening_minor: statement.openingMinor.toString(),
    closing_minor: statement.closingMinor.toString(),
    lines: statement.lines,
  });
}

export interface FoundBreak {
  kind: 'missing_at_rail' | 'missing_in_ledger' | 'amount' | 'duplicate' | 'late' | 'altered';
  key: string;
  instructionId: string | null;
  statementLine: string | null;
  asset: string;
  expectedMinor: string | null;
  actualMinor: string | null;
  detail: string;
}

export function alteredBreak(line: AlteredLine): FoundBreak {
  return {
    kind: 'altered',
    key: `altered:${line.seq}:${line.nowMinor}`,
    instructionId: null,
    statementLine: line.seq,
    asset: line.asset,
    expectedMinor: line.beforeMinor,
    actualMinor: line.nowMinor,
    detail: `line ${line.reference} came again with another content`,
  };
}

/** Every difference between the books and the statement of the run's period. */
export async function findBreaks(trx: Trx, run: Run): Promise<FoundBreak[]> {
  const period = { rail: run.rail, from: run.from, to: run.to, run: run.id };
  const atRail = await rows<FoundBreak>(
    trx,
    `SELECT 'missing_at_rail' AS kind, 'missing_at_rail:' || i.id AS key, i.id AS "instructionId",
       NULL AS "statementLine", i.asset, i.amount_minor AS "expectedMinor", NULL AS "actualMinor",
       CASE WHEN m.seq IS NULL THEN i.kind || ' ' || i.id || ' was proved, but is not on the statement'
            ELSE i.kind || ' ' || i.id || ' was on an earlier statement and is gone' END AS detail
     FROM instructions i JOIN proofs p ON p.instruction_id = i.id AND p.accepted
     LEFT JOIN statement_lines m ON m.matched_instruction_id = i.id
     WHERE i.rail = :rail AND (p.statement->>'executed_at')::timestamptz >= :from
       AND (p.statement->>'executed_at')::timestamptz < :to
       AND (m.seq IS NULL OR (m.booked_at >= :from AND m.booked_at < :to AND m.last_seen_run IS DISTINCT FROM :run))`,
    period,
  );
  const inLedger = await rows<FoundBreak>(
    trx,
    `SELECT CASE WHEN i.id IS NULL THEN 'missing_in_ledger'
                 WHEN EXISTS (SELECT 1 FROM statement_lines m WHERE m.matched_instruction_id = i.id) THEN 'duplicate'
                 WHEN i.status IN ('rejected', 'never_executed') THEN 'late'
                 ELSE 'amount' END AS kind,
       'line:' || l.seq AS key, i.id AS "instructionId", l.seq AS "statementLine", l.asset,
       i.amount_minor AS "expectedMinor", l.amount_minor AS "actualMinor",
       l.direction || ' ' || l.reference || ' is on the statement' ||
         coalesce(' for ' || i.id || ', which is ' || i.status, ' and belongs to no instruction') AS detail
     FROM statement_lines l LEFT JOIN instructions i ON i.id = l.instruction_id
     WHERE l.rail = :rail AND l.booked_at >= :from AND l.booked_at < :to AND l.matched_instruction_id IS NULL
       AND NOT coalesce(i.status = 'signed' AND i.expires_at > now(), false)`,
    period,
  );
  const inSuspense = await rows<FoundBreak>(
    trx,
    `SELECT 'amount' AS kind, 'amount:' || i.id AS key, i.id AS "instructionId", l.seq AS "statementLine", l.asset,
       i.amount_minor AS "expectedMinor", l.amount_minor AS "actualMinor",
       i.kind || ' ' || i.id || ' executed otherwise than instructed; the money is in suspense' AS detail
     FROM instructions i JOIN statement_lines l ON l.matched_instruction_id = i.id
     WHERE i.rail = :rail AND i.status = 'nonconforming' AND l.booked_at >= :from AND l.booked_at < :to
       AND NOT EXISTS (SELECT 1 FROM instructions r WHERE r.subject_id = i.subject_id AND r.kind = 'return'
                       AND r.status = 'executed')`,
    { rail: run.rail, from: run.from, to: run.to },
  );
  return [...atRail, ...inLedger, ...inSuspense];
}

/** Files breaks once each, and closes the rail's open ones that this run did not find again. */
export async function fileBreaks(
  trx: Trx,
  run: Run,
  found: readonly FoundBreak[],
): Promise<{ open: number }> {
  if (found.length > 0) {
    await trx.raw(
      `INSERT INTO breaks (id, rail, kind, key, run_id, instruction_id, statement_line, asset, expected_minor,
         actual_minor, detail)
       SELECT b.id, :rail, b.kind, b.key, :run, b."instructionId", b."statementLine", b.asset, b."expectedMinor",
         b."actualMinor", b.detail
       FROM jsonb_to_recordset(:found::jsonb) AS b(id text, kind text, key text, "instructionId" text,
         "statementLine" bigint, asset text, "expectedMinor" numeric, "actualMinor" numeric, detail text)
       ON CONFLICT (key) DO UPDATE
       SET status = 'open', resolved_at = NULL, kind = excluded.kind, detail = excluded.detail`,
      {
        rail: run.rail,
        run: run.id,
        found: JSON.stringify(found.map((item) => ({ id: newId('break'), ...item }))),
      },
    );
  }
  // A break is closed by a run that covers what it is about and no longer sees it, whichever run found it; an altered
  // line stays until someone decides.
  await trx.raw(
    `UPDATE breaks SET status = 'resolved', resolved_at = now()
     FROM (SELECT b.id, coalesce(l.booked_at, (p.statement->>'executed_at')::timestamptz) AS at
           FROM breaks b LEFT JOIN statement_lines l ON l.seq = b.statement_line
           LEFT JOIN proofs p ON p.instruction_id = b.instruction_id AND p.accepted
           WHERE b.rail = :rail AND b.status = 'open' AND b.kind <> 'altered' AND NOT b.key = ANY(:keys)) gone
     WHERE breaks.id = gone.id AND gone.at >= :from AND gone.at < :to`,
    { rail: run.rail, from: run.from, to: run.to, keys: found.map(({ key }) => key) },
  );
  const [left] = await rows<{ open: string }>(
    trx,
    `SELECT count(*) AS open FROM breaks WHERE rail = ? AND status = 'open'`,
    [run.rail],
  );
  return { open: Number(left?.open ?? 0) };
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

export interface ReportRow {
  rail: RailName;
  asset: string;
  businessDate: string;
  /** The paying or paid principal; null for lines that belong to nobody. */
  principalId: string | null;
  lines: number;
  creditsMinor: bigint;
  debitsMinor: bigint;
  feesMinor: bigint;
  unmatchedLines: number;
  /** What the ledger booked on the rail's cash account for these lines. */
  ledgerMinor: bigint;
  /** Credits less debits less fees of matched lines, less the ledger: zero when the books tie. */
  differenceMinor: bigint;
}

interface ReportSqlRow {
  rail: RailName;
  asset: string;
  businessDate: string;
  principalId: string | null;
  lines: string;
  credits: string;
  debits: string;
  fees: string;
  unmatched: string;
  ledger: string;
  difference: string;
}

export interface ReportFilter {
  rail?: string;
  from?: string;
  to?: string;
  /** Only lines of this principal. */
  principalId?: string;
}

/** Totals by rail, currency, business day and principal, each tied to the ledger. Days are inclusive. */
export async function reportRows(db: Queryable, filter: ReportFilter): Promise<ReportRow[]> {
  const found = await rows<ReportSqlRow>(
    db,
    `WITH lines AS (
       SELECT l.*, coalesce(CASE i.kind WHEN 'pay_in' THEN t.buyer_principal_id END, d.principal_id, p.principal_id)
           AS principal_id,
         CASE l.direction WHEN 'credit' THEN l.amount_minor ELSE 0 END AS credit,
         CASE l.direction WHEN 'debit' THEN l.amount_minor ELSE 0 END AS debit,
         coalesce((
           SELECT sum(CASE q.side WHEN 'debit' THEN q.amount_minor ELSE -q.amount_minor END)
           FROM entries e JOIN postings q ON q.entry_id = e.id JOIN accounts a ON a.id = q.account_id
           WHERE a.kind = 'cash' AND e.key = 'statement_line:' || l.rail || ':' || l.network || ':' || l.business_date
             || ':' || l.reference || ':' || l.line), 0) AS booked
       FROM statement_lines l
       LEFT JOIN instructions i ON i.id = coalesce(l.matched_instruction_id, l.instruction_id)
       LEFT JOIN transactions t ON t.id = i.transaction_id
       LEFT JOIN deposits d ON d.id = i.subject_id
       LEFT JOIN payouts p ON p.id = i.subject_id
       WHERE (:rail::text IS NULL OR l.rail = :rail)
         AND (:from::date IS NULL OR l.business_date >= :from::date)
         AND (:to::date IS NULL OR l.business_date <= :to::date)
     )
     SELECT rail, asset, business_date AS "businessDate", principal_id AS "principalId", count(*) AS lines,
       sum(credit) AS credits, sum(debit) AS debits, sum(fee_minor) AS fees,
       count(*) FILTER (WHERE matched_instruction_id IS NULL) AS unmatched, sum(booked) AS ledger,
       coalesce(sum(credit - debit - fee_minor) FILTER (WHERE matched_instruction_id IS NOT NULL), 0) - sum(booked)
         AS difference
     FROM lines WHERE (:principal::text IS NULL OR principal_id = :principal)
     GROUP BY rail, asset, business_date, principal_id ORDER BY rail, asset, business_date, principal_id NULLS LAST`,
    {
      rail: filter.rail ?? null,
      from: filter.from ?? null,
      to: filter.to ?? null,
      principal: filter.principalId ?? null,
    },
  );
  return found.map((row) => ({
    rail: row.rail,
    asset: row.asset,
    businessDate: row.businessDate,
    principalId: row.principalId,
    lines: Number(row.lines),
    creditsMinor: BigInt(row.credits),
    debitsMinor: BigInt(row.debits),
    feesMinor: BigInt(row.fees),
    unmatchedLines: Number(row.unmatched),
    ledgerMinor: BigInt(row.ledger),
    differenceMinor: BigInt(row.difference),
  }));
}

export interface BreakView {
  id: string;
  rail: RailName;
  kind: FoundBreak['kind'];
  asset: string;
  expectedMinor: string | null;
  actualMinor: string | null;
  instructionId: string | null;
  detail: string;
  status: 'open' | 'resolved';
  foundAt: Date;
}

export function listBreaks(
  db: Queryable,
  filter: { rail?: string; status?: string; limit: number },
): Promise<BreakView[]> {
  return rows<BreakView>(
    db,
    `SELECT id, rail, kind, asset, expected_minor AS "expectedMinor", actual_minor AS "actualMinor",
       instruction_id AS "instructionId", detail, status, found_at AS "foundAt"
     FROM breaks WHERE (:rail::text IS NULL OR rail = :rail) AND (:status::text IS NULL OR status = :status)
     ORDER BY found_at DESC, id DESC LIMIT :limit`,
    { rail: filter.rail ?? null, status: filter.status ?? null, limit: filter.limit },
  );
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

export async function latestRuns(db: Queryable): Promise<RunView[]> {
  return rows<RunView>(
    db,
    `SELECT DISTINCT ON (rail) id, rail, asset, period_from AS "from", period_to AS "to", opening_minor AS "openingMinor",
       closing_minor AS "closingMinor", lines, matched, breaks, finished_at AS "finishedAt"
     FROM reconciliation_runs WHERE finished_at IS NOT NULL ORDER BY rail, finished_at DESC`,
  );
}
