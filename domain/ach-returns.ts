/**
 * Return reason codes and change codes of the ACH network, as data (NACHA Operating Rules, appendix four and five).
 * What AURA makes of a return is decided elsewhere; here is what the codes mean.
 */
import { addBankingDays, addDays, daysBetween, type IsoDate } from './banking-calendar';

export type AchReturnClass =
  'funds' | 'account' | 'unauthorised' | 'stopped' | 'refused' | 'duplicate' | 'administrative';

/** How long after the settlement date the receiving bank may return for this reason; `agreed`: as the banks agree. */
export type ReturnWindow = { readonly bankingDays: 2 } | { readonly calendarDays: 60 } | 'agreed';

export interface AchReturnTerms {
  readonly title: string;
  readonly class: AchReturnClass;
  /** Whether the same entry may be sent again. */
  readonly retryable: boolean;
  readonly window: ReturnWindow;
}

const TWO_BANKING_DAYS: ReturnWindow = { bankingDays: 2 };
const SIXTY_DAYS: ReturnWindow = { calendarDays: 60 };

const once = (
  title: string,
  kind: AchReturnClass,
  window: ReturnWindow = TWO_BANKING_DAYS,
): AchReturnTerms => ({
  title,
  class: kind,
  retryable: false,
  window,
});
const again = (title: string): AchReturnTerms => ({ ...once(title, 'funds'), retryable: true });

export const ACH_RETURNS = {
  R01: again('Insufficient funds'),
  R02: once('Account closed', 'account'),
  R03: once('No account or unable to locate account', 'account'),
  R04: once('Invalid account number structure', 'account'),
  R05: once(
    'Unauthorised debit to a consumer account using a corporate entry class',
    'unauthorised',
    SIXTY_DAYS,
  ),
  R06: once("Returned per the originating bank's request", 'administrative', 'agreed'),
  R07: once('Authorisation revoked by customer', 'unauthorised', SIXTY_DAYS),
  R08: once('Payment stopped', 'stopped'),
  R09: again('Uncollected funds'),
  R10: once('Customer advises originator is not known or not authorised', 'unauthorised', SIXTY_DAYS),
  R11: once('Customer advises entry not in accordance with the authorisation', 'unauthorised', SIXTY_DAYS),
  R12: once('Account sold to another bank', 'account'),
  R13: once('Invalid routing number', 'administrative'),
  R14: once('Representative payee deceased or unable to continue', 'account'),
  R15: once('Beneficiary or account holder deceased', 'account'),
  R16: once('Account frozen or entry returned by legal order', 'account'),
  R17: once('File record edit criteria or questionable circumstances', 'administrative'),
  R18: once('Improper effective entry date', 'administrative'),
  R19: once('Amount field error', 'administrative'),
  R20: once('Non-transaction account', 'account'),
  R21: once('Invalid company identification', 'administrative'),
  R22: once('Invalid individual id number', 'administrative'),
  R23: once('Credit entry refused by receiver', 'refused'),
  R24: once('Duplicate entry', 'duplicate'),
  R25: once('Addenda error', 'administrative'),
  R26: once('Mandatory field error', 'administrative'),
  R27: once('Trace number error', 'administrative'),
  R28: once('Routing number check digit error', 'administrative'),
  R29: once('Corporate customer advises not authorised', 'unauthorised', SIXTY_DAYS),
  R31: once('Permissible return of a corporate entry', 'administrative', 'agreed'),
  R32: once('Receiving bank does not settle', 'administrative'),
} as const satisfies Record<string, AchReturnTerms>;

export type AchReturnCode = keyof typeof ACH_RETURNS;
export const ACH_RETURN_CODES = Object.keys(ACH_RETURNS) as AchReturnCode[];

export function isAchReturnCode(code: string): code is AchReturnCode {
  return Object.hasOwn(ACH_RETURNS, code);
}

/** What a code means; undefined for one that is not in the table. */
export function achReturn(code: string): AchReturnTerms | undefined {
  return isAchReturnCode(code) ? ACH_RETURNS[code] : undefined;
}

/** The last day on which an entry settled on `settledOn` may be returned; undefined where the banks agree on it. */
export function returnDeadline(code: AchReturnCode, settledOn: IsoDate): IsoDate | undefined {
  const window: ReturnWindow = ACH_RETURNS[code].window;
  if (window === 'agreed') return undefined;
  return 'bankingDays' in window
    ? addBankingDays(settledOn, window.bankingDays)
    : addDays(settledOn, window.calendarDays);
}

/** NACHA, "reinitiation of entries": at most twice, within 180 days of the first entry's settlement date. */
export const MAX_RETRIES = 2;
export const RETRY_WINDOW_DAYS = 180;

export interface RetryQuestion {
  code: string;
  /** How often the entry has been sent again already. */
  retries: number;
  /** Settlement date of the first entry. */
  firstSettledOn: IsoDate;
  on: IsoDate;
}

export function mayRetry({ code, retries, firstSettledOn, on }: RetryQuestion): boolean {
  if (!achReturn(code)?.retryable || retries >= MAX_RETRIES) return false;
  return daysBetween(firstSettledOn, on) <= RETRY_WINDOW_DAYS;
}

/** What a change code corrects. `sender` is what AURA says of itself; it is for people to look at. */
export type CorrectedField =
  'accountNumber' | 'routingNumber' | 'accountType' | 'holderName' | 'individualId' | 'sender';

export interface ChangeTerms {
  readonly title: string;
  readonly corrects: readonly CorrectedField[];
}

export const ACH_CHANGES = {
  C01: { title: 'Incorrect account number', corrects: ['accountNumber'] },
  C02: { title: 'Incorrect routing number', corrects: ['routingNumber'] },
  C03: { title: 'Incorrect routing number and account number', corrects: ['routingNumber', 'accountNumber'] },
  C04: { title: 'Incorrect individual or receiving company name', corrects: ['holderName'] },
  C05: { title: 'Incorrect transaction code', corrects: ['accountType'] },
  C06: { title: 'Incorrect account number and transaction code', corrects: ['accountNumber', 'accountType'] },
  C07: {
    title: 'Incorrect routing number, account number and transaction code',
    corrects: ['routingNumber', 'accountNumber', 'accountType'],
  },
  C08: { title: 'Incorrect foreign receiving bank identification', corrects: [] },
  C09: { title: 'Incorrect individual identification number', corrects: ['individualId'] },
  C10: { title: 'Incorrect company name', corrects: ['sender'] },
  C11: { title: 'Incorrect company identification', corrects: ['sender'] },
  C12: { title: 'Incorrect company name and company identification', corrects: ['sender'] },
  C13: { title: 'Addenda format error', corrects: [] },
  C14: { title: 'Incorrect entry class of an outbound international payment', corrects: [] },
} as const satisfies Record<string, ChangeTerms>;

export type AchChangeCode = keyof typeof ACH_CHANGES;
export const ACH_CHANGE_CODES = Object.keys(ACH_CHANGES) as AchChangeCode[];

export function isAchChangeCode(code: string): code is AchChangeCode {
  return Object.hasOwn(ACH_CHANGES, code);
}
