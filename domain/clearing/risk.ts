/** Risk of a deal: how likely each side is to fail, and what that would cost. Rates are fractions of the exposure. */
import type { TrustLevel } from '../trust';
import type { Finality } from '../settlement';

const BASE_PD: Readonly<Record<TrustLevel, number>> = { L0: 0.08, L1: 0.04, L2: 0.015, L3: 0.005 };
const PD_MIN = 0.0005;
const PD_MAX = 0.5;
/** Reputation points that halve the probability of default. */
const HALVING_POINTS = 25;
const NEUTRAL_REPUTATION = 50;

export const LGD_DELIVERY = 0.5;

/** Loss given a reversal, by how final the rail is. Card and ACH are both provisional but reverse differently. */
export type ReversalClass = 'irrevocable' | 'confirmed' | 'ach' | 'card';
const LGD_RAIL: Readonly<Record<ReversalClass, number>> = {
  irrevocable: 0,
  confirmed: 0.02,
  ach: 0.4,
  card: 0.6,
};

export function reversalClass(finality: Finality, rail: string): ReversalClass {
  if (finality !== 'provisional') return finality;
  return rail === 'card' ? 'card' : 'ach';
}

export interface PartyRecord {
  readonly trust: TrustLevel;
  /** 0–100. */
  readonly reputation: number;
}

/** Probability of default, `clamp(base[trust] · 2^(−(reputation − 50) / 25), 0.0005, 0.5)`. */
export function probabilityOfDefault({ trust, reputation }: PartyRecord): number {
  const pd = BASE_PD[trust] * 2 ** (-(reputation - NEUTRAL_REPUTATION) / HALVING_POINTS);
  return Math.min(PD_MAX, Math.max(PD_MIN, pd));
}

export interface PairHistory {
  /** Deals of this pair completed without a dispute in the last 180 days. */
  readonly undisputedDeals: number;
  readonly openDisputes: number;
}

/** More of them change nothing. */
export const TRUSTED_PAIR_DEALS = 10;

export function pairFactor({ undisputedDeals, openDisputes }: PairHistory): number {
  if (openDisputes > 0) return 1.25;
  return undisputedDeals >= TRUSTED_PAIR_DEALS ? 0.8 : 1;
}

export interface RiskInput {
  readonly buyer: PartyRecord;
  readonly seller: PartyRecord;
  readonly pair: PairHistory;
  /** The worst reversal class among the rails the deal may use. */
  readonly reversal: ReversalClass;
}

export interface RiskAssessment {
  readonly pdBuyer: number;
  readonly pdSeller: number;
  readonly reversalRate: number;
  readonly deliveryRate: number;
  readonly pair: number;
}

export function assessRisk({ buyer, seller, pair, reversal }: RiskInput): RiskAssessment {
  const pdBuyer = probabilityOfDefault(buyer);
  const pdSeller = probabilityOfDefault(seller);
  return {
    pdBuyer,
    pdSeller,
    reversalRate: pdBuyer * LGD_RAIL[reversal],
    deliveryRate: pdSeller * LGD_DELIVERY,
    pair: pairFactor(pair),
  };
}

/** The worse of two reversal classes. */
export function worstReversal(classes: readonly ReversalClass[]): ReversalClass {
  return classes.reduce<ReversalClass>(
    (worst, next) => (LGD_RAIL[next] > LGD_RAIL[worst] ? next : worst),
    'irrevocable',
  );
}
