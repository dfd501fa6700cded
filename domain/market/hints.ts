/** What the structured hints of a protocol 1.0.0 session say as constraints. */
import type { Constraints } from '../constraints';

export interface StructuredHints {
  category_hint?: string;
  /** Decimals of US dollars. */
  price_range_usd?: { min?: string; max?: string };
  required_features?: string[];
}

/** A buyer of version 1 cannot say that it would wait for a delivery, so what it is offered has to be in stock. */
export function constraintsOfHints(hints: StructuredHints = {}): Constraints {
  const { category_hint: category, price_range_usd: range, required_features: features } = hints;
  const isPriced = range?.min !== undefined || range?.max !== undefined;
  return {
    hard: {
      ...(category !== undefined && { category }),
      ...(range?.max !== undefined && { price_max: range.max }),
      ...(isPriced && { currency: 'USD' }),
      ...(features?.length && { features_required: features }),
      in_stock: true,
    },
    ...(isPriced && { soft: { price_range: { ...range } } }),
  };
}
