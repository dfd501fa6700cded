/** The market's messages in the shapes of protocol 1.0.0. Amounts are JSON numbers. */
import { z } from 'zod';
import { categorySchema, countrySchema } from '../../domain/constraints';
import { isAsset } from '../../domain/money';
import { SESSION_STATUSES_1 } from '../../domain/versions';
import { amount1, day, failureSchema, id, instant, text } from './common';

/** An exact amount: text where a float could not hold it. */
const number1 = z.union([z.number(), z.string()]);
const status = z.enum(SESSION_STATUSES_1);

export const sessionCreated1 = z
  .object({
    session_id: id('session'),
    status,
    created_at: z.string(),
    estimated_offers_at: z.string(),
    poll_url: z.string(),
    websocket_url: z.string(),
  })
  .meta({ id: 'SessionCreated1' });

const level = z.enum(['low', 'moderate', 'high']);

export const sessionResponse1 = z
  .object({
    session_id: id('session'),
    status,
    created_at: z.string(),
    updated_at: z.string(),
    estimated_offers_at: z.string(),
    expires_at: z.string().nullable(),
    interpreted_request: z
      .object({
        request_id: z.string(),
        session_id: id('session'),
        interpreted_at: z.string(),
        interpretation_version: z.string(),
        structured_requirements: z.looseObject({
          category: z.string(),
          hard_constraints: z.record(z.string(), z.unknown()),
          soft_preferences: z.record(z.string(), z.unknown()),
          certifications_required: z.array(z.string()),
          certifications_preferred: z.array(z.string()),
        }),
        natural_language_context: z.object({
          content: z.string(),
          language: z.string(),
          extracted_entities: z.array(
            z.object({ type: z.string(), value: z.string(), confidence: z.number() }),
          ),
          sanitized: z.boolean(),
        }),
        behavioral_signals: z
          .object({
            price_sensitivity: level,
            brand_loyalty: level,
            feature_focus: level,
            decision_speed: z.enum(['slow', 'moderate', 'fast']),
          })
          .nullable(),
        interpretation_confidence: z.number(),
      })
      .nullable(),
    offers_count: z.int(),
    offers_url: z.string(),
    poll_url: z.string(),
    websocket_url: z.string(),
    transaction_id: z.string().nullable(),
    failure: failureSchema,
  })
  .meta({ id: 'Session1' });

const days = z.int().min(0).max(365);
const DAYS = /^\d{1,3}(-\d{1,3})?$/;

const shippingOption1 = z.object({
  method: text(50),
  /** `3-5`, or one number. */
  days: z
    .string()
    .regex(DAYS, 'days such as "3-5"')
    .refine((range) => {
      const [min = 0, max = min] = range.split('-').map(Number);
      return min <= max && max <= 365;
    }, 'the days of the range are not in order, or above 365')
    .optional(),
  price_usd: amount1,
});

const description1 = z.object({
  content: z.string().max(2_000),
  language: z.string().regex(/^[a-z]{2}$/, 'an ISO 639-1 code'),
});
const image1 = z.object({
  url: z.url().max(2_000),
  type: z.enum(['primary', 'gallery', 'thumbnail']).optional(),
});

export const offer1 = z.object({
  offer_id: id('offer'),
  product: z.object({
    // As it came: it is signed.
    product_id: z.string().min(1).max(100),
    name: text(200),
    category: categorySchema,
    structured_attributes: z
      .looseObject({
        brand: text(100).optional(),
        features: z.array(text(100)).max(50).optional(),
        condition: text(100).optional(),
      })
      .optional(),
    natural_language_description: description1.optional(),
    images: z.array(image1).max(20).optional(),
  }),
  pricing: z.object({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'an ISO 4217 code')
      .refine(isAsset, 'not an ISO 4217 currency'),
    list_price: amount1.optional(),
    offer_price: amount1,
    discount_percentage: amount1
      .refine((percent) => Number(percent) <= 100, 'above 100')
      .meta({ type: 'number', minimum: 0, maximum: 100 })
      .optional(),
    price_valid_until: instant.optional(),
    price_rationale: text(500).optional(),
  }),
  availability: z.object({
    in_stock: z.boolean(),
    quantity_available: z.int().min(0).optional(),
    estimated_ship_date: day.optional(),
    delivery_estimate_days: z
      .object({ min: days.optional(), max: days.optional() })
      .refine(({ min = 0, max = 365 }) => min <= max, 'min is above max')
      .optional(),
    shipping_options: z.array(shippingOption1).max(20).optional(),
    ships_to: z.array(countrySchema).max(250).optional(),
    ships_from: countrySchema.optional(),
  }),
  terms: z
    .looseObject({
      return_policy: text(1_000).optional(),
      warranty: text(1_000).optional(),
      price_match: z.boolean().optional(),
    })
    .optional(),
  certifications: z.array(text(100)).max(50).optional(),
  valid_until: instant,
  /** Ed25519 over the offer's five signed fields; the envelope's will do where it is the only offer. */
  signature: z
    .string()
    .max(120)
    .regex(/^sig_[A-Za-z0-9+/=]+$/, 'sig_ and base64')
    .optional(),
});
export type Offer1 = z.output<typeof offer1>;

