/** What happens when a banking day begins: entries reach the receiving banks, settle, come back. */
import { ACH_CHANGES, type AchChangeCode, type AchReturnCode } from '../../../domain/ach-returns';
import { checkDigit } from '../../nacha';
import { currentDay, daysPassed, firstDay, nextDay, nowOf, today, type Bank } from './bank';
import type { BankEntry } from './entry';
import type { AccountDetails, SettledPart } from './events';
import { changeFile, returnFile, settlementFile } from './files';
import { receiverRefusal } from './rules';

/** Brings the bank to where it can work: its first day, or what a crash kept it from finishing of the last one. */
export function begin(bank: Bank): void {
  const known = bank.books.today();
  const first = firstDay(bank);
  // Simulated days begin anew: none pass while the bank is down, but it never lags behind the calendar.
  const simulated = bank.settings.dayMs > 0;
  if (!known) bank.record({ type: 'day_opened', at: nowOf(bank), date: first, realDate: first });
  else if (simulated) {
    const date = known.date > first ? known.date : first;
    bank.record({ type: 'day_opened', at: nowOf(bank), date, realDate: known.realDate });
  }
  runDay(bank);
}

/** Lets the days pass that have passed by the clock. */
export function tick(bank: Bank): void {
  for (let left = daysPassed(bank); left > 0; left -= 1) {
    const { date, realDate } = currentDay(bank);
    const next = { date: nextDay(date), realDate: nextDay(realDate) };
    bank.record({ type: 'day_opened', at: nowOf(bank), ...next });
    runDay(bank);
  }
}

/** Lets days pass besides those of the clock. */
export function advance(bank: Bank, bankingDays: number): void {
  for (let left = bankingDays; left > 0; left -= 1) {
    const { date, realDate } = currentDay(bank);
    bank.record({ type: 'day_opened', at: nowOf(bank), date: nextDay(date), realDate });
    runDay(bank);
  }
}

/** Everything that is due. Doing it again does nothing. */
function runDay(bank: Bank): void {
  const date = today(bank);
  const early = distribute(bank);
  settle(bank);
  const due = bank.books.open().filter((entry) => entry.due && entry.due.on <= date);
  const late = due.map((entry) => ({ entry, code: entry.due?.code ?? 'R02' }));
  publishReturns(bank, [...early, ...late]);
  publishChanges(bank);
  publishSettlements(bank);
}

/** What came in before today goes to the receiving banks; what they cannot post they send back at once. */
function distribute(bank: Bank): { entry: BankEntry; code: AchReturnCode }[] {
  const { books } = bank;
  const date = today(bank);
  const refused: { entry: BankEntry; code: AchReturnCode }[] = [];
  for (const entry of books.open()) {
    if (entry.stage !== 'accepted' || entry.receivedOn >= date) continue;
    const code = receiverRefusal(books, entry);
    if (code) refused.push({ entry, code });
    else bank.record({ type: 'entries_distributed', at: nowOf(bank), traces: [entry.trace] });
  }
  return refused;
}

function settle(bank: Bank): void {
  const { books, settings } = bank;
  const date = today(bank);
  const batches = new Map<string, BankEntry[]>();
  for (const entry of books.open()) {
    if (entry.stage !== 'distributed' || entry.settlesOn > date) continue;
    batches.set(entry.batchReference, [...(batches.get(entry.batchReference) ?? []), entry]);
  }
  const oneLine = settings.statementMode === 'batch';
  for (const [reference, entries] of batches) {
    const parts = entries.map(partOf);
    bank.record({ type: 'batch_settled', at: nowOf(bank), date, reference, oneLine, parts });
    for (const entry of entries) tamper(bank, entry);
  }
}

function partOf({ trace, amountMinor, fate }: BankEntry): SettledPart {
  const part = { trace, amountMinor: fate.settlesMinor ?? amountMinor };
  // Trace numbers of the bank count upwards from 0000001: a second booking counts in a range of its own.
  return fate.twice ? { ...part, again: `${trace.slice(0, 8)}9${trace.slice(9)}` } : part;
}

