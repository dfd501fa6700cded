/** The corrected data of a notification of change, by its code (NACHA Operating Rules, appendix five). */
import { ACH_CHANGES, isAchChangeCode, type AchChangeCode } from '../../domain/ach-returns';
import { isRoutingNumber } from './fields';

/** What a notification of change says is right of a receiver's account. */
export interface Correction {
  routingNumber?: string;
  accountNumber?: string;
  accountType?: 'checking' | 'savings';
  holderName?: string;
}

const ACCOUNT_LENGTH = 17;
const ROUTING_LENGTH = 9;
const NAME_LENGTH = 22;

/** Throws `RangeError` where the code does not correct an account, or what it corrects is missing. */
export function writeCorrection(
  code: AchChangeCode,
  given: Correction,
  direction: 'debit' | 'credit',
): string {
  const { routingNumber = '', accountNumber = '', accountType, holderName = '' } = given;
  const transactionCode = accountType ? transactionCodeOf(accountType, direction) : '';
  const account = accountNumber.padEnd(ACCOUNT_LENGTH);
  const data: Partial<Record<AchChangeCode, string>> = {
    C01: accountNumber,
    C02: routingNumber,
    C03: `${routingNumber}   ${accountNumber}`,
    C04: holderName,
    C05: transactionCode,
    C06: `${account}   ${transactionCode}`,
    C07: `${routingNumber}${account}${transactionCode}`,
  };
  const written = data[code]?.trimEnd() ?? '';
  if (readCorrection(code, written) === undefined) throw new RangeError(`${code} without what it corrects`);
  return written;
}

/** Undefined where the code corrects nothing of an account, or the data is not as the code demands. */
export function readCorrection(code: string, data: string): Correction | undefined {
  if (!isAchChangeCode(code)) return undefined;
  const corrects: readonly string[] = ACH_CHANGES[code].corrects;
  const has = (field: keyof Correction) => corrects.includes(field);
  if (has('holderName')) return checked({ holderName: data.slice(0, NAME_LENGTH).trim() });
  const routingEnd = has('routingNumber') ? ROUTING_LENGTH : 0;
  const gap = code === 'C03' ? 3 : 0;
  const accountAt = routingEnd + gap;
  const accountEnd = has('accountNumber') ? accountAt + ACCOUNT_LENGTH : accountAt;
  const typeAt = code === 'C06' ? accountEnd + 3 : accountEnd;
  const correction: Correction = {};
  if (has('routingNumber')) correction.routingNumber = data.slice(0, routingEnd);
  if (has('accountNumber')) correction.accountNumber = data.slice(accountAt, accountEnd).trim();
  if (has('accountType')) {
    const accountType = accountTypeOf(data.slice(typeAt, typeAt + 2));
    if (!accountType) return undefined;
    correction.accountType = accountType;
  }
  return checked(correction);
}

function checked(correction: Correction): Correction | undefined {
  const { routingNumber, accountNumber, holderName } = correction;
  if (Object.keys(correction).length === 0) return undefined;
  if (routingNumber !== undefined && !isRoutingNumber(routingNumber)) return undefined;
  if (accountNumber !== undefined && !/^[A-Za-z0-9-]{1,17}$/.test(accountNumber)) return undefined;
  if (holderName === '') return undefined;
  return correction;
}

export function accountTypeOf(transactionCode: string): 'checking' | 'savings' | undefined {
  if (/^2[1267]$/.test(transactionCode)) return 'checking';
  return /^3[1267]$/.test(transactionCode) ? 'savings' : undefined;
}

/** The code of a forward entry, or of the return of one. */
export function transactionCodeOf(
  accountType: 'checking' | 'savings',
  direction: 'debit' | 'credit',
  forward = true,
) {
  const checking = accountType === 'checking';
  if (forward) {
    if (direction === 'debit') return checking ? ('27' as const) : ('37' as const);
    return checking ? ('22' as const) : ('32' as const);
  }
  if (direction === 'debit') return checking ? ('26' as const) : ('36' as const);
  return checking ? ('21' as const) : ('31' as const);
}
