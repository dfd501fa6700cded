/** An offer as a beacon signs it, and what a quantity of it costs. */
import { canonicalJson } from '../canonical';
import { bpsOf, parseMoney, type AssetCode, type Money } from '../money';

export interface ShippingOption {
  method: string;
  price: string;
  days_min?: number;
  days_max?: number;
}

/** The offer document. Prices are decimal strings of `pricing.currency`. */
export interface OfferDocument {
  product: {
    product_id: string;
    name: string;
    category: string;
    structured_attributes?: {
      brand?: string;
      features?: string[];
      condition?: string;
      [attribute: string]: unknown;
    };
    natural_language_description?: { content: string; language: string };
    images?: { url: string; type?: string }[];
  };
  pricing: {
    currency: AssetCode;
    offer_price: string;
    list_price?: string;
    /** Sales tax on goods and shipping, basis points. */
    tax_rate_bps?: number;
    discount_percentage?: string;
    price_valid_until?: string;
    price_rationale?: string;
  };
  availability: {
    in_stock: boolean;
    quantity_available?: number;
    quantity_min?: number;
    quantity_max?: number;
    estimated_ship_date?: string;
    delivery_estimate_days?: { min: number; max: number };
    shipping_options?: ShippingOption[];
    ships_to?: string[];
    /** The country that it is sent from. */
    ships_from?: string;
  };
  terms?: Record<string, unknown>;
  certifications?: string[];
  /** What the seller says of itself; its name and record are AURA's to say. */
  seller_contact?: { url?: string; support_email?: string };
  valid_until: string;
}

/** What a beacon signs: the whole offer as sent, bound to the session and to itself. `offer` is the parsed JSON. */
export function offerSigningBytes(input: { sessionId: string; beaconId: string; offer: object }): string {
  return canonicalJson({
    type: 'aura.offer.v2',
    session_id: input.sessionId,
    beacon_id: input.beaconId,
    offer: input.offer,
  });
}

export interface DealAmounts {
  readonly asset: AssetCode;
  readonly subtotalMinor: bigint;
  readonly shippingMinor: bigint;
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
  readonly shippingMethod: string | null;
}

export type QuoteProblem = { field: 'quantity' | 'shipping_preference'; reason: string };

/**
 * What `quantity` pieces cost with the chosen shipping. Without a preference the cheapest option is taken. Tax rounds
 * half to even.
 */
export function quote(
  offer: OfferDocument,
  quantity: number,
  shippingPreference?: string,
): { amounts: DealAmounts } | { problem: QuoteProblem } {
  const { currency: asset } = offer.pricing;
  const shipping = chooseShipping(offer.availability.shipping_options ?? [], asset, shippingPreference);
  if ('problem' in shipping) return shipping;
  const problem = quantityProblem(offer, quantity);
  if (problem) return { problem };
  const subtotalMinor = parseMoney(offer.pricing.offer_price, asset).amountMinor * BigInt(quantity);
  const shippingMinor = shipping.price.amountMinor;
  const taxMinor = bpsOf(subtotalMinor + shippingMinor, offer.pricing.tax_rate_bps ?? 0);
  return {
    amounts: {
      asset,
      subtotalMinor,
      shippingMinor,
      taxMinor,
      totalMinor: subtotalMinor + shippingMinor + taxMinor,
      shippingMethod: shipping.method,
    },
  };
}

function quantityProblem({ availability }: OfferDocument, quantity: number): QuoteProblem | undefined {
  const { quantity_min: min = 1, quantity_max: max, quantity_available: stock } = availability;
  if (quantity < min) return { field: 'quantity', reason: `the offer starts at ${min}` };
  if (max !== undefined && quantity > max) return { field: 'quantity', reason: `the offer ends at ${max}` };
  if (stock !== undefined && quantity > stock)
    return { field: 'quantity', reason: `only ${stock} available` };
  return undefined;
}

function chooseShipping(
  options: readonly ShippingOption[],
  asset: AssetCode,
  preference: string | undefined,
): { method: string | null; price: Money } | { problem: QuoteProblem } {
  const priced = options.map((option) => ({ method: option.method, price: parseMoney(option.price, asset) }));
  if (preference !== undefined) {
    const chosen = priced.find(({ method }) => method === preference);
    if (chosen) return chosen;
    return {
      problem: { field: 'shipping_preference', reason: `the offer has no shipping method "${preference}"` },
    };
  }
  const [first, ...rest] = priced;
  if (!first) return { method: null, price: { amountMinor: 0n, asset } };
  return rest.reduce((best, next) => (next.price.amountMinor < best.price.amountMinor ? next : best), first);
}
