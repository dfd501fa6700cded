/** When each rail is reconciled, as data: clock times in the rail's own time zone, after its cut-off. */
import type { RailName } from '../settlement';

export interface CalendarTime {
  readonly hour: number;
  readonly minute: number;
  readonly dayOfWeek?: readonly ('MONDAY' | 'TUESDAY' | 'WEDNESDAY' | 'THURSDAY' | 'FRIDAY' | 'SATURDAY')[];
}

export interface RailSchedule {
  /** IANA time zone of `calendars`. */
  readonly timeZone: string;
  /** Every so often, for rails that book at once. */
  readonly everyMs?: number;
  readonly calendars: readonly CalendarTime[];
  /** Whether the bank makes no statement on its holidays. */
  readonly bankingDaysOnly?: true;
  /** How far back a scheduled run looks, milliseconds: what comes late has to be in it. */
  readonly lookbackMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const RAIL_SCHEDULES: Readonly<Record<RailName, RailSchedule>> = {
  // The business day ends at midnight in New York.
  rtp: {
    timeZone: 'America/New_York',
    everyMs: 5 * MINUTE_MS,
    calendars: [{ hour: 0, minute: 15 }],
    lookbackMs: 2 * DAY_MS,
  },
  // The FedNow business day ends at 7 p.m. Eastern.
  fednow: {
    timeZone: 'America/New_York',
    everyMs: 5 * MINUTE_MS,
    calendars: [{ hour: 19, minute: 15 }],
    lookbackMs: 2 * DAY_MS,
  },
  stablecoin: {
    timeZone: 'UTC',
    everyMs: HOUR_MS,
    calendars: [{ hour: 0, minute: 15 }],
    lookbackMs: 2 * DAY_MS,
  },
  x402: { timeZone: 'UTC', everyMs: HOUR_MS, calendars: [{ hour: 0, minute: 15 }], lookbackMs: 2 * DAY_MS },
  card: { timeZone: 'America/New_York', calendars: [{ hour: 6, minute: 0 }], lookbackMs: 7 * DAY_MS },
  // After the last same-day window has settled (6 p.m.), and again when the bank's morning statement is there.
  ach: {
    timeZone: 'America/New_York',
    calendars: [
      { hour: 7, minute: 30, dayOfWeek: ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'] },
      { hour: 18, minute: 45, dayOfWeek: ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'] },
    ],
    bankingDaysOnly: true,
    lookbackMs: 7 * DAY_MS,
  },
};
