/** The files that the bank puts out for AURA: returns and notifications of change in NACHA's form, and settlements. */
import { ACH_CHANGES, type AchChangeCode, type AchReturnCode } from '../../../domain/ach-returns';
import { daysBetween, newYorkTime, type IsoDate } from '../../../domain/banking-calendar';
import { bankOf } from '../../ach';
import { transactionCodeOf, writeCorrection, writeNacha, type Addenda, type Batch } from '../../nacha';
import type { Bank } from './bank';
import type { BankEntry } from './entry';
import type { InboundFile } from './events';

const MODIFIERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const SEQUENCE_MODULUS = 10_000_000;

export interface Sent {
  entry: BankEntry;
  /** The trace number that the receiving bank gave its own entry. */
  trace: string;
  lines: string[];
}

interface Outgoing {
  entry: BankEntry;
  entryClass: 'PPD' | 'CCD' | 'COR';
  amountMinor: bigint;
  addenda: Addenda;
}

export function returnFile(
  bank: Bank,
  date: IsoDate,
  returns: readonly { entry: BankEntry; code: AchReturnCode }[],
): { file: InboundFile; sent: Sent[] } {
  const outgoing = returns.map(({ entry, code }): Outgoing => ({
    entry,
    entryClass: entry.entryClass,
    amountMinor: entry.settlements[0]?.amountMinor ?? BigInt(entry.amountMinor),
    addenda: {
      type: '99',
      returnCode: code,
      originalTrace: entry.trace,
      dateOfDeath: '',
      originalReceivingBank: bankOf(entry.account.routingNumber),
      information: entry.instructionId,
    },
  }));
  return nachaFile(bank, date, 'return', outgoing);
}

export function changeFile(
  bank: Bank,
  date: IsoDate,
  changes: readonly { entry: BankEntry; code: AchChangeCode }[],
): { file: InboundFile; sent: Sent[] } {
  const outgoing = changes.map(({ entry, code }): Outgoing => ({
    entry,
    entryClass: 'COR',
    amountMinor: 0n,
    addenda: {
      type: '98',
      changeCode: code,
      originalTrace: entry.trace,
      originalReceivingBank: bankOf(entry.account.routingNumber),
      correctedData: correctedData(bank, entry, code),
    },
  }));
  return nachaFile(bank, date, 'change', outgoing);
}

function correctedData({ books }: Bank, entry: BankEntry, code: AchChangeCode): string {
  const account = books.accounts.find(entry.account);
  const corrects: readonly string[] = ACH_CHANGES[code].corrects;
  const ofAccount = corrects.length > 0 && !corrects.includes('sender') && !corrects.includes('individualId');
  if (!account || !ofAccount) return 'SEE OPERATING RULES';
  const holderName = account.holderName.slice(0, 22).trim();
  return writeCorrection(code, { ...account, holderName }, entry.direction);
}

function nachaFile(
  bank: Bank,
  date: IsoDate,
  kind: 'return' | 'change',
  outgoing: readonly Outgoing[],
): { file: InboundFile; sent: Sent[] } {
  const { profile, books, clock } = bank;
  const { inbound, returns } = books.counts();
  const numbered = outgoing.map((one, index) => {
    const number = String((returns + index + 1) % SEQUENCE_MODULUS).padStart(7, '0');
    return { ...one, trace: `${bankOf(one.entry.account.routingNumber)}${number}` };
  });
  const { minutes } = newYorkTime(clock());
  const time = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  const content = writeNacha({
    header: {
      immediateDestination: profile.originRouting,
      immediateOrigin: profile.bankRouting,
      creationDate: date,
      creationTime: time.join(':'),
      fileIdModifier: MODIFIERS.charAt(inbound % MODIFIERS.length),
      destinationName: profile.originName,
      originName: profile.bankName,
      referenceCode: '',
    },
    batches: batchesOf(bank, date, numbered),
  });
  const lines = content.split('\n');
  const sent = numbered.map(({ entry, trace }) => {
    const at = lines.findIndex((line) => line.startsWith('6') && line.endsWith(trace));
    // The line before it, the entry itself, would quote the receiver's name and account.
    return { entry, trace, lines: lines.slice(at + 1, at + 2) };
  });
  return { file: { name: fileName(bank, kind, date, 'ach'), kind, content }, sent };
}

/** Returns come from the receiving banks: each has batches of its own. */
function batchesOf(
  { profile }: Bank,
  date: IsoDate,
  numbered: readonly (Outgoing & { trace: string })[],
): Batch[] {
  const groups = new Map<string, (Outgoing & { trace: string })[]>();
  for (const one of numbered) {
    const key = `${bankOf(one.entry.account.routingNumber)} ${one.entryClass}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const dayOfYear = daysBetween(`${date.slice(0, 4)}-01-01`, date) + 1;
  return [...groups.values()].map((group, index) => ({
    header: {
      serviceClass: '200',
      companyName: profile.companyName,
      companyDiscretionaryData: '',
      companyId: profile.companyId,
      entryClass: group[0]?.entryClass ?? 'PPD',
      entryDescription: profile.entryDescription,
      descriptiveDate: '',
      effectiveEntryDate: date,
      settlementDay: String(dayOfYear).padStart(3, '0'),
      originatingBank: group[0]?.trace.slice(0, 8) ?? '',
      batchNumber: index + 1,
    },
    entries: group.map(({ entry, trace, amountMinor, addenda }) => ({
      transactionCode: transactionCodeOf(entry.accountType, entry.direction, false),
      receivingRouting: profile.bankRouting,
      accountNumber: entry.account.accountNumber,
      amountMinor,
      individualId: entry.individualId,
      individualName: entry.receiverName,
      discretionaryData: '',
      trace,
      addenda,
    })),
  }));
}

/** The day's settlements as JSON lines, one for each entry. */
export function settlementFile(bank: Bank, date: IsoDate, entries: readonly BankEntry[]): InboundFile {
  const lines = entries.flatMap(({ instructionId, direction, batchReference, settlements }) =>
    settlements.map(({ trace, amountMinor }) => ({
      instruction_id: instructionId,
      trace,
      batch_reference: batchReference,
      direction: direction === 'debit' ? 'credit' : 'debit',
      amount_minor: amountMinor.toString(),
      settlement_date: date,
    })),
  );
  const content = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return { name: fileName(bank, 'settlement', date, 'jsonl'), kind: 'settlement', content };
}

/** Names are in the order in which the files were put out. */
function fileName({ books }: Bank, kind: string, date: IsoDate, extension: string): string {
  return `${String(books.counts().inbound + 1).padStart(8, '0')}-${kind}-${date}.${extension}`;
}
