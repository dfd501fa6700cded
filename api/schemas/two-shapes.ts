/** Bodies that both versions of the protocol send to one route, each in a shape of its own. */
import { z } from 'zod';

/** Reads `input` by the schema and hands its problems on, with their paths. */
export function readBy<T extends z.ZodType>(
  schema: T,
  input: unknown,
  context: z.RefinementCtx,
): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  for (const issue of result.error.issues) context.issues.push({ ...issue, input } as z.core.$ZodRawIssue);
  return z.NEVER;
}

/** How the document of the API tells of a body with two shapes. */
export function eitherShape(first: z.ZodType, second: z.ZodType): { anyOf: Record<string, unknown>[] } {
  return {
    anyOf: [first, second].map((schema) => {
      const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
        io: 'input',
        unrepresentable: 'any',
        reused: 'inline',
      });
      return json;
    }),
  };
}

export function hasAny(input: unknown, fields: readonly string[]): boolean {
  if (typeof input !== 'object' || input === null) return false;
  return fields.some((field) => (input as Record<string, unknown>)[field] !== undefined);
}
