/** From instructions of AURA to the NACHA file that carries them out. */
import { sha256Hex } from '../../domain/canonical';
import { dayOfReceipt, newYorkTime, settlementDate } from '../../domain/banking-calendar';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { isIncoming, type Instruction, type SignedInstruction } from '../../domain/settlement';
import {
  alphameric,
  isRoutingNumber,
  transactionCodeOf,
  writeNacha,
  writeRemittance,
  type Batch,
  type Entry,
  type NachaFile,
} from '../nacha';
import type { BankAccount } from '../port';
import { bankOf, type AchProfile } from './profile';

export const AURA_ACCOUNT_REF = 'aura';

/** One instruction on its way into a file. */
export interface Item {
  signed: SignedInstruction;
  account: BankAccount;
  /** The payer's authorization to debit the account. */
  authorization: string | undefined;
}

export interface Unsendable {
  reason: string;
  detail: string;
}

export interface OutboundFile {
  name: string;
  content: string;
}

/** What is wrong with an instruction in itself, so that it never can have been sent from here. */
export function findDefect(instruction: Instruction): Unsendable | undefined {
  const { kind, debtor, creditor, asset } = instruction;
  if (instruction.rail !== 'ach') return { reason: 'WRONG_RAIL', detail: 'this is ach' };
  if (!/^[1-9]\d{0,17}$/.test(instruction.amount_minor))
    return { reason: 'AM12', detail: 'not a positive amount' };
  const limits = RAIL_TERMS.ach.maxAmountMinor;
  const limitMinor = Object.hasOwn(limits, asset) ? limits[asset] : undefined;
  if (limitMinor === undefined) return { reason: 'AM03', detail: `${asset} is not cleared here` };
  if (BigInt(instruction.amount_minor) > limitMinor)
    return { reason: 'AM02', detail: `more than ${limitMinor} minor units` };
  const incoming = isIncoming(kind);
  const [ours, theirs] = incoming ? [creditor, debtor] : [debtor, creditor];
  if (ours.account_ref !== AURA_ACCOUNT_REF || theirs.account_ref === AURA_ACCOUNT_REF) {
    return { reason: 'WRONG_PARTIES', detail: `a ${kind} is between AURA and a payment account` };
  }
  if (incoming && !debtor.mandate_ref)
    return { reason: 'MD01', detail: 'without an authorization of the payer' };
  if (kind === 'return' && !instruction.returns_reference)
    return { reason: 'NO_REFERENCE', detail: 'a return names the transfer that goes back' };
  return undefined;
}

/** Why no entry can be made of it. One that cannot would keep the others of its file from being sent. */
export function findItemDefect({ signed, account, authorization }: Item): Unsendable | undefined {
  const { returns_reference: back } = signed.instruction;
  if (back !== undefined && !/^\d{15}$/.test(back))
    return { reason: 'NO_REFERENCE', detail: 'what goes back is named by its trace number' };
  if (authorization !== undefined && !/^[\x21-\x7e]{1,15}$/.test(authorization))
    return { reason: 'MD01', detail: 'not an authorization of this rail' };
  return findAccountDefect(account);
}

/** Why no entry can name the account. */
export function findAccountDefect({ routingNumber, accountNumber }: BankAccount): Unsendable | undefined {
  if (!isRoutingNumber(routingNumber))
    return { reason: 'R28', detail: 'the routing number and its check digit do not agree' };
  if (!/^[A-Za-z0-9-]{1,17}$/.test(accountNumber))
    return { reason: 'R04', detail: 'not an account number that a file can carry' };
  return undefined;
}

/**
 * The file of these instructions. It depends on nothing but them and the day they go out, so that making it again on
 * that day makes the same file with the same name.
 */
export function buildFile(profile: AchProfile, items: readonly Item[], now: Date): OutboundFile {
  const sorted = [...items].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const { date, minutes } = newYorkTime(now);
  const effectiveDate = settlementDate(dayOfReceipt(date, minutes, profile.cutOffMinutes), undefined);
  const batches = batchesOf(profile, sorted, effectiveDate);
  const content = writeNacha({ header: headerOf(profile, sorted), batches });
  const name = `AURA-${effectiveDate.replaceAll('-', '')}-${sha256Hex(content).slice(0, 24)}.ach`;
  return { name, content };
}

function idOf({ signed }: Item): string {
  return signed.instruction.instruction_id;
}

const MODIFIERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function headerOf(profile: AchProfile, items: readonly Item[]): NachaFile['header'] {
  const newest = items.reduce((latest, { signed: { instruction } }) => {
    return instruction.created_at > latest ? instruction.created_at : latest;
  }, '');
  const { date, minutes } = newYorkTime(new Date(newest));
  const clock = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  const hash = Number.parseInt(sha256Hex(items.map(idOf).join(',')).slice(0, 8), 16);
  return {
    immediateDestination: profile.bankRouting,
    immediateOrigin: profile.originRouting,
    creationDate: date,
    creationTime: clock.join(':'),
    fileIdModifier: MODIFIERS.charAt(hash % MODIFIERS.length),
    destinationName: profile.bankName,
    originName: profile.originName,
    referenceCode: '',
  };
}

/** Batches of one entry class and one direction each, so that a batch's settlement is one sum one way. */
const BATCHES = [
  ['PPD', 'debit'],
  ['PPD', 'credit'],
  ['CCD', 'debit'],
  ['CCD', 'credit'],
] as const;

function batchesOf(profile: AchProfile, items: readonly Item[], effectiveEntryDate: string): Batch[] {
  const batches: Batch[] = [];
  let sequence = 0;
  for (const [entryClass, direction] of BATCHES) {
    const chosen = items.filter((item) => classOf(item) === entryClass && directionOf(item) === direction);
    if (chosen.length === 0) continue;
    batches.push({
      header: {
        serviceClass: direction === 'debit' ? '225' : '220',
        companyName: profile.companyName,
        companyDiscretionaryData: '',
        companyId: profile.companyId,
        entryClass,
        entryDescription: profile.entryDescription,
        descriptiveDate: '',
        effectiveEntryDate,
        settlementDay: '',
        originatingBank: bankOf(profile.bankRouting),
        batchNumber: batches.length + 1,
      },
      entries: chosen.map((item) => entryOf(profile, item, (sequence += 1))),
    });
  }
  return batches;
}

function classOf({ account }: Item): 'PPD' | 'CCD' {
  return account.business ? 'CCD' : 'PPD';
}

function directionOf({ signed }: Item): 'debit' | 'credit' {
  return isIncoming(signed.instruction.kind) ? 'debit' : 'credit';
}

function entryOf(profile: AchProfile, item: Item, sequence: number): Entry {
  const { instruction } = item.signed;
  const { account } = item;
  const remittance = {
    instructionId: instruction.instruction_id,
    ...(instruction.returns_reference ? { returnsReference: instruction.returns_reference } : {}),
  };
  return {
    transactionCode: transactionCodeOf(account.accountType ?? 'checking', directionOf(item)),
    receivingRouting: account.routingNumber,
    accountNumber: account.accountNumber,
    amountMinor: BigInt(instruction.amount_minor),
    individualId: item.authorization ?? '',
    individualName: alphameric(account.holderName, 22) || 'ACCOUNT HOLDER',
    discretionaryData: '',
    trace: `${bankOf(profile.bankRouting)}${String(sequence).padStart(7, '0')}`,
    addenda: { type: '05', information: writeRemittance(remittance) },
  };
}
