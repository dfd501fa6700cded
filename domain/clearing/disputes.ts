/** Disputes: why one is filed, what can be asked and decided, and what follows. */

export const DISPUTE_REASONS = [
  'not_delivered',
  'not_as_described',
  'defective',
  'wrong_amount',
  'duplicate',
  'unauthorised',
  'non_payment',
  'reversal',
  'other',
] as const;
export type DisputeReason = (typeof DISPUTE_REASONS)[number];

/** What a dispute can end in: the whole total back, a part of it, or the deal as it stands. */
export const REMEDIES = ['refund', 'partial_refund', 'uphold'] as const;
export type Remedy = (typeof REMEDIES)[number];

export const DISPUTE_STATUSES = [
  /** Waits for the other side's answer. */
  'open',
  /** Answered: waits for the arbiter or the panel. */
  'answered',
  /** Decided: the remedy is being carried out. */
  'decided',
  'closed',
] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

export interface Decision {
  readonly remedy: Remedy;
  /** Of a partial refund, minor units. */
  readonly amountMinor?: bigint;
}

/** What a decision gives back, minor units; never more than is left of the total. */
export function refundOf({ remedy, amountMinor }: Decision, leftMinor: bigint): bigint {
  switch (remedy) {
    case 'refund':
      return leftMinor;
    case 'partial_refund': {
      const asked = amountMinor ?? 0n;
      return asked < leftMinor ? asked : leftMinor;
    }
    case 'uphold':
      return 0n;
  }
}

/** A panel member's vote, as it is signed. */
export interface Vote {
  type: 'aura.dispute-vote.v1';
  dispute_id: string;
  member_id: string;
  remedy: Remedy;
  /** Decimal of the deal's asset, for a partial refund. */
  amount?: string;
  reason: string;
}

/**
 * What a panel has decided: the remedy that a quorum voted for. Among partial refunds of different amounts the median of
 * their votes counts. Undefined while no remedy has the quorum.
 */
export function tally(votes: readonly Decision[], quorum: number): Decision | undefined {
  for (const remedy of REMEDIES) {
    const found = votes.filter((vote) => vote.remedy === remedy);
    if (found.length < quorum) continue;
    if (remedy !== 'partial_refund') return { remedy };
    const amounts = found.map(({ amountMinor }) => amountMinor ?? 0n).sort((a, b) => (a < b ? -1 : 1));
    return { remedy, amountMinor: amounts[Math.floor((amounts.length - 1) / 2)] ?? 0n };
  }
  return undefined;
}
