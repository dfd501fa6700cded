/** Whether an offer meets a request's hard constraints. They filter before anything is ranked. */
import { compareDecimals, type Constraints } from '../constraints';
import type { OfferDocument } from './offer';

export interface ConstraintViolation {
  readonly constraint: string;
  readonly reason: string;
}

type Hard = NonNullable<Constraints['hard']>;

export function hardViolations(offer: OfferDocument, hard: Hard, now: Date): ConstraintViolation[] {
  const found: ConstraintViolation[] = [];
  const refuse = (constraint: string, reason: string) => found.push({ constraint, reason });
  const { product, pricing, availability } = offer;
  const attributes = product.structured_attributes ?? {};

  if (hard.category && !withinCategory(product.category, hard.category)) {
    refuse('category', `${product.category} is not in ${hard.category}`);
  }
  if (hard.currency && pricing.currency !== hard.currency)
    refuse('currency', `priced in ${pricing.currency}`);
  if (hard.price_max !== undefined && pricing.currency === (hard.currency ?? pricing.currency)) {
    // As decimals: a maximum without a currency may be finer than the one the offer is priced in.
    if (compareDecimals(pricing.offer_price, hard.price_max) > 0) {
      refuse('price_max', `${pricing.offer_price} is above ${hard.price_max}`);
    }
  }
  if (hard.in_stock && !availability.in_stock) refuse('in_stock', 'not in stock');
  if (hard.quantity !== undefined && (availability.quantity_available ?? Infinity) < hard.quantity) {
    refuse('quantity', `only ${availability.quantity_available} available`);
  }
  if (hard.ships_to && availability.ships_to && !availability.ships_to.includes(hard.ships_to)) {
    refuse('ships_to', `does not ship to ${hard.ships_to}`);
  }
  if (hard.condition && (attributes.condition ?? 'new') !== hard.condition) {
    refuse('condition', `${attributes.condition ?? 'new'}, not ${hard.condition}`);
  }
  if (hard.deliver_by && !deliversBy(offer, hard.deliver_by, now))
    refuse('deliver_by', `not by ${hard.deliver_by}`);
  const missing = without(hard.features_required, attributes.features);
  if (missing.length) refuse('features_required', `lacks ${missing.join(', ')}`);
  const uncertified = without(hard.certifications_required, offer.certifications);
  if (uncertified.length) refuse('certifications_required', `lacks ${uncertified.join(', ')}`);
  if (attributes.brand && includesName(hard.excluded_brands, attributes.brand)) {
    refuse('excluded_brands', 'its brand is excluded');
  }
  return found;
}

/** `electronics.headphones.over_ear` lies within `electronics.headphones`. */
export function withinCategory(category: string, wanted: string): boolean {
  return category === wanted || category.startsWith(`${wanted}.`);
}

export function deliversBy({ availability }: OfferDocument, deliverBy: string, now: Date): boolean {
  const days = availability.delivery_estimate_days?.max;
  if (days === undefined) return false;
  const deadline = Date.parse(deliverBy.length === 10 ? `${deliverBy}T23:59:59Z` : deliverBy);
  return now.getTime() + days * 86_400_000 <= deadline;
}

/** Names are the same that look the same: whatever width their letters have, and with nothing invisible between. */
export function includesName(names: readonly string[] | undefined, name: string): boolean {
  const looked = seen(name);
  return names?.some((candidate) => seen(candidate) === looked) ?? false;
}

const seen = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();

function without(wanted: readonly string[] | undefined, offered: readonly string[] | undefined): string[] {
  return (wanted ?? []).filter((name) => !includesName(offered, name));
}
