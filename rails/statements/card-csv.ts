/**
 * A card processor's settlement report as CSV (RFC 4180, UTF-8, with a header). Columns, in any order:
 *
 * | column | |
 * |---|---|
 * | `date` | business date, `YYYY-MM-DD` |
 * | `reference` | the id of the capture, refund, chargeback or representment |
 * | `type` | `capture`, `refund`, `chargeback`, `chargeback_fee`, `representment` or `fee` |
 * | `amount` | gross, a positive decimal in the currency, e.g. `349.99` |
 * | `currency` | ISO 4217 |
 * | `fee` | optional: what the processor kept (of what came in) or charged besides; default 0 |
 * | `instruction_id` | optional: the merchant reference, `ins_…` where it is AURA's |
 * | `line` | optional: tells lines of one reference apart; default `0` |
 * | `booked_at` | optional: RFC 3339 with offset; default noon UTC of the date |
 *
 * Other columns are passed over.
 */
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { isId } from '../../domain/ids';
import { parseMoney } from '../../domain/money';
import { isDay, isRecordable } from '../../domain/recordable-time';
import {
  noonOf,
  StatementFileError,
  type Chunks,
  type FileLine,
  type FileOf,
  type StatementFileReading,
} from './file';

const TYPES: Readonly<Record<string, 'credit' | 'debit'>> = {
  capture: 'credit',
  representment: 'credit',
  refund: 'debit',
  chargeback: 'debit',
  chargeback_fee: 'debit',
  fee: 'debit',
};
const REQUIRED = ['date', 'reference', 'type', 'amount', 'currency'] as const;
const MAX_RECORD = 10_000;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

interface Parsed {
  record: Record<string, string>;
  info: { lines: number };
}

export function readCardCsv(source: Chunks, of: FileOf): StatementFileReading {
  return {
    async *lines() {
      const parser = parse({
        bom: true,
        columns: readHeader,
        info: true,
        skip_empty_lines: true,
        max_record_size: MAX_RECORD,
      });
      const input = Readable.from(source);
      input.on('error', (error) => parser.destroy(error));
      input.pipe(parser);
      try {
        for await (const parsed of parser) {
          const { record, info } = parsed as Parsed;
          yield lineOf(of, record, info.lines);
        }
      } catch (error) {
        if (!(error instanceof CsvError)) throw error;
        const line = (error as { lines?: number }).lines ?? 0;
        throw new StatementFileError({ line, field: 'record', reason: `not CSV (${error.code})` });
      } finally {
        input.destroy();
      }
    },
    summary: () => ({}),
  };
}

function readHeader(header: string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase().replaceAll(' ', '_'));
  for (const required of REQUIRED) {
    if (!names.includes(required)) throw refuse(1, required, 'the column is missing');
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw refuse(1, twice.slice(0, 40), 'the column is there twice');
  return names;
}

function lineOf({ rail, network }: FileOf, record: Record<string, string>, line: number): FileLine {
  const cell = (field: string) => record[field]?.trim() ?? '';
  const need = (field: string, pattern: RegExp, what: string) => {
    const value = cell(field);
    if (!pattern.test(value)) throw refuse(line, field, value === '' ? 'required' : `not ${what}`);
    return value;
  };
  const date = need('date', /^\d{4}-\d\d-\d\d$/, 'a date');
  if (!isDay(date)) throw refuse(line, 'date', 'not a date');
  const type = cell('type').toLowerCase();
  const direction = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (!direction) throw refuse(line, 'type', `not one of ${Object.keys(TYPES).join(', ')}`);
  const asset = need('currency', /^[A-Z]{3}$/, 'a currency');
  const amountMinor = decimal(cell('amount'), asset, line, 'amount');
  if (amountMinor === 0n) throw refuse(line, 'amount', 'zero');
  const feeMinor = cell('fee') === '' ? 0n : decimal(cell('fee'), asset, line, 'fee');
  if (direction === 'credit' && feeMinor > amountMinor) throw refuse(line, 'fee', 'more than the amount');
  const bookedAt = cell('booked_at');
  if (bookedAt !== '' && !(INSTANT.test(bookedAt) && isRecordable(bookedAt)))
    throw refuse(line, 'booked_at', 'not an instant with offset');
  const instructionId = cell('instruction_id');
  return {
    rail,
    network,
    business_date: date,
    reference: need('reference', /^[\x21-\x7e]{1,100}$/, 'a reference'),
    line: cell('line') === '' ? '0' : need('line', /^[\x21-\x7e]{1,40}$/, 'a line'),
    direction,
    amount_minor: amountMinor.toString(),
    fee_minor: feeMinor.toString(),
    asset,
    instruction_id: isId('instruction', instructionId) ? instructionId : null,
    booked_at: bookedAt === '' ? noonOf(date) : new Date(bookedAt).toISOString(),
    source_format: `card:csv/${type}`,
    ...(type === 'fee' && { role: 'fee' as const }),
  };
}

function decimal(text: string, asset: string, line: number, field: string): bigint {
  if (text === '') throw refuse(line, field, 'required');
  try {
    const { amountMinor } = parseMoney(text, asset);
    if (amountMinor >= 0n) return amountMinor;
  } catch {
    // Told below, without the text itself.
  }
  throw refuse(line, field, `not an amount of ${asset}`);
}

const refuse = (line: number, field: string, reason: string) =>
  new StatementFileError({ line, field, reason });
