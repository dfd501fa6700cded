/** Reads a file strictly: whatever is not as it must be refuses the whole, with the line and the field named. */
import { NachaError } from './error';
import { isDebit, isForward, totalsOf, type Addenda, type Batch, type Entry, type NachaFile } from './file';
import {
  addenda05,
  addenda98,
  addenda99,
  batchControl,
  batchHeader,
  BLOCKING_FACTOR,
  entryDetail,
  fileControl,
  fileHeader,
  FILLER,
  readRecord,
  RECORD_LENGTH,
} from './records';

/** Bounds what is taken apart at once. */
const MAX_LINES = 200_000;

interface Cursor {
  readonly lines: readonly string[];
  /** 0-based index of the next line. */
  at: number;
}

/** Throws `NachaError`. Lines end with LF or CRLF, the last one may go without. */
export function readNacha(text: string): NachaFile {
  const cursor: Cursor = { lines: linesOf(text), at: 0 };
  const header = readRecord(fileHeader, take(cursor, '1', 'file header'), cursor.at);
  const batches: Batch[] = [];
  while (cursor.lines[cursor.at]?.startsWith('5')) batches.push(readBatch(cursor, batches.at(-1)));
  readFileControl(cursor, batches);
  cursor.lines.slice(cursor.at).forEach((line, index) => {
    if (line !== FILLER) throw new NachaError(cursor.at + index + 1, 'filler', 'not a line of nines');
  });
  return { header, batches };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MAX_LINES) throw new NachaError(0, 'file', `more than ${MAX_LINES} lines`);
  lines.forEach((line, index) => {
    if (line.length !== RECORD_LENGTH)
      throw new NachaError(index + 1, 'record', `${line.length} characters, not ${RECORD_LENGTH}`);
  });
  if (lines.length === 0 || lines.length % BLOCKING_FACTOR !== 0)
    throw new NachaError(lines.length, 'file', 'not made of whole blocks of ten lines');
  return lines;
}

function take(cursor: Cursor, recordType: string, what: string): string {
  const line = cursor.lines[cursor.at];
  if (!line?.startsWith(recordType)) throw new NachaError(cursor.at + 1, 'recordType', `not a ${what}`);
  cursor.at += 1;
  return line;
}

function readBatch(cursor: Cursor, previous: Batch | undefined): Batch {
  const header = readRecord(batchHeader, take(cursor, '5', 'batch header'), cursor.at);
  const at = cursor.at;
  if (header.batchNumber <= (previous?.header.batchNumber ?? 0))
    throw new NachaError(at, 'batchNumber', 'not greater than the one before');
  const batch: Batch = { header, entries: [] };
  while (cursor.lines[cursor.at]?.startsWith('6')) batch.entries.push(readEntry(cursor, batch));
  if (batch.entries.length === 0) throw new NachaError(at, 'entries', 'a batch without entries');
  readBatchControl(cursor, batch);
  return batch;
}

function readEntry(cursor: Cursor, batch: Batch): Entry {
  const { addendaIndicator, ...detail } = readRecord(entryDetail, take(cursor, '6', 'entry'), cursor.at);
  const line = cursor.at;
  const entry: Entry = detail;
  const addendaFollows = cursor.lines[cursor.at]?.startsWith('7') ?? false;
  if (addendaFollows !== (addendaIndicator === '1'))
    throw new NachaError(line, 'addendaIndicator', 'it does not fit the line after it');
  if (addendaFollows) entry.addenda = readAddenda(cursor, entry);
  const fail = (field: string, reason: string) => new NachaError(line, field, reason);
  if (entry.trace <= (batch.entries.at(-1)?.trace ?? ''))
    throw fail('trace', 'not greater than the one before');
  if (!entry.trace.startsWith(batch.header.originatingBank))
    throw fail('trace', "it does not begin with the batch's bank");
  checkKind(entry, batch, fail);
  return entry;
}

function checkKind(entry: Entry, { header }: Batch, fail: (field: string, reason: string) => NachaError) {
  const { serviceClass, entryClass } = header;
  if (serviceClass === '220' && isDebit(entry)) throw fail('transactionCode', 'a debit among credits only');
  if (serviceClass === '225' && !isDebit(entry)) throw fail('transactionCode', 'a credit among debits only');
  const type = entry.addenda?.type;
  if ((entryClass === 'COR') !== (type === '98')) throw fail('addenda', 'COR goes with addenda 98');
  const forward = type === undefined || type === '05';
  if (forward !== isForward(entry)) throw fail('transactionCode', 'it does not fit the addenda');
  if ((type === '98') !== (entry.amountMinor === 0n))
    throw fail('amountMinor', 'zero is for notifications of change, and only for them');
}

function readAddenda(cursor: Cursor, { trace }: Entry): Addenda {
  const record = take(cursor, '7', 'addenda');
  const line = cursor.at;
  const same = (field: string, found: string, expected: string) => {
    if (found !== expected) throw new NachaError(line, field, 'it is not that of the entry');
  };
  switch (record.slice(1, 3)) {
    case '05': {
      const { information, sequence, entrySequence } = readRecord(addenda05, record, line);
      if (sequence !== 1) throw new NachaError(line, 'sequence', 'an entry has one addenda at most');
      same('entrySequence', entrySequence, trace.slice(-7));
      return { type: '05', information };
    }
    case '98': {
      const { trace: own, ...values } = readRecord(addenda98, record, line);
      same('trace', own, trace);
      return { type: '98', ...values };
    }
    case '99': {
      const { trace: own, ...values } = readRecord(addenda99, record, line);
      same('trace', own, trace);
      return { type: '99', ...values };
    }
    default:
      throw new NachaError(line, 'typeCode', 'not 05, 98 or 99');
  }
}

function readBatchControl(cursor: Cursor, { header, entries }: Batch): void {
  const control = readRecord(batchControl, take(cursor, '8', 'batch control'), cursor.at);
  const { serviceClass, companyId, originatingBank, batchNumber } = header;
  compare(
    control,
    { serviceClass, companyId, originatingBank, batchNumber, ...totalsOf(entries) },
    cursor.at,
  );
}

function readFileControl(cursor: Cursor, batches: readonly Batch[]): void {
  const control = readRecord(fileControl, take(cursor, '9', 'file control'), cursor.at);
  const totals = totalsOf(batches.flatMap(({ entries }) => entries));
  const blockCount = cursor.lines.length / BLOCKING_FACTOR;
  if (cursor.lines.length - cursor.at >= BLOCKING_FACTOR)
    throw new NachaError(cursor.at + 1, 'filler', 'more than fills a block');
  compare(control, { batchCount: batches.length, blockCount, ...totals }, cursor.at);
}

function compare(found: object, expected: Readonly<Record<string, unknown>>, line: number): void {
  for (const [field, value] of Object.entries(found)) {
    if (value !== expected[field])
      throw new NachaError(line, field, 'it does not agree with the rest of the file');
  }
}
