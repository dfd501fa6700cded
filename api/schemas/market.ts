import { z } from 'zod';
import { CONDITIONS, categorySchema, countrySchema } from '../../domain/constraints';
import { MARKET_STATES } from '../../domain/lifecycle';
import { asset, day, decimal, extensions, failureSchema, id, instant, text } from './common';
import { offersRequest1 } from './market-1';
import { eitherShape, hasAny, readBy } from './two-shapes';

export const sessionParams = z.object({ session_id: z.string().max(40) });

export const sessionResponse = z
  .object({
    session_id: id('session'),
    status: z.enum(MARKET_STATES),
    clearing_status: z.string().nullable(),
    profile_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    offers_due_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    interpreted_request: z
      .object({
        request_id: z.string(),
        category: z.string(),
        constraints: z.unknown(),
        natural_language_context: z.object({
          content: z.string(),
          language: z.string(),
          sanitized: z.boolean(),
        }),
        confidence: z.number(),
        explanation: z.array(z.object({ words: z.string(), meaning: z.string() })),
      })
      .nullable(),
    offers_count: z.int(),
    offers_url: z.string(),
    transaction_id: z.string().nullable(),
    failure: failureSchema,
  })
  .meta({ id: 'Session' });

export const cancelledResponse = z.object({ session_id: id('session'), status: z.enum(MARKET_STATES) });

export const pollQuery = z.object({
  wait: z.coerce.number().int().min(0).max(30).default(0),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const pollResponse = z
  .object({
    sessions: z.array(
      z.object({
        session_id: id('session'),
        request_id: id('request'),
        respond_by: z.string(),
        response_url: z.string(),
        interpreted_request: z.unknown(),
      }),
    ),
  })
  .meta({ id: 'BeaconSessions' });

const shippingOption = z.object({
  method: text(50),
  price: decimal,
  days_min: z.int().min(0).max(365).optional(),
  days_max: z.int().min(0).max(365).optional(),
});

export const offerDocument = z.object({
  product: z.object({
    product_id: text(100),
    name: text(200),
    category: categorySchema,
    structured_attributes: z
      .looseObject({
        brand: text(100).optional(),
        features: z.array(text(100)).max(50).optional(),
        condition: z.enum(CONDITIONS).optional(),
      })
      .optional(),
    natural_language_description: z
      .object({ content: z.string().max(2_000), language: z.string().regex(/^[a-z]{2}$/) })
      .optional(),
    images: z
      .array(z.object({ url: z.url().max(2_000), type: z.string().max(20).optional() }))
      .max(20)
      .optional(),
  }),
  pricing: z.object({
    currency: asset,
    offer_price: decimal,
    list_price: decimal.optional(),
    tax_rate_bps: z.int().min(0).max(10_000).optional(),
    discount_percentage: decimal.optional(),
    price_valid_until: instant.optional(),
    price_rationale: text(500).optional(),
  }),
  availability: z.object({
    in_stock: z.boolean(),
    quantity_available: z.int().min(0).optional(),
    quantity_min: z.int().min(1).optional(),
    quantity_max: z.int().min(1).optional(),
    estimated_ship_date: day.optional(),
    delivery_estimate_days: z
      .object({ min: z.int().min(0).max(365), max: z.int().min(0).max(365) })
      .refine(({ min, max }) => min <= max, 'min is above max')
      .optional(),
    shipping_options: z.array(shippingOption).max(20).optional(),
    ships_to: z.array(countrySchema).max(250).optional(),
    ships_from: countrySchema.optional(),
  }),
  terms: z.record(z.string(), z.unknown()).optional(),
  certifications: z.array(text(100)).max(50).optional(),
  valid_until: instant,
});

export const signedOffer = offerDocument.extend({
  /** Ed25519 over the canonical offer, base64. */
  signature: z.string().max(100),
});

export type SignedOffer = z.output<typeof signedOffer>;

const offersRequest2 = z.object({ offers: z.array(signedOffer).max(50), extensions });

/** Offers in either shape. One of version 1 names itself, and its body names the request that it answers. */
export const offersRequest = z
  .unknown()
  .transform((input, context) => {
    const { offers } = (input ?? {}) as { offers?: unknown };
    const is1 =
      hasAny(input, ['request_id', 'beacon_id', 'beacon_metadata']) ||
      (Array.isArray(offers) && offers.some((offer) => hasAny(offer, ['offer_id'])));
    return is1
      ? { shape: 'version_1' as const, ...readBy(offersRequest1, input, context) }
      : { shape: 'version_2' as const, ...readBy(offersRequest2, input, context) };
  })
  .meta({
    id: 'OffersRequest',
    description: 'An empty list says that the seller makes no offer.',
    ...eitherShape(offersRequest1, offersRequest2),
  });

export type OffersRequest = z.output<typeof offersRequest>;

export const offersAccepted = z
  .object({
    session_id: id('session'),
    accepted: z.array(z.object({ offer_id: id('offer'), product_id: z.string() })),
  })
  .meta({ id: 'OffersAccepted' });

export const rankedOffer = z.object({
  rank: z.int(),
  offer_id: id('offer'),
  beacon_id: z.string(),
  cwr_score: z.number(),
  score: z.number(),
  product: z.unknown(),
  pricing: z.unknown(),
  availability: z.unknown(),
  valid_until: z.string(),
  merchant: z.object({ name: z.string(), reputation_score: z.number().optional() }),
  match_explanation: z.object({
    summary: z.string(),
    structured_match_score: z.number(),
    semantic_similarity_score: z.number(),
    base_reputation: z.number().optional(),
    risk_factor: z.number(),
    parts: z.array(z.unknown()),
  }),
  detail_url: z.string(),
});

export const offersResponse = z
  .object({
    session_id: id('session'),
    status: z.enum(MARKET_STATES),
    total_offers: z.int(),
    offers: z.array(rankedOffer),
    ranking_metadata: z.object({ algorithm_version: z.string(), computed_at: z.string().nullable() }),
  })
  .meta({ id: 'RankedOffers' });

export const offerParams = z.object({ offer_id: z.string().max(40) });

export const offerResponse = z
  .object({
    offer_id: id('offer'),
    session_id: id('session'),
    beacon_id: z.string(),
    created_at: z.string(),
    merchant: z.object({ name: z.string() }),
    reputation: z.object({ beacon_score: z.number().nullable() }),
    signature: z.string(),
  })
  .loose()
  .meta({ id: 'Offer' });
