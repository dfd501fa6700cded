/**
 * The one object that says what is wanted: in sessions, policies and delegations. Hard constraints filter, soft ones
 * rank. Prices are decimal strings, so that no float ever stands for money.
 */
import { z } from 'zod';
import { exponentOf, isAsset, parseMoney } from './money';

export const CONDITIONS = ['new', 'used', 'refurbished'] as const;
export type Condition = (typeof CONDITIONS)[number];

export const LIST_MAX = 50;
export const QUANTITY_MAX = 1_000_000_000;

/** Digits of a price; the money parser bounds them too. */
const price = z
  .string()
  .max(30)
  .regex(/^(0|[1-9]\d*)(\.\d+)?$/, 'a price is a decimal string such as "349.99"');
const label = z.string().trim().min(1).max(100);
const labels = z.array(label).max(LIST_MAX);
/** Hierarchical, dot-separated: `electronics.headphones.over_ear`. */
export const categorySchema = z
  .string()
  .max(200)
  .regex(/^[a-z0-9_]+(\.[a-z0-9_]+){0,7}$/, 'a category is dot-separated, such as "electronics.headphones"');
export const currencySchema = z
  .string()
  .max(180)
  .refine(isAsset, 'not an ISO 4217 currency or a known token');
export const countrySchema = z
  .string()
  .refine(isCountry, 'not an ISO 3166 alpha-2 country code')
  .meta({ pattern: '^[A-Z]{2}$' });
const deliverBy = z.string().max(40).refine(isDateOrDateTime, 'not an RFC 3339 date or date-time');

export const hardConstraintsSchema = z.object({
  category: categorySchema.optional(),
  price_max: price.optional(),
  currency: currencySchema.optional(),
  quantity: z.int().min(1).max(QUANTITY_MAX).optional(),
  ships_to: countrySchema.optional(),
  deliver_by: deliverBy.optional(),
  in_stock: z.boolean().optional(),
  condition: z.enum(CONDITIONS).optional(),
  certifications_required: labels.optional(),
  features_required: labels.optional(),
  excluded_brands: labels.optional(),
});

export const softConstraintsSchema = z.object({
  price_range: z.object({ min: price.optional(), max: price.optional() }).optional(),
  brands: z.object({ preferred: labels.optional(), acceptable: labels.optional() }).optional(),
  features_preferred: labels.optional(),
  certifications_preferred: labels.optional(),
});

/** Unknown fields are dropped, never echoed. */
export const constraintsSchema = z
  .object({ hard: hardConstraintsSchema.optional(), soft: softConstraintsSchema.optional() })
  .superRefine(({ hard, soft }, context) => {
    const currency = hard?.currency;
    const prices = [
      { path: ['hard', 'price_max'], value: hard?.price_max },
      { path: ['soft', 'price_range', 'min'], value: soft?.price_range?.min },
      { path: ['soft', 'price_range', 'max'], value: soft?.price_range?.max },
    ];
    for (const { path, value } of prices) {
      if (currency === undefined || value === undefined || !isAsset(currency)) continue;
      if (fractionDigits(value) > exponentOf(currency)) {
        context.addIssue({ code: 'custom', path, message: `more decimal places than ${currency} has` });
      }
    }
    const { min, max } = soft?.price_range ?? {};
    if (min !== undefined && max !== undefined && compareDecimals(min, max) > 0) {
      context.addIssue({ code: 'custom', path: ['soft', 'price_range'], message: 'min is above max' });
    }
  });

export type Constraints = z.infer<typeof constraintsSchema>;
export type HardConstraints = z.infer<typeof hardConstraintsSchema>;
export type SoftConstraints = z.infer<typeof softConstraintsSchema>;

/** Compares two non-negative decimal strings exactly. */
export function compareDecimals(a: string, b: string): number {
  const digits = Math.max(fractionDigits(a), fractionDigits(b));
  const [x, y] = [scaled(a, digits), scaled(b, digits)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function fractionDigits(decimal: string): number {
  return decimal.split('.')[1]?.length ?? 0;
}

function scaled(decimal: string, digits: number): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(digits, '0'));
}

/** Whether a decimal is an amount of the asset: no more digits than it has. */
export function fitsAsset(decimal: string, asset: string): boolean {
  try {
    parseMoney(decimal, asset);
    return true;
  } catch {
    return false;
  }
}

const regionNames = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
/** What CLDR can name although ISO 3166-1 has not assigned it, or has withdrawn it. */
const NOT_COUNTRIES: ReadonlySet<string> = new Set(
  (
    'AC AN BU CP CQ CS CT DD DG DY EA EU EZ FQ FX HV IC JT MI NH NQ NT PC PU PZ QO QU RH SU TA TP UK UN VD WK ' +
    'XA XB XK YD YU ZR ZZ'
  ).split(' '),
);

export function isCountry(code: string): boolean {
  if (!/^[A-Z]{2}$/.test(code) || NOT_COUNTRIES.has(code)) return false;
  return regionNames.of(code) !== undefined;
}

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** RFC 3339, full-date or date-time; the day must exist. */
export function isDateOrDateTime(text: string): boolean {
  const day = DATE_TIME.exec(text)?.[1] ?? text;
  if (!DATE.test(day)) return false;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

export function isDateTime(text: string): boolean {
  return DATE_TIME.test(text) && isDateOrDateTime(text);
}