export const beaconMetadata1 = z.object({
  merchant_name: text(200).optional(),
  merchant_url: z.url().max(2_000).optional(),
  support_email: z.email().max(320).optional(),
  certifications: z.array(text(100)).max(50).optional(),
});

export const offersRequest1 = z.object({
  request_id: id('request'),
  beacon_id: id('beacon'),
  offers: z.array(offer1).max(50),
  beacon_metadata: beaconMetadata1.optional(),
  signature: z.string().max(200).optional(),
  extensions: z.record(z.string(), z.unknown()).optional(),
});
export type OffersRequest1 = z.output<typeof offersRequest1>;

const productShown = z.looseObject({ product_id: z.string(), name: z.string(), category: z.string() });
const pricingShown = z.object({
  currency: z.string(),
  list_price: number1.optional(),
  offer_price: number1,
  discount_percentage: number1.optional(),
  price_valid_until: z.string().optional(),
  price_rationale: z.string().optional(),
  tax_rate_bps: z.int().optional(),
});
const availabilityShown = z.looseObject({
  in_stock: z.boolean(),
  quantity_available: z.int().optional(),
  estimated_ship_date: z.string().optional(),
  delivery_estimate_days: z.object({ min: z.int(), max: z.int() }).optional(),
  shipping_options: z
    .array(
      z.object({ method: z.string(), days: z.string().optional(), price_usd: number1.optional() }).loose(),
    )
    .optional(),
});

const rankedOffer1 = z.object({
  rank: z.int(),
  offer_id: id('offer'),
  cwr_score: z.number(),
  beacon_id: z.string(),
  product: productShown,
  pricing: pricingShown,
  availability: availabilityShown,
  merchant: z.object({ name: z.string(), reputation_score: z.number().optional() }),
  match_explanation: z.object({
    summary: z.string(),
    structured_match_score: z.number(),
    semantic_similarity_score: z.number(),
  }),
  detail_url: z.string(),
});

export const offersResponse1 = z
  .object({
    session_id: id('session'),
    status,
    total_offers: z.int(),
    offers: z.array(rankedOffer1),
    ranking_metadata: z.object({ algorithm_version: z.string(), computed_at: z.string().nullable() }),
  })
  .meta({ id: 'RankedOffers1' });

export const offerResponse1 = z
  .object({
    offer_id: id('offer'),
    session_id: id('session'),
    beacon_id: z.string(),
    created_at: z.string(),
    valid_until: z.string(),
    product: productShown,
    pricing: pricingShown,
    availability: availabilityShown,
    merchant: z.looseObject({ name: z.string() }),
    terms: z.record(z.string(), z.unknown()),
    certifications: z.array(z.string()),
    reputation: z
      .object({ beacon_score: z.number(), merchant_rating: z.number(), total_transactions: z.int() })
      .optional(),
    signature: z.string(),
  })
  .meta({ id: 'Offer1' });

export const requestsResponse = z
  .object({
    beacon_id: id('beacon'),
    requests: z.array(
      z.object({
        request_type: z.literal('offer_request'),
        request_id: id('request'),
        session_id: id('session'),
        timestamp: z.string(),
        respond_by: z.string(),
        response_url: z.string(),
        interpreted_request: z.object({
          structured_requirements: z.record(z.string(), z.unknown()),
          natural_language_context: z.record(z.string(), z.unknown()),
        }),
        beacon_context: z.record(z.string(), z.unknown()).nullable(),
      }),
    ),
  })
  .meta({ id: 'BeaconRequests' });
