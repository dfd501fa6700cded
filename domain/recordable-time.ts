/** What is wrong with an ISO 8601 day or instant that neither Postgres nor a four-digit year can hold. */
export const OUT_OF_CALENDAR = 'a year from 0001 to 9999, in UTC';

/** ISO 8601 also knows a year 0000, and an offset can push an instant out of either end of the calendar. */
export function isRecordable(text: string): boolean {
  const year = new Date(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** A day as `2026-11-28` that is in the calendar: no 31 February, no year 0000. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || !isRecordable(text)) return false;
  return new Date(text).toISOString().startsWith(text);
}
