/** An offer of protocol 1.0.0: what its seller signs, and the one document that offers of both versions are kept as. */
import { exponentOf, isAsset } from '../money';
import type { OfferDocument, ShippingOption } from './offer';

/** The five fields as they stand in the JSON text, a price with the digits it was written with. */
export interface SignedFields1 {
  offerId: string;
  beaconId: string;
  productId: string;
  offerPrice: string;
  validUntil: string;
}

export function offerSigningBytes1(fields: SignedFields1): string {
  return fields.offerId + fields.beaconId + fields.productId + fields.offerPrice + fields.validUntil;
}

export interface StatedOffer1 {
  product: OfferDocument['product'];
  pricing: {
    currency: string;
    offer_price: string;
    list_price?: string;
    discount_percentage?: string;
    price_valid_until?: string;
    price_rationale?: string;
  };
  availability: {
    in_stock: boolean;
    quantity_available?: number;
    estimated_ship_date?: string;
    delivery_estimate_days?: { min?: number; max?: number };
    shipping_options?: { method: string; days?: string; price_usd: string }[];
    ships_to?: string[];
    ships_from?: string;
  };
  terms?: Record<string, unknown>;
  certifications?: string[];
  valid_until: string;
}

export interface BeaconMetadata1 {
  merchant_url?: string;
  support_email?: string;
  certifications?: string[];
}

/** A seller of version 1 states its certifications once for all of its offers. */
export function offerDocument1(offer: StatedOffer1, metadata: BeaconMetadata1 = {}): OfferDocument {
  const { pricing, availability, terms, product } = offer;
  const { currency, offer_price, list_price, ...morePricing } = pricing;
  const { delivery_estimate_days: estimate, shipping_options: options, ...moreAvailability } = availability;
  const certifications = [...new Set([...(offer.certifications ?? []), ...(metadata.certifications ?? [])])];
  const { merchant_url: url, support_email } = metadata;
  return {
    product,
    pricing: {
      currency,
      offer_price: plainAmount(offer_price, currency),
      ...(list_price !== undefined && { list_price: plainAmount(list_price, currency) }),
      ...morePricing,
    },
    availability: {
      ...moreAvailability,
      // An estimate without an end says nothing that a deadline could be held against.
      ...(estimate?.max !== undefined && {
        delivery_estimate_days: { min: estimate.min ?? 0, max: estimate.max },
      }),
      ...(options && { shipping_options: options.map((option) => shippingOption(option, currency)) }),
    },
    ...(terms && { terms }),
    ...(certifications.length > 0 && { certifications }),
    ...((url !== undefined || support_email !== undefined) && {
      seller_contact: {
        ...(url !== undefined && { url }),
        ...(support_email !== undefined && { support_email }),
      },
    }),
    valid_until: offer.valid_until,
  };
}

function shippingOption(
  { method, days, price_usd }: { method: string; days?: string; price_usd: string },
  currency: string,
): ShippingOption {
  const [min, max = min] = days?.split('-').map(Number) ?? [];
  return {
    method,
    price: plainAmount(price_usd, currency),
    ...(min !== undefined && { days_min: min, days_max: max }),
  };
}

/** Without zeros beyond the asset's digits: `349.990` dollars are `349.99`. Any other digit too many stays and is refused. */
export function plainAmount(decimal: string, asset: string): string {
  const [whole = '', fraction] = decimal.split('.');
  if (fraction === undefined || !isAsset(asset)) return decimal;
  const digits = exponentOf(asset);
  const kept = fraction.slice(0, digits) + fraction.slice(digits).replace(/0+$/, '');
  return kept ? `${whole}.${kept}` : whole;
}
