/** Reading what clients and the operator send. */
import { z } from 'zod';
import { Refusal } from './processor';

export const minor = z.string().regex(/^(0|[1-9]\d{0,17})$/, 'minor units');
export const positiveMinor = z.string().regex(/^[1-9]\d{0,17}$/, 'minor units above zero');
export const reference = z.string().regex(/^[\w.:-]{1,64}$/, 'up to 64 letters, digits, and _ . : -');

export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new Refusal(400, 'invalid_request', z.prettifyError(result.error));
  return result.data;
}
