/** Which deals are netted, and when a cycle closes, as data. */
import type { ProfileId } from '../profiles';
import type { RailTerms } from '../rail-terms';
import type { RailName } from '../settlement';
import type { TrustLevel } from '../trust';

/** Profiles whose deals may wait for a cycle's close instead of being paid one by one. */
export const NETTED_PROFILES: readonly ProfileId[] = ['b2b_trade', 'services'];

/** Who may join. */
export const MEMBER_TRUST: TrustLevel = 'L2';

/** A cycle takes this many deals; those that joined after them wait for the next one. */
export const MAX_DEALS_PER_CYCLE = 1_000;

/** A deal that did not fit into this many cycles is paid by itself. */
export const MAX_DEFERRALS = 3;

export interface CutOff {
  /** IANA time zone of the clock time. */
  readonly timeZone: string;
  readonly hour: number;
  readonly minute: number;
}

/** When the cycles of a batch rail close on banking days: in time for its last file of the day. */
export const CUT_OFFS: Readonly<Partial<Record<RailName, CutOff>>> = {
  // Entries for the last same-day window reach the Federal Reserve by 4:45 p.m. Eastern.
  ach: { timeZone: 'America/New_York', hour: 16, minute: 0 },
};

export interface NettingQuestion {
  readonly profileId: ProfileId;
  readonly terms: Pick<RailTerms, 'batch'>;
  readonly totalMinor: bigint;
  /** The part of the seller's margin that is to come out of the sale, which netting leaves nothing of. */
  readonly sellerMarginFromSaleMinor: bigint;
  readonly buyer: Membership | undefined;
  readonly seller: Membership | undefined;
}

export interface Membership {
  readonly active: boolean;
  /** The most a cycle may ask of the member, minor units; null for no cap of its own. */
  readonly debitCapMinor: bigint | null;
}

/** Whether a deal joins a cycle; otherwise it is paid by itself. */
export function isNetted(question: NettingQuestion): boolean {
  const { profileId, terms, totalMinor, sellerMarginFromSaleMinor, buyer, seller } = question;
  if (!terms.batch || !NETTED_PROFILES.includes(profileId) || sellerMarginFromSaleMinor > 0n) return false;
  if (!buyer?.active || !seller?.active) return false;
  return buyer.debitCapMinor === null || totalMinor <= buyer.debitCapMinor;
}
