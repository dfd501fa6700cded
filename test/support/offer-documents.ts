/** Offer documents, as small as they may be. */
import type { OfferDocument } from '../../domain/market/offer';

export interface OfferWish {
  price?: string;
  currency?: string;
  taxRateBps?: number;
  category?: string;
  name?: string;
  attributes?: OfferDocument['product']['structured_attributes'];
  availability?: Partial<OfferDocument['availability']>;
  certifications?: string[];
  validUntil?: Date;
}

export function anOfferDocument(wish: OfferWish = {}): OfferDocument {
  return {
    product: {
      product_id: 'sku-1',
      name: wish.name ?? 'Sony WH-1000XM5',
      category: wish.category ?? 'electronics.headphones.over_ear',
      ...(wish.attributes && { structured_attributes: wish.attributes }),
    },
    pricing: {
      currency: wish.currency ?? 'USD',
      offer_price: wish.price ?? '349.99',
      ...(wish.taxRateBps !== undefined && { tax_rate_bps: wish.taxRateBps }),
    },
    availability: { in_stock: true, ...wish.availability },
    ...(wish.certifications && { certifications: wish.certifications }),
    valid_until: (wish.validUntil ?? new Date(Date.now() + 3_600_000)).toISOString(),
  };
}
