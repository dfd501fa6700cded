/** The OpenAPI 3.1 document, derived from the route table and the schemas the server validates by. */
import { z } from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../domain/errors';
import { CURRENT_VERSION } from '../domain/versions';
import type { Route } from './route';
import { errorSchema } from './schemas/common';

type Json = Record<string, unknown>;

/** Codes that any signed route can answer. */
const SIGNED_ERRORS: readonly ErrorCode[] = [
  'AUTHENTICATION_REQUIRED',
  'INVALID_SIGNATURE',
  'INSUFFICIENT_PERMISSIONS',
  'AGENT_SUSPENDED',
];

export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AURA clearinghouse',
      version: CURRENT_VERSION,
      description: 'A neutral market and clearinghouse for software agents.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Signature',
          description:
            'Ed25519, base64, over METHOD\\nPATH?QUERY\\nTIMESTAMP\\nBODY, with X-Agent-ID and X-Timestamp (RFC 3339).',
        },
      },
      schemas: { Error: schema(errorSchema, 'output') },
    },
  };
}

function operation(route: Route): Json {
  const isPublic = route.access === 'public';
  const errors = [
    ...new Set([...route.errors, ...(isPublic ? [] : SIGNED_ERRORS), 'INTERNAL_ERROR' as const]),
  ];
  return {
    operationId: `${route.method}${route.path.replace(/[/:._-]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`,
    summary: route.summary,
    tags: [route.tag],
    ...(!isPublic && { security: [{ signature: [] }] }),
    parameters: parameters(route),
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schema(route.body, 'input') } },
      },
    }),
    responses: { [route.response.status]: success(route), ...failures(errors) },
  };
}

function parameters(route: Route): Json[] {
  const of = (where: 'path' | 'query', source: z.ZodType | undefined): Json[] => {
    if (!source) return [];
    const { properties = {}, required = [] } = schema(source, 'input') as {
      properties?: Json;
      required?: string[];
    };
    return Object.entries(properties).map(([name, property]) => ({
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      schema: property,
    }));
  };
  const key = {
    name: 'X-Idempotency-Key',
    in: 'header',
    required: false,
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  };
  return [...of('path', route.params), ...of('query', route.query), ...(route.creates ? [key] : [])];
}

function success(route: Route): Json {
  const { description, schema: body } = route.response;
  return { description, content: { 'application/json': { schema: schema(body, 'output') } } };
}

/** One response per HTTP status, listing the codes it can carry. */
function failures(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CATALOGUE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => [
      status,
      {
        description: found.map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code].description}`).join('\n\n'),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  );
}

function schema(source: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(source, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as Json;
  return json;
}
