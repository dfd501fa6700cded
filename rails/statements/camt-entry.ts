/** One entry of a camt message as a statement line. */
import { isId } from '../../domain/ids';
import { isDay } from '../../domain/recordable-time';
import type { LinePart } from '../../domain/settlement';
import { Iso20022Error, type XmlElement } from '../iso20022/xml';
import { instant, moneyOf } from './camt';
import { all, child, need, textOf } from './camt-tree';
import { noonOf, type FileLine, type FileOf } from './file';

/** Bank transaction codes, sub-family, of entries that are nothing but charges (ISO 20022 external code set). */
const CHARGE_CODES = ['CHRG', 'COMM', 'FEES'];

/** Undefined for an entry that is not booked. Throws `Iso20022Error`. */
export function entryLine(
  entry: XmlElement,
  { rail, network, sourceFormat }: FileOf & { sourceFormat: string },
): FileLine | undefined {
  const status = need(entry, 'Sts');
  // Up to version 07 the code itself, from 08 on an element of its own.
  const code = (child(status, 'Cd') ?? status).text.trim();
  if (code !== 'BOOK') {
    if (code === 'PDNG' || code === 'INFO' || code === 'FUTR') return undefined;
    throw new Iso20022Error('Ntry/Sts', 'not a status');
  }
  const { amountMinor: moved, asset } = moneyOf(need(entry, 'Amt'), 'Ntry/Amt');
  if (moved === 0n) throw new Iso20022Error('Ntry/Amt', 'zero');
  const direction = directionOf(entry);
  const feeMinor = includedCharges(entry, asset);
  const amountMinor = direction === 'credit' ? moved + feeMinor : moved - feeMinor;
  if (amountMinor <= 0n) throw new Iso20022Error('Ntry/Chrgs', 'more than the amount');
  const bookedOn = need(entry, 'BookgDt');
  const businessDate = dateOf(child(entry, 'ValDt') ?? bookedOn);
  const transactions = all(entry, 'NtryDtls').flatMap((details) => all(details, 'TxDtls'));
  const [only] = transactions;
  const bookedAt = child(bookedOn, 'DtTm');
  return {
    rail,
    network,
    business_date: businessDate,
    reference: referenceOf(entry),
    line: '0',
    direction,
    amount_minor: amountMinor.toString(),
    fee_minor: feeMinor.toString(),
    asset,
    instruction_id: only && transactions.length === 1 ? instructionOf(only) : null,
    booked_at: bookedAt ? instant(bookedAt.text.trim()) : noonOf(dateOf(bookedOn)),
    source_format: sourceFormat,
    ...(transactions.length > 1 && partsOf(transactions, asset)),
    ...(isCharge(entry) && { role: 'fee' as const }),
  };
}

function directionOf(entry: XmlElement): 'credit' | 'debit' {
  const found = textOf(entry, 'CdtDbtInd');
  if (found === 'CRDT') return 'credit';
  if (found === 'DBIT') return 'debit';
  throw new Iso20022Error('Ntry/CdtDbtInd', 'not CRDT or DBIT');
}

function dateOf(element: XmlElement): string {
  const text = (child(element, 'Dt') ?? need(element, 'DtTm')).text.trim().slice(0, 10);
  if (!isDay(text)) throw new Iso20022Error(`Ntry/${element.name}`, 'not a date');
  return text;
}

function referenceOf(entry: XmlElement): string {
  const found = child(entry, 'AcctSvcrRef') ?? child(entry, 'NtryRef');
  const reference = found?.text.trim() ?? '';
  if (!/^[\x21-\x7e]{1,100}$/.test(reference))
    throw new Iso20022Error('Ntry/AcctSvcrRef', found ? 'not a reference' : 'missing');
  return reference;
}

function instructionOf(transaction: XmlElement): string | null {
  const quoted = child(transaction, 'Refs', 'EndToEndId')?.text.trim();
  return isId('instruction', quoted) ? quoted : null;
}

/** The transactions of a batch, where every one names its instruction and amount. */
function partsOf(transactions: readonly XmlElement[], asset: string): { parts?: LinePart[] } {
  const parts = transactions.flatMap((transaction) => {
    const instructionId = instructionOf(transaction);
    const amount = child(transaction, 'Amt') ?? child(transaction, 'AmtDtls', 'TxAmt', 'Amt');
    if (instructionId === null || !amount) return [];
    const money = moneyOf(amount, 'Ntry/NtryDtls/TxDtls/Amt');
    return money.asset === asset
      ? [{ instruction_id: instructionId, amount_minor: money.amountMinor.toString() }]
      : [];
  });
  return parts.length === transactions.length ? { parts } : {};
}

function includedCharges(entry: XmlElement, asset: string): bigint {
  return all(entry, 'Chrgs')
    .flatMap((charges) => all(charges, 'Rcrd'))
    .filter((record) => ['true', '1'].includes(child(record, 'ChrgInclInd')?.text.trim() ?? ''))
    .reduce((sum, record) => {
      const charge = moneyOf(need(record, 'Amt'), 'Ntry/Chrgs/Rcrd/Amt');
      if (charge.asset !== asset)
        throw new Iso20022Error('Ntry/Chrgs/Rcrd/Amt', 'in another currency than the entry');
      return sum + charge.amountMinor;
    }, 0n);
}

function isCharge(entry: XmlElement): boolean {
  const code = child(entry, 'BkTxCd', 'Domn', 'Fmly', 'SubFmlyCd')?.text.trim();
  return code !== undefined && CHARGE_CODES.includes(code);
}