function tamper(bank: Bank, { trace, amountMinor, fate }: BankEntry): void {
  if (!fate.tamper) return;
  const wrong = BigInt(amountMinor) > 100n ? BigInt(amountMinor) - 100n : BigInt(amountMinor) + 1n;
  const action =
    fate.tamper === 'amount'
      ? { action: fate.tamper, reference: trace, amountMinor: wrong.toString() }
      : { action: fate.tamper, reference: trace };
  bank.record({ type: 'statement_tampered', at: nowOf(bank), tamper: action });
}

export function publishReturns(
  bank: Bank,
  returns: readonly { entry: BankEntry; code: AchReturnCode }[],
): void {
  if (returns.length === 0) return;
  const date = today(bank);
  const { file, sent } = returnFile(bank, date, returns);
  bank.record({
    type: 'returns_published',
    at: nowOf(bank),
    date,
    file,
    returns: returns.map(({ entry, code }, index) => ({
      trace: entry.trace,
      returnTrace: sent[index]?.trace ?? '',
      code,
      beforeSettlement: entry.stage !== 'settled',
      lines: sent[index]?.lines ?? [],
    })),
  });
}

/** The receiving banks tell of accounts whose details are not those of the entry any more. */
function publishChanges(bank: Bank): void {
  const date = today(bank);
  const fresh = bank.books.settledOn(date).filter(({ changes }) => changes.length === 0);
  for (const entry of fresh) if (entry.fate.change) changeAccount(bank, entry, entry.fate.change);
  const changes = fresh.flatMap((entry) => {
    const code = changeOf(bank, entry);
    return code ? [{ entry, code }] : [];
  });
  if (changes.length === 0) return;
  const { file, sent } = changeFile(bank, date, changes);
  bank.record({
    type: 'changes_published',
    at: nowOf(bank),
    file,
    changes: changes.map(({ entry, code }, index) => ({
      trace: entry.trace,
      changeTrace: sent[index]?.trace ?? '',
      code,
    })),
  });
}

/** Changes the account so that the code is the right one for it. */
function changeAccount(bank: Bank, entry: BankEntry, code: AchChangeCode): void {
  const account = bank.books.accounts.find(entry.account);
  if (!account || changeOf(bank, { ...entry, fate: {} })) return;
  const corrects: readonly string[] = ACH_CHANGES[code].corrects;
  const change: Partial<AccountDetails> = {};
  if (corrects.includes('accountNumber')) change.accountNumber = `${account.accountNumber.slice(0, 16)}1`;
  if (corrects.includes('routingNumber')) change.routingNumber = siblingOf(account.routingNumber);
  if (corrects.includes('accountType'))
    change.accountType = account.accountType === 'checking' ? 'savings' : 'checking';
  if (corrects.includes('holderName')) change.holderName = `${account.holderName.slice(0, 18)} NEW`;
  const { routingNumber, accountNumber } = account;
  const key = { routingNumber, accountNumber };
  if (Object.keys(change).length > 0)
    bank.record({ type: 'account_changed', at: nowOf(bank), account: key, change });
}

/** Another routing number of the same bank. */
function siblingOf(routingNumber: string): string {
  const last = (Number(routingNumber[7]) + 1) % 10;
  const eight = `${routingNumber.slice(0, 7)}${last}`;
  return `${eight}${checkDigit(eight)}`;
}

function changeOf({ books }: Bank, entry: BankEntry): AchChangeCode | undefined {
  const account = books.accounts.find(entry.account);
  if (!account) return undefined;
  const number = account.accountNumber !== entry.account.accountNumber;
  const routing = account.routingNumber !== entry.account.routingNumber;
  const type = account.accountType !== entry.accountType;
  if (routing && type) return 'C07';
  if (number && type) return 'C06';
  if (type) return 'C05';
  if (routing) return number ? 'C03' : 'C02';
  return number ? 'C01' : entry.fate.change;
}

function publishSettlements(bank: Bank): void {
  const date = today(bank);
  const entries = bank.books.settledOn(date);
  if (entries.length === 0 || bank.books.hasSettlements(date)) return;
  const file = settlementFile(bank, date, entries);
  bank.record({ type: 'settlements_published', at: nowOf(bank), date, file });
}
