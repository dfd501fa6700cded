/** A NACHA file as data. What can be derived from the rest (controls, counts, hashes, indicators) is not in it. */
import type {
  addenda05,
  addenda98,
  addenda99,
  batchHeader,
  entryDetail,
  fileHeader,
  Values,
} from './records';

export type FileHeader = Values<typeof fileHeader>;
export type BatchHeader = Values<typeof batchHeader>;

export type Addenda =
  | { type: '05'; information: Values<typeof addenda05>['information'] }
  | ({ type: '98' } & Omit<Values<typeof addenda98>, 'trace'>)
  | ({ type: '99' } & Omit<Values<typeof addenda99>, 'trace'>);

export interface Entry extends Omit<Values<typeof entryDetail>, 'addendaIndicator'> {
  addenda?: Addenda;
}

export interface Batch {
  header: BatchHeader;
  entries: Entry[];
}

export interface NachaFile {
  header: FileHeader;
  batches: Batch[];
}

const ENTRY_HASH_MODULUS = 10_000_000_000;

/** Counts and sums of entries, as the control records have them. */
export interface Totals {
  entryAddendaCount: number;
  entryHash: number;
  totalDebitMinor: bigint;
  totalCreditMinor: bigint;
}

export function isDebit({ transactionCode }: Pick<Entry, 'transactionCode'>): boolean {
  return transactionCode.endsWith('7') || transactionCode.endsWith('6');
}

/** Whether it is a forward entry, not a return or a notification of change. */
export function isForward({ transactionCode }: Pick<Entry, 'transactionCode'>): boolean {
  return transactionCode.endsWith('7') || transactionCode.endsWith('2');
}

export function totalsOf(entries: readonly Entry[]): Totals {
  const totals: Totals = { entryAddendaCount: 0, entryHash: 0, totalDebitMinor: 0n, totalCreditMinor: 0n };
  for (const entry of entries) {
    totals.entryAddendaCount += entry.addenda ? 2 : 1;
    totals.entryHash = (totals.entryHash + Number(entry.receivingRouting.slice(0, 8))) % ENTRY_HASH_MODULUS;
    if (isDebit(entry)) totals.totalDebitMinor += entry.amountMinor;
    else totals.totalCreditMinor += entry.amountMinor;
  }
  return totals;
}

/** The text as the format can carry it: accents go, other letters become blanks, the rest is cut off. */
export function alphameric(text: string, length: number): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
    .slice(0, length)
    .trimEnd();
}
