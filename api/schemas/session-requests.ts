/** What a session is opened with: a version 1 query with hints, or a 2.2 intent with constraints. */
import { z } from 'zod';
import { categorySchema, compareDecimals, constraintsSchema, countrySchema } from '../../domain/constraints';
import { constraintsOfHints } from '../../domain/market/hints';
import { DEFAULT_PROFILE } from '../../domain/profiles';
import { amount1, extensions, text } from './common';
import { eitherShape, hasAny, readBy } from './two-shapes';

/** Numbers where the constraints want decimals become the digits they were written with. */
function pricesAsText(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  const { hard, soft } = input as { hard?: Record<string, unknown>; soft?: Record<string, unknown> };
  const asText = (value: unknown) => (typeof value === 'number' ? String(value) : value);
  const range = soft?.price_range as Record<string, unknown> | undefined;
  return {
    ...input,
    ...(hard && { hard: { ...hard, ...('price_max' in hard && { price_max: asText(hard.price_max) }) } }),
    ...(soft && {
      soft: {
        ...soft,
        ...(range &&
          typeof range === 'object' && {
            price_range: Object.fromEntries(
              Object.entries(range).map(([key, value]) => [key, asText(value)]),
            ),
          }),
      },
    }),
  };
}

export const constraints = z.preprocess(pricesAsText, constraintsSchema);

const preferences = z
  .object({
    max_offers: z.int().min(1).max(50).default(10),
    offer_timeout_seconds: z.int().min(10).max(120).default(30),
    include_reputation_data: z.boolean().default(true),
  })
  .prefault({});

/** Stays with AURA: sellers see the country as a destination, and of the use what the vocabulary has a word for. */
const context = z.object({
  use_case: text(200).optional(),
  previous_purchases: z.array(text(100)).max(100).optional(),
  location: z.object({ country: countrySchema.optional(), region: text(100).optional() }).optional(),
});

const sentence = z.string().min(10).max(2_000);
const profileId = z.string().max(50).default(DEFAULT_PROFILE);

const request2 = z.object({
  intent: sentence,
  constraints: constraints.optional(),
  context: context.optional(),
  profile_id: profileId,
  preferences,
  extensions,
});

const USD_DIGITS = 2;
const dollars = amount1.refine(
  (decimal) => (decimal.split('.')[1]?.length ?? 0) <= USD_DIGITS,
  'more decimal places than USD has',
);

const request1 = z.object({
  natural_language_query: sentence.describe("Scout's natural language expression of need"),
  structured_hints: z
    .object({
      category_hint: categorySchema.optional(),
      price_range_usd: z
        .object({ min: dollars.optional(), max: dollars.optional() })
        .refine(
          ({ min, max }) => min === undefined || max === undefined || compareDecimals(min, max) <= 0,
          'min is above max',
        )
        .optional(),
      required_features: z.array(text(100)).max(50).optional(),
    })
    .optional(),
  context: context.optional(),
  profile_id: profileId,
  preferences,
  extensions,
});

/** A request that has neither shape, or both, is refused by whoever knows the version of the agent. */
export const sessionRequest = z
  .unknown()
  .transform((input, refinement) => {
    const is1 = hasAny(input, ['natural_language_query', 'structured_hints']);
    const is2 = hasAny(input, ['intent', 'constraints']);
    const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
    if (isObject && is1 === is2) return { shape: is1 ? ('both' as const) : ('none' as const) };
    if (!is1) {
      const { extensions: _ignored, ...read } = readBy(request2, input, refinement);
      return { shape: 'version_2' as const, ...read };
    }
    const { natural_language_query, structured_hints, profile_id, ...read } = readBy(
      request1,
      input,
      refinement,
    );
    return {
      shape: 'version_1' as const,
      intent: natural_language_query,
      constraints: constraintsOfHints(structured_hints),
      context: read.context,
      profile_id,
      preferences: read.preferences,
    };
  })
  .meta({ id: 'SessionRequest', ...eitherShape(request1, request2) });

export type SessionRequest = z.output<typeof sessionRequest>;
export type StatedSession = Extract<SessionRequest, { intent: string }>;
