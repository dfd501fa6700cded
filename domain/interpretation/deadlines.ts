/** Until when it has to arrive. Days are UTC calendar days. */
import { isDateOrDateTime } from '../constraints';
import { numberAt } from './numbers';
import { phraseAt, phraseTable, take } from './spans';
import { between, type Token } from './text';

export interface DeadlineFinding {
  /** RFC 3339 date, or date-time where hours were said. */
  readonly deliverBy: string;
  readonly words: string;
}

const DAY_MS = 86_400_000;
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH_WORD =
  /^(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)$/;

type Lead = 'by' | 'before' | 'within';
const LEADS = phraseTable<Lead>([
  [
    'by',
    'by, by the, until, no later than, not later than, at the latest by, delivered on, deliver on, delivered by, arrive by, arrives by, arrive on, arrives on, need it on, need it by, needed on, need it this, need them by, need them on, latest',
  ],
  ['before', 'before, ahead of, in time for'],
  [
    'within',
    'within, within the next, in, in the next, in under, in less than, delivered in, deliver in, at most in',
  ],
]);
const UNITS: Readonly<Record<string, number>> = { day: 1, week: 7, fortnight: 14, month: 30 };
/** Without a lead these are dates of delivery only in such company. */
const STANDALONE = phraseTable<number>([
  [
    1,
    'next day delivery, overnight delivery, overnight shipping, delivered tomorrow, need it tomorrow, delivery tomorrow',
  ],
  [0, 'delivered today, need it today, delivery today'],
]);

export function findDeadline(
  sentence: string,
  tokens: readonly Token[],
  now: Date,
  taken: Set<number>,
): DeadlineFinding | undefined {
  for (let at = 0; at < tokens.length; at += 1) {
    if (taken.has(at)) continue;
    const read = deadlineAt(tokens, at, now);
    if (!read) continue;
    take(taken, at, read.end);
    return { deliverBy: read.deliverBy, words: between(sentence, tokens[at], tokens[read.end - 1]) };
  }
  return undefined;
}

type Read = { deliverBy: string; end: number } | undefined;

function deadlineAt(tokens: readonly Token[], at: number, now: Date): Read {
  const standalone = phraseAt(STANDALONE, tokens, at);
  if (standalone) return { deliverBy: dayAfter(now, standalone.value), end: standalone.end };
  const lead = phraseAt(LEADS, tokens, at);
  if (!lead) return undefined;
  if (lead.value === 'within') return periodAt(tokens, lead.end, now);
  const date = dateAt(tokens, lead.end, now);
  if (!date) return undefined;
  const days = lead.value === 'before' ? -1 : 0;
  const deliverBy = toDate(new Date(date.day.getTime() + days * DAY_MS));
  return deliverBy >= toDate(now) ? { deliverBy, end: date.end } : undefined;
}

/** "3 days", "two weeks", "48 hours". */
function periodAt(tokens: readonly Token[], at: number, now: Date): Read {
  const isArticle = ['a', 'an', 'one'].includes(tokens[at]?.stem ?? '');
  const number = isArticle ? { value: '1', end: at + 1 } : numberAt(tokens, at);
  if (!number || !/^\d{1,3}$/.test(number.value)) return undefined;
  const isWorking = ['working', 'business'].includes(tokens[number.end]?.stem ?? '');
  const unitAt = isWorking ? number.end + 1 : number.end;
  const unit = tokens[unitAt]?.stem ?? '';
  const count = Number(number.value);
  if (unit === 'hour' || unit === 'hr') {
    const instant = new Date(now.getTime() + count * 3_600_000);
    return { deliverBy: instant.toISOString(), end: unitAt + 1 };
  }
  const days = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (days === undefined) return undefined;
  return {
    deliverBy: isWorking ? workingDayAfter(now, count * days) : dayAfter(now, count * days),
    end: unitAt + 1,
  };
}

function dateAt(tokens: readonly Token[], start: number, now: Date): { day: Date; end: number } | undefined {
  const skips = ['the', 'this', 'on'].includes(tokens[start]?.stem ?? '') ? 1 : 0;
  const at = start + skips;
  const isNext = tokens[at]?.stem === 'next';
  return (
    isoDate(tokens, at) ??
    namedDay(tokens, isNext ? at + 1 : at, isNext, now) ??
    endOfPeriod(tokens, at, now) ??
    monthDay(tokens, at, now)
  );
}

