/**
 * A request's requirements with the names of protocol 1.0.0, next to those of 2.2 where both can stand. 1.0.0 shows
 * `soft_preferences.brands` as a list in one place and as an object in another; it is the object here, which can also
 * say what is merely acceptable. It knows US dollars only: a price in another currency has 2.2's names alone.
 */
import type { Constraints } from '../constraints';
import { jsonNumber } from '../json-number';

export interface Requirements1 {
  category: string;
  hard_constraints: Record<string, unknown>;
  soft_preferences: Record<string, unknown>;
  certifications_required: string[];
  certifications_preferred: string[];
}

export function requirements1(category: string, { hard = {}, soft = {} }: Constraints): Requirements1 {
  const { price_max, currency = 'USD' } = hard;
  const inDollars = currency === 'USD';
  const range = soft.price_range;
  const most = price_max ?? range?.max;
  return {
    category,
    hard_constraints: {
      ...hard,
      ...(inDollars && price_max !== undefined && { price_max_usd: jsonNumber(price_max) }),
    },
    soft_preferences: {
      ...soft,
      brands: {
        preferred: soft.brands?.preferred ?? [],
        acceptable: soft.brands?.acceptable ?? [],
        excluded: hard.excluded_brands ?? [],
      },
      features: {
        required: hard.features_required ?? [],
        preferred: soft.features_preferred ?? [],
        excluded: [],
      },
      ...(inDollars &&
        range && {
          price_range_usd: {
            ...(range.min !== undefined && {
              min: jsonNumber(range.min),
              ideal_min: jsonNumber(range.min),
            }),
            ...(range.max !== undefined && { ideal_max: jsonNumber(range.max) }),
            ...(most !== undefined && { max: jsonNumber(most) }),
          },
        }),
    },
    certifications_required: hard.certifications_required ?? [],
    certifications_preferred: soft.certifications_preferred ?? [],
  };
}
