/** The statement of AURA's settlement account, from the processor's settlement report, page by page as it is read. */
import type { z } from 'zod';
import { isId } from '../../domain/ids';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { StatementLine } from '../../domain/settlement';
import { RailUnreachableError, type RailStatement, type StatementPeriod } from '../port';
import type { CardDeps } from './deps';
import { detailOf, read } from './reading';
import { CARD_NETWORK, settlementReportSchema, type SettlementLine } from './wire';

const MAX_PAGES = 100_000;
const PAGE_LINES = 500;
const ASSET = Object.keys(RAIL_TERMS.card.maxAmountMinor)[0] ?? 'USD';

type Report = z.infer<typeof settlementReportSchema>;

/** Reading moves no money: whatever fails is `RailUnreachableError`, and reading again is safe. */
export async function readStatement(deps: CardDeps, period: StatementPeriod): Promise<RailStatement> {
  const first = await readPage(deps, period, 0);
  return {
    openingMinor: BigInt(first.opening_balance_minor),
    closingMinor: BigInt(first.closing_balance_minor),
    asset: first.currency,
    lines: readLines(deps, first),
  };
}

async function* readLines(deps: CardDeps, first: Report): AsyncGenerator<StatementLine> {
  let page = first;
  for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
    for (const line of page.lines) yield lineOf(line);
    if (page.next === null) return;
    // Up to the instant that the first page, and with it the closing balance, is of.
    page = await readPage(deps, { from: first.from, to: first.to }, page.next);
  }
  throw new RailUnreachableError(`the settlement report has more than ${MAX_PAGES} pages`);
}

async function readPage({ client }: CardDeps, period: StatementPeriod, start: number): Promise<Report> {
  const query = new URLSearchParams({
    from: new Date(period.from).toISOString(),
    to: new Date(period.to).toISOString(),
    start: String(start),
    limit: String(PAGE_LINES),
  });
  const reading = read(
    await client.ask({ method: 'GET', path: `/settlements?${query.toString()}` }),
    settlementReportSchema,
  );
  if (reading.kind !== 'read') throw new RailUnreachableError(`no settlement report: ${detailOf(reading)}`);
  if (reading.value.currency !== ASSET)
    throw new RailUnreachableError(`a settlement report in ${reading.value.currency}`);
  return reading.value;
}

function lineOf(line: SettlementLine): StatementLine {
  return {
    rail: 'card',
    network: CARD_NETWORK,
    business_date: line.business_date,
    reference: line.id,
    line: line.line,
    direction: line.direction,
    amount_minor: line.gross_minor,
    fee_minor: line.fee_minor,
    asset: line.currency,
    instruction_id: isId('instruction', line.reference) ? line.reference : null,
    booked_at: line.booked_at,
    source_format: `card:settlement/${line.type}`,
  };
}
