/**
 * Reputation: computed from outcomes, never from what a party says of itself. A Beta posterior over "delivered
 * without dispute", whose prior depends on trust, times 100. An attested record from elsewhere counts like a bounded
 * number of deals here.
 */
import type { TrustLevel } from './trust';

const PRIOR_MEAN: Readonly<Record<TrustLevel, number>> = { L0: 0.5, L1: 0.55, L2: 0.6, L3: 0.7 };
const PRIOR_WEIGHT = 10;
/** An attested record weighs at most as much as this many own deals. */
const ATTESTED_MAX_WEIGHT = 100;

export interface DealRecord {
  /** Sales delivered, without those that a dispute was lost over. */
  readonly fulfilled: number;
  readonly failed: number;
  /** Sales in a dispute that is not decided yet. */
  readonly disputed: number;
  /** Deals with a dispute that was decided against this side, as seller or as buyer. */
  readonly lost?: number;
}

export interface AttestedRecord {
  readonly transactions: number;
  /** Shares of `transactions`, 0–1. */
  readonly fulfilledShare: number;
  readonly disputeShare: number;
}

export function baseReputation(trust: TrustLevel, own: DealRecord, attested?: AttestedRecord): number {
  const attestedWeight = attested ? Math.min(ATTESTED_MAX_WEIGHT, attested.transactions) : 0;
  const attestedGood = attested
    ? Math.max(0, attested.fulfilledShare - attested.disputeShare) * attestedWeight
    : 0;
  const ownGood = Math.max(0, own.fulfilled - own.disputed);
  const ownAll = own.fulfilled + own.failed + (own.lost ?? 0);
  const good = PRIOR_MEAN[trust] * PRIOR_WEIGHT + attestedGood + ownGood;
  const all = PRIOR_WEIGHT + attestedWeight + ownAll;
  return Math.round((10_000 * good) / all) / 100;
}
