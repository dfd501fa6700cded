/** The report: totals of the statements' lines, each tied to what the ledger booked for them. */
import type { BreakKind } from '../../domain/reconciliation/breaks';
import type { RuleName } from '../../domain/reconciliation/model';
import type { RailName } from '../../domain/settlement';
import { rows, type Queryable } from '../db';

export interface ReportFilter {
  rail?: string;
  /** Business dates, both inclusive. */
  from?: string;
  to?: string;
  /** Only this principal's lines and parts of lines. */
  principalId?: string;
}

export interface ReportRow {
  rail: RailName;
  asset: string;
  businessDate: string;
  /** The paying or paid principal; null for lines, and rests of batch lines, that belong to nobody. */
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

/** Rows of the report that are answered at most. */
export const MAX_REPORT_ROWS = 20_000;

/** Lines that stand on the statements, with what was booked for each and who its match is about. */
const LINES = `
  SELECT l.seq, l.rail, l.asset, l.business_date, l.booked_at, l.fee_minor, l.amount_minor, l.match_id,
    CASE l.direction WHEN 'credit' THEN 1 ELSE -1 END AS sign, l.instruction_id,
    coalesce(b.minor, 0) AS booked
  FROM statement_lines l
  LEFT JOIN LATERAL (
    SELECT sum(CASE q.side WHEN 'debit' THEN q.amount_minor ELSE -q.amount_minor END) AS minor
    FROM entries e JOIN postings q ON q.entry_id = e.id JOIN accounts a ON a.id = q.account_id
    WHERE a.kind = 'cash' AND e.key IN (
        'statement_line:' || l.rail || ':' || l.network || ':' || l.business_date || ':' || l.reference || ':' || l.line,
        'unmatched_line:' || l.rail || ':' || l.network || ':' || l.business_date || ':' || l.reference || ':' || l.line)
  ) b ON l.match_id IS NOT NULL
  WHERE l.withdrawn_at IS NULL AND (:rail::text IS NULL OR l.rail = :rail)`;

/** Totals by rail, currency, business day and principal, each tied to the ledger. */
export async function reportRows(db: Queryable, filter: ReportFilter): Promise<ReportRow[]> {
  const found = await rows<Record<string, string> & { rail: RailName; principalId: string | null }>(
    db,
    `WITH lines AS (${LINES}
         AND (:from::date IS NULL OR l.business_date >= :from::date)
         AND (:to::date IS NULL OR l.business_date <= :to::date)
     ), about AS (
       SELECT l.*, m.movements, CASE WHEN m.movements > 1 THEN m.total ELSE 0 END AS parts,
         coalesce(m.instruction_id, l.instruction_id) AS subject
       FROM lines l LEFT JOIN LATERAL (
         SELECT count(*) AS movements, sum(v.amount_minor) AS total,
           min(coalesce(v.instruction_id, n.instruction_id)) AS instruction_id
         FROM matched_movements v LEFT JOIN rail_notices n ON n.id = v.notice_id WHERE v.match_id = l.match_id
       ) m ON true
     ), shares AS (
       SELECT a.rail, a.asset, a.business_date, p.principal_id, a.sign, v.amount_minor AS amount, 0 AS fee,
         true AS matched, a.sign * v.amount_minor AS booked
       FROM about a JOIN matched_movements v ON v.match_id = a.match_id LEFT JOIN rail_notices n ON n.id = v.notice_id
       LEFT JOIN instruction_principals p ON p.instruction_id = coalesce(v.instruction_id, n.instruction_id)
       WHERE a.movements > 1
       UNION ALL
       SELECT a.rail, a.asset, a.business_date, CASE WHEN a.movements > 1 THEN NULL ELSE p.principal_id END, a.sign,
         a.amount_minor - a.parts, a.fee_minor, a.match_id IS NOT NULL, a.booked - a.sign * a.parts
       FROM about a LEFT JOIN instruction_principals p ON p.instruction_id = a.subject
       WHERE a.movements <= 1 OR a.amount_minor <> a.parts OR a.fee_minor > 0 OR a.booked <> a.sign * a.parts
     )
     SELECT rail, asset, business_date AS "businessDate", principal_id AS "principalId", count(*) AS lines,
       coalesce(sum(amount) FILTER (WHERE sign = 1), 0) AS credits,
       coalesce(sum(amount) FILTER (WHERE sign = -1), 0) AS debits, sum(fee) AS fees,
       count(*) FILTER (WHERE NOT matched) AS unmatched, sum(booked) AS ledger,
       coalesce(sum(sign * amount - fee) FILTER (WHERE matched), 0) - sum(booked) AS difference
     FROM shares WHERE (:principal::text IS NULL OR principal_id = :principal)
     GROUP BY rail, asset, business_date, principal_id ORDER BY rail, asset, business_date, principal_id NULLS LAST
     LIMIT ${MAX_REPORT_ROWS}`,
    bindings(filter),
  );
  return found.map((row) => ({
    rail: row.rail,
    asset: row.asset ?? '',
    businessDate: row.businessDate ?? '',
    principalId: row.principalId,
    lines: Number(row.lines),
    creditsMinor: minor(row.credits),
    debitsMinor: minor(row.debits),
    feesMinor: minor(row.fees),
    unmatchedLines: Number(row.unmatched),
    ledgerMinor: minor(row.ledger),
    differenceMinor: minor(row.difference),
  }));
}

/** A day of AURA's account at a rail. Opening + credits − debits − fees = closing. */
export interface DayBalance {
  rail: RailName;
  asset: string;
  businessDate: string;
  lines: number;
  openingMinor: bigint;
  creditsMinor: bigint;
  debitsMinor: bigint;
  feesMinor: bigint;
  closingMinor: bigint;
  /** The ledger's cash for the lines up to this day; short of the closing by the lines that are not matched. */
  ledgerMinor: bigint;
  unmatchedMinor: bigint;
  /** What the rail said that its account held after the day's last line and before the next day's first, if it did. */
  statementMinor: bigint | null;
}

/** Balances by day. Money that AURA put in itself counts from the first day on. */
export async function dayBalances(db: Queryable, filter: ReportFilter): Promise<DayBalance[]> {
  const found = await rows<Record<string, string> & { rail: RailName; statement: string | null }>(
    db,
    `WITH lines AS (${LINES}
         AND (:to::date IS NULL OR l.business_date <= :to::date)
     ), own AS (
       SELECT substr(a.owner, 6) AS rail, a.asset,
         sum(CASE q.side WHEN 'debit' THEN q.amount_minor ELSE -q.amount_minor END) AS minor
       FROM accounts a JOIN postings q ON q.account_id = a.id JOIN entries e ON e.id = q.entry_id
       WHERE a.kind = 'cash' AND e.event NOT IN ('statement_line', 'unmatched_line') GROUP BY 1, 2
     ), days AS (
       SELECT rail, asset, business_date, count(*) AS lines,
         coalesce(sum(amount_minor) FILTER (WHERE sign = 1), 0) AS credits,
         coalesce(sum(amount_minor) FILTER (WHERE sign = -1), 0) AS debits, sum(fee_minor) AS fees,
         sum(sign * amount_minor - fee_minor) AS net, sum(booked) AS booked,
         coalesce(sum(sign * amount_minor - fee_minor) FILTER (WHERE match_id IS NULL), 0) AS unmatched,
         min(booked_at) AS first_at, max(booked_at) AS last_at
       FROM lines GROUP BY 1, 2, 3
     ), running AS (
       SELECT d.*, coalesce(own.minor, 0) AS own, sum(net) OVER upto AS net_upto, sum(booked) OVER upto AS booked_upto,
         sum(unmatched) OVER upto AS unmatched_upto, max(last_at) OVER upto AS last_upto, min(first_at) OVER beyond AS next_at
       FROM days d LEFT JOIN own USING (rail, asset)
       WINDOW upto AS (PARTITION BY rail, asset ORDER BY business_date),
         beyond AS (PARTITION BY rail, asset ORDER BY business_date
                    ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
     )
     SELECT d.rail, d.asset, d.business_date AS "businessDate", d.lines, d.own + d.net_upto - d.net AS opening, d.credits,
       d.debits, d.fees, d.own + d.net_upto AS closing, d.own + d.booked_upto AS ledger, d.unmatched_upto AS unmatched,
       s.closing_minor AS statement
     FROM running d LEFT JOIN LATERAL (
       SELECT r.closing_minor FROM reconciliation_runs r
       WHERE r.rail = d.rail AND r.asset = d.asset AND r.closing_minor IS NOT NULL AND r.finished_at IS NOT NULL
         AND r.period_to > d.last_upto AND (d.next_at IS NULL OR r.period_to <= d.next_at)
         AND (:to::date IS NULL OR r.period_to <= coalesce((
           SELECT min(n.booked_at) FROM statement_lines n
           WHERE n.rail = d.rail AND n.asset = d.asset AND n.business_date > :to::date), 'infinity'))
       ORDER BY r.period_to DESC LIMIT 1
     ) s ON true
     WHERE (:from::date IS NULL OR d.business_date >= :from::date)
     ORDER BY d.rail, d.asset, d.business_date LIMIT ${MAX_REPORT_ROWS}`,
    bindings(filter),
  );
  return found.map((row) => ({
    rail: row.rail,
    asset: row.asset ?? '',
    businessDate: row.businessDate ?? '',
    lines: Number(row.lines),
    openingMinor: minor(row.opening),
    creditsMinor: minor(row.credits),
    debitsMinor: minor(row.debits),
    feesMinor: minor(row.fees),
    closingMinor: minor(row.closing),
    ledgerMinor: minor(row.ledger),
    unmatchedMinor: minor(row.unmatched),
    statementMinor: row.statement === null ? null : minor(row.statement),
  }));
}

const minor = (value: string | undefined): bigint => BigInt(value ?? 0);

const bindings = ({ rail, from, to, principalId }: ReportFilter) => ({
  rail: rail ?? null,
  from: from ?? null,
  to: to ?? null,
  principal: principalId ?? null,
});

export interface RuleUse {
  rail: RailName;
  rule: RuleName;
  matches: number;
  lines: number;
}

/** How the lines of the report's days were matched. */
export async function ruleUses(db: Queryable, filter: ReportFilter): Promise<RuleUse[]> {
  return rows<RuleUse>(
    db,
    `SELECT m.rail, m.rule, count(DISTINCT m.id)::int AS matches, count(*)::int AS lines
     FROM matches m JOIN statement_lines l ON l.match_id = m.id
     WHERE (:rail::text IS NULL OR m.rail = :rail) AND (:from::date IS NULL OR l.business_date >= :from::date)
       AND (:to::date IS NULL OR l.business_date <= :to::date)
     GROUP BY m.rail, m.rule ORDER BY m.rail, count(*) DESC, m.rule`,
    bindings(filter),
  );
}

export interface OpenBreaks {
  rail: RailName;
  kind: BreakKind;
  asset: string;
  /** Whole days since they were found. */
  days: number;
  count: number;
}

/** Open breaks by age. */
export async function openBreaksByAge(
  db: Queryable,
  filter: Pick<ReportFilter, 'rail'>,
): Promise<OpenBreaks[]> {
  return rows<OpenBreaks>(
    db,
    `SELECT rail, kind, asset, floor(extract(epoch FROM now() - found_at) / 86400)::int AS days, count(*)::int AS count
     FROM breaks WHERE status = 'open' AND (:rail::text IS NULL OR rail = :rail)
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    { rail: filter.rail ?? null },
  );
}
