/** The settlement report of AURA's account: what was booked in a period, unless the operator tampered with it. */
import type { z } from 'zod';
import type { SettlementLine, settlementReportSchema } from '../../card/wire';
import type { CardMisbehaviourKind } from './misbehaviour';
import { later, type Processor } from './processor';
import type { State } from './state';

export type SettlementReport = z.infer<typeof settlementReportSchema>;

const CURRENCY = 'USD';
const WRONG_BY_MINOR = 100n;

export interface ReportRequest {
  from: string;
  to: string;
  /** Index of the first line of this page. */
  start: number;
  limit: number;
}

export function settlementReport(processor: Processor, request: ReportRequest): SettlementReport {
  const { state } = processor;
  // What is asked up to the future is answered up to now, and now is over once it has been told.
  const next = later(processor.now(), 1);
  const to = request.to < next ? request.to : next;
  processor.closeUntil(to);
  const lines = shown(state, request.from, to);
  const page = lines.slice(request.start, request.start + request.limit);
  const end = request.start + page.length;
  return {
    object: 'settlement_report',
    currency: CURRENCY,
    from: request.from,
    to,
    opening_balance_minor: balanceBefore(state, request.from).toString(),
    closing_balance_minor: balanceBefore(state, to).toString(),
    lines: page,
    next: end < lines.length ? end : null,
  };
}

function shown(state: State, from: string, to: string): SettlementLine[] {
  const booked = state.entries.slice(firstFrom(state, from), firstFrom(state, to));
  if (state.tampers.size === 0 && state.addedLines.length === 0) return booked;
  const invented = state.addedLines.filter(({ booked_at: at }) => at >= from && at < to);
  return [...booked.flatMap((line) => shownLine(state, line)), ...invented].sort((a, b) =>
    a.booked_at < b.booked_at ? -1 : a.booked_at > b.booked_at ? 1 : 0,
  );
}

function shownLine(state: State, line: SettlementLine): SettlementLine[] {
  const tamper = state.tampers.get(line.id);
  if (!tamper || tamper.action === 'add') return [line];
  if (tamper.action === 'drop') return [];
  return tamper.action === 'duplicate' ? [line, line] : [{ ...line, gross_minor: tamper.amountMinor }];
}

/** Index of the first entry booked at or after an instant; bookings are in order of time. */
function firstFrom({ entries }: State, instant: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry && entry.booked_at < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

function balanceBefore(state: State, instant: string): bigint {
  return state.balances[firstFrom(state, instant) - 1] ?? state.openingMinor ?? 0n;
}

/** Makes the report show a line otherwise than it is. */
export function tamperLines(
  processor: Processor,
  id: string,
  amountMinor: string,
  kind: CardMisbehaviourKind | undefined,
): void {
  if (kind === 'line_missing') processor.record({ put: 'tamper', record: { action: 'drop', id } });
  if (kind === 'line_duplicate') processor.record({ put: 'tamper', record: { action: 'duplicate', id } });
  if (kind === 'line_amount') {
    const shownMinor = (BigInt(amountMinor) + WRONG_BY_MINOR).toString();
    processor.record({ put: 'tamper', record: { action: 'amount', id, amountMinor: shownMinor } });
  }
}

const COLUMNS = [
  'type',
  'id',
  'line',
  'reference',
  'direction',
  'gross_minor',
  'fee_minor',
  'currency',
  'business_date',
  'booked_at',
] as const satisfies readonly (keyof SettlementLine)[];

/** RFC 4180, with the balances as first and last rows. No field needs quoting: ids and references have no commas. */
export function reportAsCsv(report: SettlementReport): string {
  const balanceRow = (type: string, amount: string, at: string) =>
    [type, '', '', '', '', amount, '', report.currency, at.slice(0, 10), at].join(',');
  return [
    COLUMNS.join(','),
    balanceRow('opening_balance', report.opening_balance_minor, report.from),
    ...report.lines.map((line) => COLUMNS.map((column) => line[column] ?? '').join(',')),
    balanceRow('closing_balance', report.closing_balance_minor, report.to),
    '',
  ].join('\r\n');
}
