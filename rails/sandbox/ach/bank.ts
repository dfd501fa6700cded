/** The bank: its books, what it records, and its calendar. */
import {
  addBankingDays,
  bankingDayFrom,
  bankingDaysBetween,
  dayOfReceipt,
  newYorkDate,
  newYorkTime,
  type IsoDate,
} from '../../../domain/banking-calendar';
import type { AchProfile } from '../../ach';
import type { Books } from './books';
import type { Day } from './entry';
import type { BankEvent } from './events';
import type { Misbehaviours } from './misbehaviour';

export interface BankSettings {
  /** How long a banking day lasts, milliseconds; 0 for New York's real days. */
  dayMs: number;
  /** Minutes after midnight; with `dayMs` that part of the day. */
  cutOffMinutes: number;
  /** Whether the statement shows entries, or one line for a batch. */
  statementMode: 'entry' | 'batch';
}

export interface Bank {
  profile: AchProfile;
  settings: BankSettings;
  books: Books;
  misbehaviours: Misbehaviours;
  clock: () => Date;
  record(event: BankEvent): void;
}

const DAY_MINUTES = 24 * 60;
/** Bounds how many days are made up for at once after the bank was down. */
const MAX_DAYS_AT_ONCE = 400;

export function nowOf({ clock }: Bank): string {
  return clock().toISOString();
}

export function currentDay({ books }: Bank): Day {
  const day = books.today();
  if (!day) throw new Error('the bank has not opened a day');
  return day;
}

export function today(bank: Bank): IsoDate {
  return currentDay(bank).date;
}

/** The banking day that what arrives now counts to. */
export function receiptDay(bank: Bank): IsoDate {
  const { settings, clock } = bank;
  const { date, realDate, openedAt } = currentDay(bank);
  const now = clock();
  if (settings.dayMs > 0) {
    const part = (now.getTime() - Date.parse(openedAt)) / settings.dayMs;
    const minutes = Math.min(DAY_MINUTES - 1, Math.max(0, Math.floor(part * DAY_MINUTES)));
    return dayOfReceipt(date, minutes, settings.cutOffMinutes);
  }
  const { date: real, minutes } = newYorkTime(now);
  // On the days without banking after it the bank's day is over, on those before its first it has not begun.
  const minutesOfDay = real > realDate ? DAY_MINUTES : real < realDate ? 0 : minutes;
  return dayOfReceipt(date, minutesOfDay, settings.cutOffMinutes);
}

/** How many banking days have passed by the clock since the bank opened the current one. */
export function daysPassed(bank: Bank): number {
  const { settings, clock } = bank;
  const { realDate, openedAt } = currentDay(bank);
  const now = clock();
  const days =
    settings.dayMs > 0
      ? Math.floor((now.getTime() - Date.parse(openedAt)) / settings.dayMs)
      : bankingDaysBetween(realDate, newYorkDate(now));
  return Math.min(MAX_DAYS_AT_ONCE, Math.max(0, days));
}

export function firstDay({ clock }: Bank): IsoDate {
  return bankingDayFrom(newYorkDate(clock()));
}

export function nextDay(date: IsoDate): IsoDate {
  return addBankingDays(date, 1);
}
