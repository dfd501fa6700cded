import type { z } from 'zod';
import { AuraError } from '../../domain/errors';

/** Parses input by its schema. The first problem is told with its field; unknown fields are dropped. */
export function validate<T>(
  schema: z.ZodType<T> | undefined,
  input: unknown,
  where: 'body' | 'query' | 'path',
): T {
  if (!schema) return undefined as T;
  refuseUnstorable(input, where, []);
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') || where;
  const missing = issue?.code === 'invalid_type' && valueAt(input, issue.path) === undefined;
  const reason = missing ? 'required' : (issue?.message ?? 'invalid');
  const code = missing || where === 'body' ? bodyCode(issue, missing) : 'INVALID_PARAMETER';
  throw new AuraError(code, missing ? `The ${where} lacks ${field}.` : `${field}: ${reason}`, {
    field,
    reason,
  });
}

/** Text that no database holds, nor anybody can have meant: NUL, and halves of surrogate pairs. */
const isUnstorable = (text: string) => text.includes('\u0000') || /\p{Surrogate}/u.test(text);

function refuseUnstorable(input: unknown, where: string, path: readonly string[]): void {
  if (typeof input === 'string' && isUnstorable(input)) unstorable(path.join('.') || where);
  if (typeof input !== 'object' || input === null) return;
  for (const [key, value] of Object.entries(input)) {
    if (isUnstorable(key)) unstorable(path.join('.') || where);
    refuseUnstorable(value, where, [...path, key]);
  }
}

function unstorable(field: string): never {
  const reason = 'holds a NUL or half a surrogate pair';
  throw new AuraError('INVALID_PARAMETER', `${field}: ${reason}`, { field, reason });
}

/** A wrong shape is a malformed request; a right shape with a wrong value is a bad parameter. */
function bodyCode(
  issue: z.core.$ZodIssue | undefined,
  missing: boolean,
): 'INVALID_REQUEST' | 'INVALID_PARAMETER' {
  return missing || issue?.code === 'invalid_type' ? 'INVALID_REQUEST' : 'INVALID_PARAMETER';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}
