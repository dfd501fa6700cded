/**
 * Banking days of the Federal Reserve, in New York's dates. A holiday on a Sunday is kept on the Monday after it; one
 * on a Saturday is not moved, so that the Friday before it is a banking day (Federal Reserve Banks, holiday schedule).
 */
import { allForYear } from '@18f/us-federal-holidays';

/** `YYYY-MM-DD`. */
export type IsoDate = string;

const DAY_MS = 86_400_000;
const MINUTES_PER_HOUR = 60;
const FIRST_YEAR = 2000;
const LAST_YEAR = 2199;
/** Bounds how far a count of days may go, either way. */
const MAX_DAYS = 10_000;

const HOLIDAYS = new Map<number, ReadonlySet<IsoDate>>();

function holidaysOf(year: number): ReadonlySet<IsoDate> {
  const known = HOLIDAYS.get(year);
  if (known) return known;
  const holidays = allForYear(year, { shiftSaturdayHolidays: false, shiftSundayHolidays: true });
  const dates = new Set(holidays.map(({ dateString }) => dateString));
  HOLIDAYS.set(year, dates);
  return dates;
}

/** Midnight UTC of a date, milliseconds. Throws `RangeError` for what is no date between 2000 and 2199. */
function epochOf(date: IsoDate): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN;
  const year = Number(date.slice(0, 4));
  if (Number.isNaN(ms) || dateOf(ms) !== date || year < FIRST_YEAR || year > LAST_YEAR)
    throw new RangeError(`${date.slice(0, 20)} is not a date`);
  return ms;
}

function dateOf(epochMs: number): IsoDate {
  return new Date(epochMs).toISOString().slice(0, 10);
}

export function isBankingDay(date: IsoDate): boolean {
  const weekday = new Date(epochOf(date)).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !holidaysOf(Number(date.slice(0, 4))).has(date);
}

/** The date itself if it is a banking day, else the next one. */
export function bankingDayFrom(date: IsoDate): IsoDate {
  let day = date;
  while (!isBankingDay(day)) day = addDays(day, 1);
  return day;
}

/** The `count`-th banking day after `date`, before it where negative; 0 is `bankingDayFrom`. */
export function addBankingDays(date: IsoDate, count: number): IsoDate {
  if (!Number.isInteger(count) || Math.abs(count) > MAX_DAYS)
    throw new RangeError(`${count} is no count of days`);
  if (count === 0) return bankingDayFrom(date);
  const step = count < 0 ? -1 : 1;
  let day = date;
  for (let left = Math.abs(count); left > 0;) {
    day = addDays(day, step);
    if (isBankingDay(day)) left -= 1;
  }
  return day;
}

/** How many banking days lie after `from`, up to and including `to`; negative where `to` is earlier. */
export function bankingDaysBetween(from: IsoDate, to: IsoDate): number {
  if (daysBetween(from, to) < 0) return -bankingDaysBetween(to, from);
  if (daysBetween(from, to) > 2 * MAX_DAYS) throw new RangeError('too long a time');
  let count = 0;
  for (let day = from; day !== to;) {
    day = addDays(day, 1);
    if (isBankingDay(day)) count += 1;
  }
  return count;
}

/** Calendar days. */
export function addDays(date: IsoDate, days: number): IsoDate {
  return dateOf(epochOf(date) + days * DAY_MS);
}

/** Calendar days from one date to another, negative where the second is earlier. */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return Math.round((epochOf(to) - epochOf(from)) / DAY_MS);
}

const NEW_YORK = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
});

/** New York's date and time of day, minutes after its midnight, of an instant. */
export function newYorkTime(at: Date): { date: IsoDate; minutes: number } {
  const parts = Object.fromEntries(NEW_YORK.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    minutes: Number(parts.hour) * MINUTES_PER_HOUR + Number(parts.minute),
  };
}

export function newYorkDate(at: Date): IsoDate {
  return newYorkTime(at).date;
}

/**
 * The banking day that something counts to which arrives at `minutes` after midnight of `date`: the same day before
 * the cut-off of a banking day, else the next one.
 */
export function dayOfReceipt(date: IsoDate, minutes: number, cutOffMinutes: number): IsoDate {
  if (isBankingDay(date) && minutes < cutOffMinutes) return date;
  return addBankingDays(date, 1);
}

/** When a batch settles: on its effective entry date, but not before the banking day after its receipt. */
export function settlementDate(receivedOn: IsoDate, effectiveDate: IsoDate | undefined): IsoDate {
  const earliest = addBankingDays(receivedOn, 1);
  if (effectiveDate === undefined || daysBetween(earliest, effectiveDate) < 0) return earliest;
  return bankingDayFrom(effectiveDate);
}
