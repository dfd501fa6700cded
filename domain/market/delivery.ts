/** When goods are expected, from what the offer promises and what the seller has reported. */
import type { OfferDocument } from './offer';

/** What was reported of a shipment; any of it may be missing. */
export interface Shipment {
  shippedAt?: Date;
  /** The seller's own word on the day, `YYYY-MM-DD`. */
  estimatedDelivery?: string;
}

const DAY_MS = 86_400_000;

/**
 * The last day, UTC, that the estimate of the chosen shipping (else of the offer) names, counted from the shipment or,
 * before it, from the order. Null where nobody has said.
 */
export function estimatedDelivery(
  { availability }: OfferDocument,
  shippingMethod: string | null,
  orderedAt: Date,
  { shippedAt, estimatedDelivery: reported }: Shipment = {},
): string | null {
  if (reported !== undefined) return reported;
  const option = availability.shipping_options?.find(({ method }) => method === shippingMethod);
  const days = option?.days_max ?? availability.delivery_estimate_days?.max;
  if (days === undefined) return null;
  return new Date((shippedAt ?? orderedAt).getTime() + days * DAY_MS).toISOString().slice(0, 10);
}
