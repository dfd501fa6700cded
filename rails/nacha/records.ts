/** The records of a NACHA file, 94 characters each (NACHA Operating Rules, appendix three). */
import { NachaError } from './error';
import {
  amount,
  blank,
  constant,
  count,
  date,
  digits,
  FieldError,
  oneOf,
  requiredText,
  routing,
  sender,
  text,
  time,
  type Field,
} from './fields';

export const RECORD_LENGTH = 94;
export const BLOCKING_FACTOR = 10;
export const FILLER = '9'.repeat(RECORD_LENGTH);

export const fileHeader = {
  recordType: constant('1'),
  priorityCode: constant('01'),
  immediateDestination: sender(),
  immediateOrigin: sender(),
  creationDate: date(),
  creationTime: time(),
  fileIdModifier: oneOf(...('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'.split('') as [string, ...string[]])),
  recordSize: constant('094'),
  blockingFactor: constant('10'),
  formatCode: constant('1'),
  destinationName: requiredText(23),
  originName: requiredText(23),
  referenceCode: text(8),
};

export const batchHeader = {
  recordType: constant('5'),
  /** 200 mixed, 220 credits only, 225 debits only. */
  serviceClass: oneOf('200', '220', '225'),
  companyName: requiredText(16),
  companyDiscretionaryData: text(20),
  companyId: requiredText(10),
  /** COR: a notification of change. */
  entryClass: oneOf('PPD', 'CCD', 'COR'),
  entryDescription: requiredText(10),
  descriptiveDate: text(6),
  effectiveEntryDate: date(),
  /** Day of the year, put in by the ACH operator; empty on the way to it. */
  settlementDay: text(3),
  originatorStatus: constant('1'),
  /** The first eight digits of the routing number of who made the batch. */
  originatingBank: digits(8),
  batchNumber: count(7),
};

export const entryDetail = {
  recordType: constant('6'),
  /** 2x checking, 3x savings; x2 credit, x7 debit, x1 return of a credit, x6 return of a debit. */
  transactionCode: oneOf('21', '22', '26', '27', '31', '32', '36', '37'),
  receivingRouting: routing(),
  accountNumber: requiredText(17),
  amountMinor: amount(10),
  individualId: text(15),
  individualName: requiredText(22),
  discretionaryData: text(2),
  addendaIndicator: oneOf('0', '1'),
  trace: digits(15),
};

export const addenda05 = {
  recordType: constant('7'),
  typeCode: constant('05'),
  information: text(80),
  sequence: count(4),
  entrySequence: digits(7),
};

export const addenda98 = {
  recordType: constant('7'),
  typeCode: constant('98'),
  changeCode: requiredText(3),
  originalTrace: digits(15),
  reserved: blank(6),
  originalReceivingBank: digits(8),
  correctedData: requiredText(29),
  reservedToo: blank(15),
  trace: digits(15),
};

export const addenda99 = {
  recordType: constant('7'),
  typeCode: constant('99'),
  returnCode: requiredText(3),
  originalTrace: digits(15),
  dateOfDeath: text(6),
  originalReceivingBank: digits(8),
  information: text(44),
  trace: digits(15),
};

export const batchControl = {
  recordType: constant('8'),
  serviceClass: oneOf('200', '220', '225'),
  entryAddendaCount: count(6),
  entryHash: count(10),
  totalDebitMinor: amount(12),
  totalCreditMinor: amount(12),
  companyId: requiredText(10),
  authenticationCode: blank(19),
  reserved: blank(6),
  originatingBank: digits(8),
  batchNumber: count(7),
};

export const fileControl = {
  recordType: constant('9'),
  batchCount: count(6),
  blockCount: count(6),
  entryAddendaCount: count(8),
  entryHash: count(10),
  totalDebitMinor: amount(12),
  totalCreditMinor: amount(12),
  reserved: blank(39),
};

interface AnyField {
  readonly length: number;
  write(value: never): string;
  read(text: string): unknown;
}
type Layout = Readonly<Record<string, AnyField>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
/** The values of a record, without those that are always the same. */
export type Values<L> = {
  [K in keyof L as [ValueOf<L[K]>] extends [void] ? never : K]: ValueOf<L[K]>;
};

/** Throws `NachaError`, with the line that the record will be. */
export function writeRecord<L extends Layout>(layout: L, values: Values<L>, line: number): string {
  const given = values as Readonly<Record<string, never>>;
  return Object.entries(layout)
    .map(([name, field]) => named(line, name, () => field.write(given[name] as never)))
    .join('');
}

export function readRecord<L extends Layout>(layout: L, record: string, line: number): Values<L> {
  const values: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, field] of Object.entries(layout)) {
    const found = record.slice(offset, offset + field.length);
    const value: unknown = named(line, name, () => field.read(found));
    if (value !== undefined) values[name] = value;
    offset += field.length;
  }
  return values as Values<L>;
}

function named<T>(line: number, field: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof FieldError) throw new NachaError(line, field, error.message);
    throw error;
  }
}
