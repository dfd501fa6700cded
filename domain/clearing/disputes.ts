/** Disputes: why one is filed, what can be asked and decided, and what follows. */
import type { ClearingState, DealState } from '../lifecycle';
import type { MarketProfile } from '../profiles';
import { REMEDIES, type Remedy } from './dispute-vote';

export { REMEDIES, voteSigningBytes, type Remedy, type Vote } from './dispute-vote';

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

export type Party = 'buyer' | 'seller';
/** Who filed it; `aura` where a deadline or a rail did. */
export const DISPUTE_SIDES = ['buyer', 'seller', 'aura'] as const;
export type DisputeSide = (typeof DISPUTE_SIDES)[number];

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

interface Filed {
  readonly side: DisputeSide;
  readonly reason: DisputeReason;
}

/** Who has to answer. AURA's own disputes are answered by the side that has something to explain. */
export function respondentOf({ side, reason }: Filed): Party {
  if (side === 'aura') return reason === 'reversal' ? 'buyer' : 'seller';
  return side === 'buyer' ? 'seller' : 'buyer';
}

/** What AURA asks for when it opens a dispute itself: money that a rail took back cannot be given back once more. */
export function remedyByDefault(reason: DisputeReason): Remedy {
  return reason === 'reversal' ? 'uphold' : 'refund';
}

/**
 * The side that a decision went against. Money back goes against the seller, whoever asked for it; a deal that stands
 * goes against a buyer who disputed it or took its payment back. A deadline that AURA watched is nobody's claim.
 */
export function lostBy({ side, reason, remedy }: Filed & { readonly remedy: Remedy }): Party | undefined {
  if (remedy !== 'uphold') return 'seller';
  return side !== 'aura' || reason === 'reversal' ? 'buyer' : undefined;
}

/** A dispute while clearing has not begun or has failed already is about nothing. */
const NOTHING_TO_DISPUTE: readonly (ClearingState | null)[] = [null, 'declined'];

export type FilingTransition = 'T7' | 'T13' | 'T15';

/** The transition by which a dispute opens from here, or why none does. `windowEndsAt` matters to a completed deal. */
export function filingOf(
  { market, clearing }: DealState,
  window: { now: Date; windowEndsAt: Date | null },
): { transition: FilingTransition } | { problem: string } {
  switch (market) {
    case 'committed':
      if (NOTHING_TO_DISPUTE.includes(clearing)) return { problem: 'clearing has not begun or has failed' };
      return { transition: 'T13' };
    case 'fulfilled':
      return { transition: 'T7' };
    case 'completed':
      if (window.windowEndsAt === null || window.now >= window.windowEndsAt) {
        return { problem: `the dispute window ended ${window.windowEndsAt?.toISOString() ?? ''}`.trimEnd() };
      }
      return { transition: 'T15' };
    case 'disputed':
    case 'resolved':
      return { problem: 'a dispute of this deal is open already' };
    default:
      return { problem: `the deal is ${market}` };
  }
}

/** The last instant, exclusive, of a completed deal's dispute window: counted from delivery, else from settlement. */
export function disputeWindowEnd(
  { disputeWindowDays, dayMs }: Pick<MarketProfile, 'disputeWindowDays' | 'dayMs'>,
  { fulfilledAt, settledAt }: { fulfilledAt: Date | null; settledAt: Date | null },
): Date | null {
  const from = fulfilledAt ?? settledAt;
  return from && new Date(from.getTime() + disputeWindowDays * dayMs);
}

/** How long a dispute waits for its answer, and from its filing for a decision, milliseconds. */
export function disputeDeadlines({
  disputeAnswerDays,
  disputeDecisionDays,
  dayMs,
}: Pick<MarketProfile, 'disputeAnswerDays' | 'disputeDecisionDays' | 'dayMs'>): {
  answerMs: number;
  decisionMs: number;
} {
  return {
    answerMs: disputeAnswerDays * dayMs,
    decisionMs: (disputeAnswerDays + disputeDecisionDays) * dayMs,
  };
}

/** What happens next with a decided dispute, by the state of clearing. */
export type RemedyStep =
  /** Nothing was sent to a rail and nothing will be: the deal is unwound (X1). */
  | 'unwind'
  /** The payment is on its way: how it ends decides what there is to give back. */
  | 'wait'
  /** AURA holds the money: it can be given back. */
  | 'refund'
  /** The buyer has its money back, or never paid. */
  | 'nothing_to_refund';

export function remedyStep(clearing: ClearingState | null): RemedyStep {
  switch (clearing) {
    case 'risk_assessed':
    case 'authorized':
      return 'unwind';
    case null:
    case 'settling':
    case 'exception':
      return 'wait';
    case 'settled':
    case 'cleared':
      return 'refund';
    case 'declined':
    case 'reversed':
    case 'refunded':
      return 'nothing_to_refund';
  }
}

const UNWOUND: readonly (ClearingState | null)[] = ['declined', 'refunded', 'reversed'];
const PROVED: readonly (ClearingState | null)[] = ['cleared', 'refunded', 'reversed'];

/**
 * How a dispute ends once its remedy is carried out: a deal that was never fulfilled and whose money went back was
 * unwound (T16), any other is completed (T17). Undefined while the rail's statement has not confirmed the settlement.
 */
export function closingOf(clearing: ClearingState | null, fulfilled: boolean): 'T16' | 'T17' | undefined {
  if (!fulfilled && UNWOUND.includes(clearing)) return 'T16';
  return PROVED.includes(clearing) ? 'T17' : undefined;
}

/** What is wrong with a panel. With a quorum of more than half no two remedies can both have it. */
export function panelProblem(members: readonly string[], quorum: number): string | undefined {
  if (new Set(members).size !== members.length) return 'a member is named twice';
  if (quorum > members.length) return 'the quorum is larger than the panel';
  if (quorum * 2 <= members.length) return 'the quorum is not more than half of the panel';
  return undefined;
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
