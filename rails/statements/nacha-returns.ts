/**
 * Return files of the ACH network. Each entry with an addenda 99 is a line: a returned debit takes money from AURA, a
 * returned credit brings it back. Notifications of change move none and are passed over.
 */
import { isDebit, NachaError, readNacha, type Batch, type Entry, type NachaFile } from '../nacha';
import {
  noonOf,
  StatementFileError,
  type Chunks,
  type FileLine,
  type FileOf,
  type StatementFileReading,
} from './file';

/** Bounds what is held at once: the format is checked as a whole by its control records. */
const MAX_CHARACTERS = 20_000_000;

export function readNachaReturns(source: Chunks, of: FileOf): StatementFileReading {
  return {
    async *lines() {
      const { batches } = parse(await whole(source));
      for (const batch of batches) for (const entry of batch.entries) yield* linesOf(of, batch, entry);
    },
    summary: () => ({ asset: 'USD' }),
  };
}

async function whole(source: Chunks): Promise<string> {
  const chunks: string[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > MAX_CHARACTERS)
      throw new StatementFileError({
        line: 0,
        field: 'file',
        reason: `more than ${MAX_CHARACTERS} characters`,
      });
    chunks.push(chunk);
  }
  return chunks.join('');
}

function parse(text: string): NachaFile {
  try {
    return readNacha(text);
  } catch (error) {
    if (!(error instanceof NachaError)) throw error;
    const { line, field, reason } = error;
    throw new StatementFileError({ line, field, reason });
  }
}

function linesOf({ rail, network }: FileOf, { header }: Batch, entry: Entry): FileLine[] {
  const { addenda } = entry;
  if (addenda?.type === '98') return [];
  if (addenda?.type !== '99')
    throw new StatementFileError({
      line: 0,
      field: 'addenda',
      reason: `entry ${entry.trace} is not a return`,
    });
  const businessDate = settlementDate(header.effectiveEntryDate, header.settlementDay);
  return [
    {
      rail,
      network,
      business_date: businessDate,
      reference: entry.trace,
      line: '0',
      direction: isDebit(entry) ? 'debit' : 'credit',
      amount_minor: entry.amountMinor.toString(),
      fee_minor: '0',
      asset: 'USD',
      instruction_id: null,
      booked_at: noonOf(businessDate),
      source_format: `nacha:return/${addenda.returnCode}`,
      original_reference: addenda.originalTrace,
    },
  ];
}

const DAY_MS = 86_400_000;

/** The ACH operator names the day of settlement by its number in the year, near the effective entry date. */
function settlementDate(effective: string, dayOfYear: string): string {
  if (!/^\d{3}$/.test(dayOfYear) || dayOfYear === '000') return effective;
  const year = Number(effective.slice(0, 4));
  const candidates = [year - 1, year, year + 1].map(
    (one) => Date.UTC(one, 0, 1) + (Number(dayOfYear) - 1) * DAY_MS,
  );
  const wanted = Date.parse(`${effective}T00:00:00Z`);
  const [nearest = wanted] = candidates.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
  return new Date(nearest).toISOString().slice(0, 10);
}
