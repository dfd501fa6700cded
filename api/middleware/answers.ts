/** Holds answers against the schemas that document them. For tests, where a difference has to show. */
import type { z } from 'zod';
import { VERSION_1, type ApiVersion } from '../../domain/versions';
import type { Answer, Route } from '../route';

/** Thrown for an answer that is not what its route says; it ends as INTERNAL_ERROR with the path in its details. */
export class AnswerMismatch extends Error {
  override name = 'AnswerMismatch';
  constructor(
    route: Pick<Route, 'method' | 'path'>,
    readonly field: string,
    readonly reason: string,
  ) {
    super(`${route.method.toUpperCase()} ${route.path} answers ${field || 'a body'}: ${reason}`);
  }
}

/** Throws `AnswerMismatch` where the answer breaks its schema or has a field that the schema does not declare. */
export function checkAnswer(route: Route, version: ApiVersion, { body, contentType }: Answer): void {
  if (contentType !== undefined && !contentType.includes('json')) return;
  const schema = schemaOf(route, version);
  // What is sent is JSON, so that is what is checked.
  const sent: unknown = JSON.parse(
    typeof body === 'string' && contentType ? body : JSON.stringify(body ?? null),
  );
  const read = schema.safeParse(sent);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new AnswerMismatch(route, issue?.path.map(String).join('.') ?? '', issue?.message ?? 'invalid');
  }
  const undeclared = firstUndeclared(sent, read.data, []);
  if (undeclared) throw new AnswerMismatch(route, undeclared.join('.'), 'is not declared');
}

function schemaOf({ response }: Route, version: ApiVersion): z.ZodType {
  return version === VERSION_1 && response.version1 ? response.version1 : response.schema;
}

/** The path of the first key that parsing dropped; schemas of loose objects and records keep all of theirs. */
function firstUndeclared(
  sent: unknown,
  read: unknown,
  path: readonly string[],
): readonly string[] | undefined {
  if (typeof sent !== 'object' || sent === null || typeof read !== 'object' || read === null)
    return undefined;
  const kept = read as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(sent)) {
    if (!Object.hasOwn(kept, key)) return [...path, key];
    const deeper = firstUndeclared(value, kept[key], [...path, key]);
    if (deeper) return deeper;
  }
  return undefined;
}
