/** The reconciliation report as it is shown. A party sees its own totals; balances and breaks are the operator's. */
import { formatMoney } from '../../domain/money';
import { AGE_BUCKETS, ageOf } from '../../domain/reconciliation/breaks';
import { RULES } from '../../domain/reconciliation/rules';
import type { RuleName } from '../../domain/reconciliation/model';
import type { Queryable } from '../../store/db';
import {
  dayBalances,
  latestRuns,
  listBreaks,
  MAX_REPORT_ROWS,
  openBreaksByAge,
  reportRows,
  ruleUses,
  type BreakView,
  type DayBalance,
  type OpenBreaks,
  type ReportFilter,
  type ReportRow,
  type RunView,
} from '../../store/reconciliation';
import type { ReportDocument } from '../schemas/reconciliation';

const BREAKS_SHOWN = 500;

const OTHER_RULES: Readonly<Partial<Record<RuleName, string>>> = {
  withdrawn: 'a line that the rail took back, by a notice that says why',
  undone: 'a payment that was undone before any statement showed it',
  operator: 'matched by an operator',
  accepted: 'accepted into suspense by an operator',
};

export async function reportView(
  db: Queryable,
  filter: ReportFilter,
  forOperator: boolean,
): Promise<ReportDocument> {
  const now = new Date();
  const { rail } = filter;
  const found = await reportRows(db, filter);
  const [days, uses, ageing, runs, breaks] = forOperator
    ? await Promise.all([
        dayBalances(db, filter),
        ruleUses(db, filter),
        openBreaksByAge(db, { rail }),
        latestRuns(db),
        listBreaks(db, { rail, limit: BREAKS_SHOWN }),
      ])
    : [[], [], [], [], []];
  const shownDays = days.map(dayView);
  return {
    generated_at: now.toISOString(),
    totals: found.map(totalView),
    days: shownDays,
    ties: found.every(({ differenceMinor }) => differenceMinor === 0n) && shownDays.every(({ ties }) => ties),
    truncated: found.length === MAX_REPORT_ROWS || breaks.length === BREAKS_SHOWN,
    matches: uses.map((use) => ({ ...use, meaning: meaningOf(use.rule) })),
    ageing: ageingView(ageing),
    runs: runs.filter((run) => rail === undefined || run.rail === rail).map(runView),
    breaks: breaks.map((found) => breakView(found, now)),
  };
}

function meaningOf(rule: RuleName): string {
  return RULES.find(({ name }) => name === rule)?.title ?? OTHER_RULES[rule] ?? rule;
}

export function totalView(row: ReportRow) {
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset: row.asset });
  return {
    rail: row.rail,
    currency: row.asset,
    business_date: row.businessDate,
    principal_id: row.principalId,
    lines: row.lines,
    credits: show(row.creditsMinor),
    debits: show(row.debitsMinor),
    fees: show(row.feesMinor),
    unmatched_lines: row.unmatchedLines,
    ledger_cash: show(row.ledgerMinor),
    difference: show(row.differenceMinor),
  };
}

function dayView(day: DayBalance) {
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset: day.asset });
  const agrees = day.statementMinor === null || day.statementMinor === day.closingMinor;
  return {
    rail: day.rail,
    currency: day.asset,
    business_date: day.businessDate,
    lines: day.lines,
    opening_balance: show(day.openingMinor),
    credits: show(day.creditsMinor),
    debits: show(day.debitsMinor),
    fees: show(day.feesMinor),
    closing_balance: show(day.closingMinor),
    ledger_cash: show(day.ledgerMinor),
    unmatched: show(day.unmatchedMinor),
    statement_closing: day.statementMinor === null ? null : show(day.statementMinor),
    ties: agrees && day.ledgerMinor + day.unmatchedMinor === day.closingMinor,
  };
}

function ageingView(open: readonly OpenBreaks[]): ReportDocument['ageing'] {
  const counts = new Map<string, ReportDocument['ageing'][number]>();
  for (const { rail, kind, asset, days, count } of open) {
    const age = AGE_BUCKETS.find(({ upToDays }) => days <= upToDays)?.name ?? '>30';
    const key = JSON.stringify([rail, kind, asset, age]);
    const known = counts.get(key);
    if (known) known.count += count;
    else counts.set(key, { rail, kind, currency: asset, age, count });
  }
  return [...counts.values()];
}

function runView({ asset, from, to, openingMinor, closingMinor, finishedAt, ...rest }: RunView) {
  const show = (minor: string | null) => minor && formatMoney({ amountMinor: BigInt(minor), asset });
  return {
    ...rest,
    currency: asset,
    period_from: from.toISOString(),
    period_to: to.toISOString(),
    opening_balance: show(openingMinor),
    closing_balance: show(closingMinor),
    finished_at: finishedAt?.toISOString() ?? null,
  };
}

export function breakView(found: BreakView, now: Date): ReportDocument['breaks'][number] {
  const show = (minor: string | null) =>
    minor && formatMoney({ amountMinor: BigInt(minor), asset: found.asset });
  const age = ageOf(found.foundAt, found.resolvedAt ?? now);
  return {
    break_id: found.id,
    rail: found.rail,
    kind: found.kind,
    currency: found.asset,
    expected: show(found.expectedMinor),
    actual: show(found.actualMinor),
    instruction_id: found.instructionId,
    notice_id: found.noticeId,
    line: found.statementLine,
    detail: found.detail,
    status: found.status,
    found_at: found.foundAt.toISOString(),
    age_days: age.days,
    age: age.bucket,
    resolved_at: found.resolvedAt?.toISOString() ?? null,
    resolution: found.resolution,
    resolved_by: found.resolvedBy,
    reason: found.reason,
  };
}
