/**
 * Ranking: CWR = 0.6 · base reputation + 0.4 · compatibility, compatibility = half structured match, half semantic
 * similarity (all 0–100); score = CWR · risk factor. Seed protocol 1.0.0, section on CWR; the risk factor is 2.2's.
 */
import { compareDecimals, type Constraints } from '../constraints';
import { LGD_DELIVERY } from '../clearing/risk';
import { deliversBy, includesName } from './constraint-check';
import type { OfferDocument } from './offer';

export const RANKING_ALGORITHM = 'cwr_v2';

const WEIGHTS = {
  price: 30,
  required_features: 30,
  preferred_features: 15,
  brand: 15,
  delivery: 10,
} as const;
export type PreferenceName = keyof typeof WEIGHTS;

export interface PreferenceScore {
  readonly preference: PreferenceName;
  /** Share that was met, 0–1. */
  readonly met: number;
  readonly weight: number;
  readonly reason: string;
}

export interface StructuredMatch {
  /** 0–100; 100 where nothing was asked for. */
  readonly score: number;
  readonly parts: readonly PreferenceScore[];
}

/** The weighted share of met preferences. Preferences that were not stated drop out and the rest is rescaled. */
export function structuredMatch(offer: OfferDocument, constraints: Constraints, now: Date): StructuredMatch {
  const parts = [
    priceScore(offer, constraints),
    featureScore('required_features', offer, constraints.hard?.features_required),
    featureScore('preferred_features', offer, constraints.soft?.features_preferred),
    brandScore(offer, constraints),
    deliveryScore(offer, constraints, now),
  ].filter((part) => part !== undefined);
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const met = parts.reduce((sum, part) => sum + part.met * part.weight, 0);
  return { score: total === 0 ? 100 : (100 * met) / total, parts };
}

const part = (preference: PreferenceName, met: number, reason: string): PreferenceScore => ({
  preference,
  met,
  weight: WEIGHTS[preference],
  reason,
});

function priceScore({ pricing }: OfferDocument, { hard, soft }: Constraints): PreferenceScore | undefined {
  const range = soft?.price_range;
  if (!range || (hard?.currency && hard.currency !== pricing.currency)) return undefined;
  if (range.min !== undefined && compareDecimals(pricing.offer_price, range.min) < 0)
    return part('price', 0, `${pricing.offer_price} is below the ideal range`);
  if (range.max !== undefined && compareDecimals(pricing.offer_price, range.max) > 0)
    return part('price', 0, `${pricing.offer_price} is above the ideal range`);
  return part('price', 1, `${pricing.offer_price} is in the ideal range`);
}

function featureScore(
  preference: 'required_features' | 'preferred_features',
  { product }: OfferDocument,
  wanted: readonly string[] | undefined,
): PreferenceScore | undefined {
  if (!wanted?.length) return undefined;
  const offered = product.structured_attributes?.features;
  const met = wanted.filter((feature) => includesName(offered, feature));
  return part(
    preference,
    met.length / wanted.length,
    `${met.length} of ${wanted.length}: ${met.join(', ') || 'none'}`,
  );
}

const ACCEPTABLE_BRAND = 0.6;

function brandScore({ product }: OfferDocument, { soft }: Constraints): PreferenceScore | undefined {
  const { preferred, acceptable } = soft?.brands ?? {};
  if (!preferred?.length && !acceptable?.length) return undefined;
  const brand = product.structured_attributes?.brand;
  if (brand && includesName(preferred, brand)) return part('brand', 1, 'its brand is preferred');
  if (brand && includesName(acceptable, brand))
    return part('brand', ACCEPTABLE_BRAND, 'its brand is acceptable');
  // A reason is AURA's word: what the seller calls its brand stands in the offer.
  return part('brand', 0, brand ? 'its brand was not asked for' : 'it names no brand');
}

function deliveryScore(offer: OfferDocument, { hard }: Constraints, now: Date): PreferenceScore | undefined {
  if (!hard?.deliver_by) return undefined;
  const met = deliversBy(offer, hard.deliver_by, now);
  return part('delivery', met ? 1 : 0, met ? `by ${hard.deliver_by}` : `not by ${hard.deliver_by}`);
}

export interface ScoreInput {
  /** All 0–100. */
  readonly baseReputation: number;
  readonly structuredMatch: number;
  readonly semanticSimilarity: number;
  /** In (0, 1]. */
  readonly riskFactor: number;
}

export interface OfferScore {
  readonly compatibility: number;
  readonly cwr: number;
  readonly score: number;
}

export function scoreOffer(input: ScoreInput): OfferScore {
  const compatibility = 0.5 * input.structuredMatch + 0.5 * input.semanticSimilarity;
  const cwr = 0.6 * input.baseReputation + 0.4 * compatibility;
  return { compatibility, cwr, score: cwr * input.riskFactor };
}

/** `1 − min(0.5, 3 · pd · lgd)`, in [0.5, 1]. */
export function riskFactor(pdSeller: number): number {
  return 1 - Math.min(0.5, 3 * pdSeller * LGD_DELIVERY);
}

export interface Rankable {
  readonly offerId: string;
  readonly score: number;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** Best score first; ties go to the earlier offer, then to the smaller id, so that a ranking can be repeated. */
export function rankOffers<T extends Rankable>(offers: readonly T[]): T[] {
  return [...offers].sort(
    (a, b) => b.score - a.score || a.createdAtMs - b.createdAtMs || (a.offerId < b.offerId ? -1 : 1),
  );
}
