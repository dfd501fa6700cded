/** Headers that many requests and answers carry. */
import type { Route } from '../route';
import { API_VERSIONS } from '../../domain/versions';
import type { Json } from './schemas';

export const PARAMETERS: Json = {
  AuraVersion: {
    name: 'AURA-Version',
    in: 'header',
    description: "The version whose names to answer in; by default the agent's own.",
    schema: { type: 'string', enum: [...API_VERSIONS] },
  },
  IdempotencyKey: {
    name: 'X-Idempotency-Key',
    in: 'header',
    description: 'The same key with the same request is answered alike and done once; with another, refused.',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  },
};

const header = (description: string, schema: Json): Json => ({ description, schema });

export const HEADERS: Record<string, Json> = {
  'X-Request-ID': header('Names this request in logs.', { type: 'string', pattern: '^req_' }),
  'X-RateLimit-Limit': header('Requests allowed in the window.', { type: 'integer' }),
  'X-RateLimit-Remaining': header('Requests left in the window.', { type: 'integer' }),
  'X-RateLimit-Reset': header('When the window ends, RFC 3339.', { type: 'string', format: 'date-time' }),
  'Retry-After': header('Seconds to wait before trying again.', { type: 'integer' }),
};

const COUNTED = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

/** References to the headers of an answer with that status. */
export function headersOf(status: number, { uncounted }: Route): Json {
  const names = ['X-Request-ID', ...(uncounted ? [] : COUNTED), ...(status === 429 ? ['Retry-After'] : [])];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
