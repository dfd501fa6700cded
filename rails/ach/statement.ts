/** The statement of AURA's settlement account, and the parts of a batch where it shows a batch as one line. */
import type { StatementLine } from '../../domain/settlement';
import { RailUnreachableError, type RailStatement, type StatementPeriod } from '../port';
import { readAnswer, type BankClient } from './client';
import { lineOf } from './outcome';
import type { AchProfile } from './profile';
import { batchRecord, statementPage, type StatementPage } from './wire';

const MAX_PAGES = 100_000;

export interface StatementDeps {
  client: BankClient;
  profile: AchProfile;
}

/** What one instruction is of a batch that the statement shows as one line. */
export interface BatchPart {
  instruction_id: string;
  /** The entry's own reference, as its proof has it. */
  reference: string;
  business_date: string;
  /** As seen from AURA's account. */
  direction: 'credit' | 'debit';
  amount_minor: string;
  asset: string;
}

/** Reading moves no money: whatever fails is `RailUnreachableError`, and reading again is safe. */
export async function readStatement(deps: StatementDeps, period: StatementPeriod): Promise<RailStatement> {
  const first = await readPage(deps, period, 0);
  return {
    openingMinor: BigInt(first.opening_minor),
    closingMinor: BigInt(first.closing_minor),
    asset: first.asset,
    // The pages are asked for up to the instant that the closing balance is of.
    lines: readLines(deps, first),
  };
}

async function* readLines(deps: StatementDeps, first: StatementPage): AsyncGenerator<StatementLine> {
  let page = first;
  for (let count = 1; count <= MAX_PAGES; count += 1) {
    for (const entry of page.entries) yield lineOf(deps.profile, entry);
    if (page.next === null) return;
    page = await readPage(deps, first, page.next);
  }
  throw new RailUnreachableError(`the statement has more than ${MAX_PAGES} pages`);
}

async function readPage({ client }: StatementDeps, { from, to }: StatementPeriod, offset: number) {
  const query = new URLSearchParams({ from, to, offset: String(offset) });
  const answer = await client.exchange({ method: 'GET', path: `/statement?${query.toString()}` });
  if (answer.kind === 'unknown') throw new RailUnreachableError(`no statement: ${answer.detail}`);
  const page = readAnswer(statementPage, answer);
  if (!page) throw new RailUnreachableError('the bank sent no statement');
  return page;
}

/**
 * The parts of a batch line of the statement. They add up to it, unless the bank settled or showed something else.
 * A batch that settled on several days has one line on each: `businessDate` picks the parts of one.
 */
export async function readBatchParts(
  { client }: StatementDeps,
  { reference, businessDate }: { reference: string; businessDate?: string },
): Promise<BatchPart[]> {
  const answer = await client.exchange({ method: 'GET', path: `/batches/${encodeURIComponent(reference)}` });
  if (answer.kind === 'unknown') throw new RailUnreachableError(`no batch: ${answer.detail}`);
  const record = readAnswer(batchRecord, answer);
  if (record?.reference !== reference) throw new RailUnreachableError('the bank sent no such batch');
  return record.parts
    .filter((part) => businessDate === undefined || part.settlement_date === businessDate)
    .map(({ trace, settlement_date, ...part }) => ({
      ...part,
      reference: trace,
      business_date: settlement_date,
    }));
}
