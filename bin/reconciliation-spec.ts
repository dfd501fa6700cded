/** A rail's calendar as Temporal's schedules have it. */
import type { ScheduleOptions } from '@temporalio/client';
import { addDays, isBankingDay } from '../domain/banking-calendar';
import { RAIL_SCHEDULES } from '../domain/reconciliation/schedule';
import type { RailName } from '../domain/settlement';

/** Holidays are told a schedule this far ahead; every setup tells them anew. */
const HOLIDAY_YEARS = 3;
const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;

type Spec = ScheduleOptions['spec'];

export function reconciliationSpec(rail: RailName, today: Date): Spec {
  const { timeZone, everyMs, calendars, bankingDaysOnly } = RAIL_SCHEDULES[rail];
  return {
    timezone: timeZone,
    ...(everyMs !== undefined && { intervals: [{ every: everyMs }] }),
    calendars: calendars.map(({ hour, minute, dayOfWeek }) => ({
      hour,
      minute,
      comment: `${rail} after its cut-off`,
      ...(dayOfWeek && { dayOfWeek: [...dayOfWeek] }),
    })),
    ...(bankingDaysOnly && { skip: holidays(today) }),
  };
}

/** Weekdays on which banks are closed, whole days. */
function holidays(today: Date): NonNullable<Spec['skip']> {
  const until = `${today.getUTCFullYear() + HOLIDAY_YEARS}-12-31`;
  const skipped: NonNullable<Spec['skip']> = [];
  for (let date = today.toISOString().slice(0, 10); date <= until; date = addDays(date, 1)) {
    const at = new Date(`${date}T00:00:00Z`);
    const isWeekend = at.getUTCDay() === 0 || at.getUTCDay() === 6;
    const month = MONTHS[at.getUTCMonth()];
    if (isWeekend || isBankingDay(date) || !month) continue;
    const wholeDay = { hour: '*', minute: '*', second: '*' } as const;
    skipped.push({ year: at.getUTCFullYear(), month, dayOfMonth: at.getUTCDate(), ...wholeDay });
  }
  return skipped;
}
