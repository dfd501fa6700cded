/** How long what is kept for a time is kept, and what an operator sets it to instead. */
import type { DataKind } from './personal-data';

/** Beside personal data: events in agents' feeds, and what became of webhooks. The books themselves are kept for ever. */
export type Kept = DataKind | 'feed' | 'delivery';
/** Days; null: until somebody has it erased. */
export type Retention = Readonly<Record<Kept, number | null>>;

/** Personal data: after what it was for has ended. The rest: after it was written. */
export const RETENTION_DAYS: Retention = {
  intent: 130,
  party: null,
  deal: 730,
  dispute: 1_825,
  settlement: 3_650,
  answer: 30,
  feed: 90,
  delivery: 90,
};

/** The longest time in which a rail can take a payment back, with some days to spare: what a deal is about is needed till then. */
export const WINDOWS_DAYS = 130;
const OF_DEALS: readonly Kept[] = ['intent', 'deal', 'dispute', 'settlement'];
const MAX_DAYS = 36_500;

/**
 * Reads `deal=365,feed=never` (name=days, or `never`) on top of what is usual. Throws an `Error` that names the part it
 * does not understand. A principal's own data has no time: it is erased when that is asked for.
 */
export function readRetention(pairs: string): Retention {
  const retention: Record<Kept, number | null> = { ...RETENTION_DAYS };
  for (const pair of pairs.split(',').filter(Boolean)) {
    const [, name = '', days = ''] = /^(\w+)=(\d{1,5}|never)$/.exec(pair) ?? [];
    const least = OF_DEALS.includes(name as Kept) ? WINDOWS_DAYS : 1;
    const read = days === 'never' ? null : Number(days);
    const isKnown = name !== 'party' && Object.hasOwn(RETENTION_DAYS, name);
    if (!isKnown || (read !== null && (read < least || read > MAX_DAYS))) {
      const names = Object.keys(RETENTION_DAYS).filter((known) => known !== 'party');
      throw new Error(
        `"${pair}" is not <${names.join('|')}>=<days|never>, of what a deal is about at least ${WINDOWS_DAYS} days`,
      );
    }
    retention[name as Kept] = read;
  }
  return retention;
}
