import { z } from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import { idPattern, type IdKind } from '../../domain/ids';
import { isAsset } from '../../domain/money';
import { isRecordable, OUT_OF_CALENDAR } from '../../domain/recordable-time';
import { RAILS } from '../../domain/settlement';

/** An id of that kind. */
export const id = (kind: IdKind) => z.string().regex(idPattern(kind), `not a ${kind} id`);

/** A decimal amount: a string, or a JSON number whose digits were kept. */
export const decimal = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(
    z
      .string()
      .max(30)
      .regex(/^(0|[1-9]\d*)(\.\d+)?$/, 'a decimal amount such as "349.99"'),
  );

/** A decimal amount as version 1 sends it, a JSON number; its digits are kept as they stand in the text. */
export const amount1 = z
  .unknown()
  .transform((input, context): string => {
    const result = decimal.safeParse(input);
    if (result.success) return result.data;
    const message = input === undefined ? 'required' : 'a decimal amount such as 349.99';
    context.issues.push({
      code: input === undefined ? 'invalid_type' : 'custom',
      expected: 'number',
      input,
      message,
    });
    return z.NEVER;
  })
  .meta({ type: 'number', minimum: 0 });

export const asset = z.string().refine(isAsset, 'not an ISO 4217 currency or a known token');
export const rail = z.enum(RAILS);
/** An RFC 3339 instant. */
export const instant = z.iso.datetime({ offset: true }).refine(isRecordable, OUT_OF_CALENDAR);
/** An ISO 8601 calendar day. */
export const day = z.iso.date().refine(isRecordable, OUT_OF_CALENDAR);
export const text = (max: number) => z.string().trim().min(1).max(max);
/** Accepted on every message; unknown keys in it are ignored. */
export const extensions = z.record(z.string(), z.unknown()).optional();

export const scoutParams = z.object({ scout_id: z.string().max(40) });
export const beaconParams = z.object({ beacon_id: z.string().max(40) });

/** Why a session or its deal came to nothing. */
export const failureSchema = z
  .object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) })
  .nullable();

export const errorSchema = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
      request_id: z.string(),
      documentation_url: z.string(),
    }),
  })
  .meta({ id: 'Error' });

export const amountsSchema = z.object({
  currency: z.string(),
  subtotal: z.string(),
  shipping: z.string(),
  tax: z.string(),
  total: z.string(),
  fee: z.string(),
});
