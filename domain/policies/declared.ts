/**
 * What agents declare of their own limits: the policies of protocol 1.0.0, with 2.2's `constraints` in them. Amounts are
 * decimals of US dollars, percentages and reputations decimals between 0 and 100; all are kept as the digits they were
 * written with. Unknown fields are dropped.
 */
import { z } from 'zod';
import { categorySchema, constraintsSchema, countrySchema, LIST_MAX } from '../constraints';

const COUNTRIES_MAX = 250;
const MERCHANTS_MAX = 500;

const decimal = (form: RegExp, message: string) =>
  z.union([z.string(), z.number()]).transform(String).pipe(z.string().max(30).regex(form, message));
const usd = decimal(/^(0|[1-9]\d{0,11})(\.\d{1,2})?$/, 'a decimal amount of US dollars such as "349.99"');
const points = decimal(/^(100(\.0{1,2})?|(0|[1-9]\d?)(\.\d{1,2})?)$/, 'a number between 0 and 100');

/** Protocol 1.0.0 writes UK where ISO 3166 has GB. */
const country = z
  .string()
  .transform((code) => (code === 'UK' ? 'GB' : code))
  .pipe(countrySchema);
const countries = z.array(country).min(1, 'names no country').max(COUNTRIES_MAX);
const labels = z.array(z.string().trim().min(1).max(100)).max(LIST_MAX);

export const CONSENT_BOUNDARIES = [
  'share_behavioral_data',
  'share_purchase_history',
  'share_identity_with_merchant',
  'share_email_for_order_updates',
  'share_phone_for_delivery',
  'marketing_opt_in',
] as const;

const boundary = z.boolean().optional();

export const scoutPoliciesSchema = z.object({
  /** The most that one deal may come to, with shipping and tax; no offer's price may be above it either. */
  max_price_usd: usd.optional(),
  allowed_categories: z.array(categorySchema).min(1, 'names no category').max(LIST_MAX).optional(),
  /** Ids of beacons or of their principals, or merchants' domains. */
  blocked_merchants: z.array(z.string().trim().min(1).max(253)).max(MERCHANTS_MAX).optional(),
  require_certifications: labels.optional(),
  auto_reject_below_reputation: points.optional(),
  geographic_restrictions: z
    .object({ ships_from: countries.optional(), ships_to: countries.optional() })
    .optional(),
  consent_boundaries: z
    .object({
      share_behavioral_data: boundary,
      share_purchase_history: boundary,
      allow_personalized_pricing: boundary,
      share_identity_with_merchant: boundary,
      share_email_for_order_updates: boundary,
      share_phone_for_delivery: boundary,
      marketing_opt_in: boundary,
    })
    .optional(),
  constraints: constraintsSchema.optional(),
});

export const beaconPoliciesSchema = z.object({
  min_order_value_usd: usd.optional(),
  max_discount_percentage: points.optional(),
  allowed_shipping_regions: countries.optional(),
  require_scout_reputation_above: points.optional(),
  inventory_reserve_percentage: points.optional(),
  pricing_boundaries: z
    .object({
      allow_dynamic_pricing: z.boolean().optional(),
      max_price_variation_percentage: points.optional(),
      honor_competitor_pricing: z.boolean().optional(),
    })
    .optional(),
  fulfillment_constraints: z
    .object({
      max_delivery_days: z.int().min(0).max(365).optional(),
      require_signature: z.boolean().optional(),
      insurance_threshold_usd: usd.optional(),
    })
    .optional(),
  constraints: constraintsSchema.optional(),
  /** All certifications that the merchant or its goods carry. Where it states none, they are known by its offers. */
  certifications: labels.optional(),
  /** Where its goods come from, for offers that do not say so. */
  ships_from: countries.optional(),
});

export type ScoutPolicies = z.infer<typeof scoutPoliciesSchema>;
export type BeaconPolicies = z.infer<typeof beaconPoliciesSchema>;
export type DeclaredPolicies = ScoutPolicies | BeaconPolicies;

/** A version of an agent's policies, under its `pol_` id. */
export interface Declared<Policies> {
  readonly id: string;
  readonly policies: Policies;
}