/** 2026-12-05, which the tokens hold as numbers and dashes. */
function isoDate(tokens: readonly Token[], at: number): { day: Date; end: number } | undefined {
  const text = tokens
    .slice(at, at + 5)
    .map(({ text: part }) => part)
    .join('');
  return /^\d{4}-\d\d-\d\d$/.test(text) && isDateOrDateTime(text)
    ? { day: new Date(text), end: at + 5 }
    : undefined;
}

function namedDay(
  tokens: readonly Token[],
  at: number,
  isNext: boolean,
  now: Date,
): { day: Date; end: number } | undefined {
  const word = tokens[at]?.stem ?? '';
  const from = (days: number) => ({ day: new Date(Date.parse(dayAfter(now, days))), end: at + 1 });
  if (word === 'today' || word === 'tonight') return from(0);
  if (word === 'tomorrow') return from(1);
  if (word === 'christma') return { day: comingDay(now, 11, 24), end: at + 1 };
  if (word === 'weekend') return from(((6 - now.getUTCDay() + 7) % 7 || 7) + (isNext ? 7 : 0));
  const index = WEEKDAYS.findIndex((day) => day === word || (day.slice(0, 3) === word && word !== 'sun'));
  if (index < 0) return undefined;
  // The coming one: said on a Friday, "Friday" is a week ahead; "next Friday" skips to the week after.
  const ahead = (index - now.getUTCDay() + 7) % 7 || 7;
  const isLaterThisWeek = isNext && index > now.getUTCDay();
  return from(ahead + (isLaterThisWeek ? 7 : 0));
}

/** "the end of the month", "end of next week", "this week", "next month". */
function endOfPeriod(
  tokens: readonly Token[],
  start: number,
  now: Date,
): { day: Date; end: number } | undefined {
  let at = start;
  if (tokens[at]?.stem === 'end') at += tokens[at + 1]?.stem === 'of' ? 2 : 1;
  while (['the', 'this'].includes(tokens[at]?.stem ?? '')) at += 1;
  const next = tokens[at]?.stem === 'next' ? 1 : 0;
  const unit = tokens[at + next]?.stem;
  const end = at + next + 1;
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  if (unit === 'week')
    return { day: new Date(Date.parse(dayAfter(now, ((7 - now.getUTCDay()) % 7) + 7 * next))), end };
  if (unit === 'month') return { day: new Date(Date.UTC(year, month + 1 + next, 0)), end };
  if (unit === 'year') return { day: new Date(Date.UTC(year + next, 11, 31)), end };
  return undefined;
}

/** "5 December", "December 5th", "the 5th of December 2027". A bare "5/12" is ambiguous and left alone. */
function monthDay(tokens: readonly Token[], at: number, now: Date): { day: Date; end: number } | undefined {
  let index = at;
  let day: number | undefined;
  let month: number | undefined;
  for (let step = 0; step < 5 && (day === undefined || month === undefined); step += 1, index += 1) {
    const token = tokens[index];
    const ordinal = /^(\d{1,2})$/.exec(token?.text ?? '');
    if (ordinal && day === undefined) day = Number(ordinal[1]);
    else if (token && MONTH_WORD.test(token.text.toLowerCase()))
      month = MONTHS.indexOf(token.text.toLowerCase().slice(0, 3));
    else if (!['st', 'nd', 'rd', 'th', 'of'].includes(token?.stem ?? '')) return undefined;
  }
  if (day === undefined || month === undefined || day < 1 || day > 31) return undefined;
  if (['st', 'nd', 'rd', 'th'].includes(tokens[index]?.stem ?? '')) index += 1;
  const year = /^20\d\d$/.test(tokens[index]?.text ?? '') ? Number(tokens[index]?.text) : undefined;
  const date = year === undefined ? comingDay(now, month, day) : new Date(Date.UTC(year, month, day));
  return date.getUTCMonth() === month
    ? { day: date, end: year === undefined ? index : index + 1 }
    : undefined;
}

function comingDay(now: Date, month: number, day: number): Date {
  const year = now.getUTCFullYear();
  const date = new Date(Date.UTC(year, month, day));
  return toDate(date) >= toDate(now) ? date : new Date(Date.UTC(year + 1, month, day));
}

function dayAfter(now: Date, days: number): string {
  return toDate(new Date(now.getTime() + days * DAY_MS));
}

function workingDayAfter(now: Date, days: number): string {
  let left = days;
  let ahead = 0;
  while (left > 0) {
    ahead += 1;
    const weekday = new Date(now.getTime() + ahead * DAY_MS).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left -= 1;
  }
  return dayAfter(now, ahead);
}

function toDate(date: Date): string {
  return date.toISOString().slice(0, 10);
}
