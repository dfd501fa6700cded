/** Why the bank takes no entry, and why a receiving bank returns one before it settles. */
import type { AchReturnCode } from '../../../domain/ach-returns';
import { isIncomingEntry, type Proposed } from './proposal';
import { nowOf, type Bank } from './bank';
import type { Books } from './books';
import type { BankEntry } from './entry';

export interface Refusal {
  reason: string;
  detail: string;
}

const LIMIT_MINOR = 100_000_000n;

/** The first rule of AURA's bank that an entry breaks. */
export function refusalOf(bank: Bank, entry: Proposed, outgoingMinor: bigint): Refusal | undefined {
  if (entry.amountMinor > LIMIT_MINOR) return { reason: 'AM02', detail: 'above the limit of an entry' };
  if (isIncomingEntry(entry)) return authorizationRefusal(bank, entry);
  const back = entry.returnsReference ? returnRefusal(bank.books, entry) : undefined;
  if (back) return back;
  const freeMinor = bank.books.settlementAccount().balanceMinor - outgoingMinor;
  return freeMinor >= entry.amountMinor
    ? undefined
    : { reason: 'AM04', detail: 'not covered by the account' };
}

/** AURA may debit an account only under an authorization that is on record, and within it. */
function authorizationRefusal(bank: Bank, entry: Proposed): Refusal | undefined {
  const known = bank.books.authorization(entry.individualId);
  const account = bank.books.accounts.find(entry.account);
  const authorized = known && bank.books.accounts.find(known.account);
  if (!known || !account || authorized !== account)
    return { reason: 'MD01', detail: 'no authorization to debit this account' };
  if (known.expiresAt <= nowOf(bank)) return { reason: 'MD01', detail: 'the authorization has expired' };
  if (BigInt(known.ceilingMinor) < entry.amountMinor)
    return { reason: 'AM14', detail: 'more than was authorized' };
  return undefined;
}

/** What is given back was received, goes back to where it came from, and is not more than is left of it. */
function returnRefusal(books: Books, entry: Proposed): Refusal | undefined {
  const reference = entry.returnsReference ?? '';
  const original = books.entryByTrace(reference);
  const received = original?.settlements.find(({ trace }) => trace === reference);
  if (original?.direction !== 'debit' || !received || original.returned)
    return { reason: 'AGNT', detail: 'nothing was received under this reference' };
  if (books.accounts.find(original.account) !== books.accounts.find(entry.account))
    return { reason: 'AGNT', detail: 'it did not come from this account' };
  const leftMinor = received.amountMinor - books.givenBackMinor(reference);
  return entry.amountMinor <= leftMinor ? undefined : { reason: 'AM09', detail: 'more than is left of it' };
}

/** Why the receiving bank sends an entry back when it gets it. */
export function receiverRefusal(books: Books, entry: BankEntry): AchReturnCode | undefined {
  const { fate, direction, amountMinor } = entry;
  const account = books.accounts.find(entry.account);
  if (!account) return 'R03';
  if (!account.open) return 'R02';
  if (fate.returnBefore) return fate.returnBefore;
  const freeMinor = account.balanceMinor - account.heldMinor;
  const neededMinor = BigInt(amountMinor) * (fate.twice ? 2n : 1n);
  return direction === 'debit' && freeMinor < neededMinor ? 'R01' : undefined;
}
