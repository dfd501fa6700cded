/** What the bank tells AURA: of an entry, its files, its statement, a batch. */
import { sha256Hex } from '../../../domain/canonical';
import type { z } from 'zod';
import type { batchRecord, EntryRecord, inboundList, StatementEntry, StatementPage } from '../../ach/wire';
import type { BookedEntry } from '../statement-view';
import { nowOf, today, type Bank } from './bank';
import type { BankEntry } from './entry';

const ASSET = 'USD';
const PAGE = 500;
const MAX_LISTED = 200;

/** By instruction id or by the trace number that the bank gave. */
export function recordOf(bank: Bank, key: string): EntryRecord {
  const { books } = bank;
  const entry = books.entry(key) ?? books.entryByTrace(key);
  const refused = entry ? undefined : books.refused(key);
  const base = {
    type: 'ach.entry.v1' as const,
    instruction_id: entry?.instructionId ?? key,
    as_of: nowOf(bank),
    business_date: today(bank),
    settlements: [],
    changes: [],
    statement_entries: [],
  };
  if (refused) {
    const { reason, detail, at } = refused;
    return { ...base, status: 'rejected', rejection: { reason, detail, at } };
  }
  return entry ? { ...base, ...knownOf(bank, entry) } : { ...base, status: 'unknown' };
}

function knownOf(bank: Bank, entry: BankEntry): Partial<EntryRecord> & Pick<EntryRecord, 'status'> {
  const { returned, settlements } = entry;
  const shown = entry.booked.flatMap((booked) => bank.books.statement.shownEntry(booked));
  return {
    status: returned ? 'returned' : entry.stage === 'settled' ? 'settled' : 'accepted',
    acceptance: {
      file_name: entry.fileName,
      accepted_at: entry.acceptedAt,
      received_on: entry.receivedOn,
      settles_on: entry.settlesOn,
      trace: entry.trace,
      batch_reference: entry.batchReference,
      entry_class: entry.entryClass,
      direction: entry.direction,
      amount_minor: entry.amountMinor,
      asset: ASSET,
    },
    settlements: settlements.map(({ trace, amountMinor, date, at }) => ({
      trace,
      amount_minor: amountMinor.toString(),
      asset: ASSET,
      settlement_date: date,
      settled_at: at,
    })),
    ...(returned && {
      return: {
        code: returned.code,
        trace: returned.returnTrace,
        before_settlement: returned.beforeSettlement,
        amount_minor: (settlements[0]?.amountMinor ?? BigInt(entry.amountMinor)).toString(),
        date: returned.date,
        at: returned.at,
        file_name: returned.fileName,
        lines: returned.lines,
      },
    }),
    changes: entry.changes.map(({ fileName, ...change }) => ({ ...change, file_name: fileName })),
    statement_entries: entry.fate.silent ? [] : shown.map(statementEntryOf),
  };
}

export function statementEntryOf(entry: BookedEntry): StatementEntry {
  return {
    reference: entry.reference,
    direction: entry.direction,
    amount_minor: entry.amountMinor.toString(),
    asset: entry.asset,
    instruction_id: entry.quotedId,
    booked_at: entry.bookedAt,
    business_date: entry.businessDate,
  };
}

/** The balances are of the whole period up to now, whatever the page. */
export function statementPageOf(bank: Bank, from: string, until: string, offset: number): StatementPage {
  const { statement } = bank.books;
  const now = new Date(bank.clock().getTime() + 1).toISOString();
  const to = until < now ? until : now;
  const { openingMinor } = bank.books.settlementAccount();
  const entries = statement.shown(from, to);
  return {
    type: 'ach.statement.v1',
    from,
    to,
    opening_minor: statement.balanceBefore(from, openingMinor).toString(),
    closing_minor: statement.balanceBefore(to, openingMinor).toString(),
    asset: ASSET,
    entries: entries.slice(offset, offset + PAGE).map(statementEntryOf),
    next: offset + PAGE < entries.length ? offset + PAGE : null,
  };
}

export function batchOf({ books }: Bank, reference: string): z.infer<typeof batchRecord> {
  const parts = books.batch(reference).flatMap(({ instructionId, direction, settlements }) =>
    settlements.map(({ trace, amountMinor, date }) => ({
      instruction_id: instructionId,
      trace,
      direction: direction === 'debit' ? ('credit' as const) : ('debit' as const),
      amount_minor: amountMinor.toString(),
      asset: ASSET,
      settlement_date: date,
    })),
  );
  return { type: 'ach.batch.v1', reference, parts };
}

export function inboundOf({ books }: Bank, after: string | null): z.infer<typeof inboundList> {
  const files = books.inboundAfter(after, MAX_LISTED).map(({ name, kind, content, publishedAt }) => ({
    name,
    kind,
    sha256: sha256Hex(content),
    published_at: publishedAt,
  }));
  return { type: 'ach.inbound-files.v1', files };
}
