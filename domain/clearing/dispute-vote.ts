/** A vote of a dispute's panel, as its member signs it. */
import { canonicalJson } from '../canonical';

/** What a dispute can end in: the whole total back, a part of it, or the deal as it stands. */
export const REMEDIES = ['refund', 'partial_refund', 'uphold'] as const;
export type Remedy = (typeof REMEDIES)[number];

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

/** What a member signs. */
export function voteSigningBytes(vote: Omit<Vote, 'type'>): string {
  return canonicalJson({ type: 'aura.dispute-vote.v1', ...vote } satisfies Vote);
}
