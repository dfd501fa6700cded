/** Kinds of differences between books and statement, and how old they are. */

export const BREAK_KINDS = [
  'missing_at_rail',
  'missing_in_ledger',
  'amount',
  'duplicate',
  'late',
  'altered',
] as const;
export type BreakKind = (typeof BREAK_KINDS)[number];

/** How a break ended: a run no longer found it, its line or movement was matched, or an operator decided. */
export const RESOLUTIONS = ['explained', 'matched', 'operator'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const AGE_BUCKETS = [
  { name: '0-1', upToDays: 1 },
  { name: '2-5', upToDays: 5 },
  { name: '6-30', upToDays: 30 },
  { name: '>30', upToDays: Infinity },
] as const;
export type AgeBucket = (typeof AGE_BUCKETS)[number]['name'];

const DAY_MS = 86_400_000;

/** Whole days since it was opened, and the bucket they fall into. */
export function ageOf(openedAt: Date, until: Date): { days: number; bucket: AgeBucket } {
  const days = Math.max(0, Math.floor((until.getTime() - openedAt.getTime()) / DAY_MS));
  const bucket = AGE_BUCKETS.find(({ upToDays }) => days <= upToDays)?.name ?? '>30';
  return { days, bucket };
}
