/** Writes a file: controls computed, nine-filled to whole blocks, and read back, so that what leaves is well formed. */
import { totalsOf, type Addenda, type Entry, type NachaFile } from './file';
import { readNacha } from './reader';
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
  writeRecord,
} from './records';

/** Throws `NachaError` where the data makes no valid file. */
export function writeNacha(file: NachaFile): string {
  const lines: string[] = [];
  const next = () => lines.length + 1;
  lines.push(writeRecord(fileHeader, file.header, next()));
  for (const { header, entries } of file.batches) {
    lines.push(writeRecord(batchHeader, header, next()));
    for (const entry of entries) lines.push(...entryLines(entry, next()));
    const { serviceClass, companyId, originatingBank, batchNumber } = header;
    const control = { serviceClass, companyId, originatingBank, batchNumber, ...totalsOf(entries) };
    lines.push(writeRecord(batchControl, control, next()));
  }
  const entries = file.batches.flatMap((batch) => batch.entries);
  const blockCount = Math.ceil(next() / BLOCKING_FACTOR);
  const control = { batchCount: file.batches.length, blockCount, ...totalsOf(entries) };
  lines.push(writeRecord(fileControl, control, next()));
  while (lines.length < blockCount * BLOCKING_FACTOR) lines.push(FILLER);
  const text = `${lines.join('\n')}\n`;
  readNacha(text);
  return text;
}

function entryLines(entry: Entry, line: number): string[] {
  const { addenda, ...detail } = entry;
  const record = writeRecord(entryDetail, { ...detail, addendaIndicator: addenda ? '1' : '0' }, line);
  return addenda ? [record, addendaLine(entry, addenda, line + 1)] : [record];
}

function addendaLine({ trace }: Entry, { type, ...values }: Addenda, line: number): string {
  switch (type) {
    case '05': {
      const numbers = { sequence: 1, entrySequence: trace.slice(-7) };
      return writeRecord(addenda05, { ...(values as { information: string }), ...numbers }, line);
    }
    case '98':
      return writeRecord(addenda98, { ...(values as Omit<Addenda & { type: '98' }, 'type'>), trace }, line);
    case '99':
      return writeRecord(addenda99, { ...(values as Omit<Addenda & { type: '99' }, 'type'>), trace }, line);
  }
}
