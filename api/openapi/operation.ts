/** One route as an OpenAPI operation. */
import type { z } from 'zod';
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import type { Route } from '../route';
import { errorSchema } from '../schemas/common';
import { requestExamples, responseExamples } from './examples';
import { headersOf } from './headers';
import { linksOf } from './links';
import type { Json, SchemaBook } from './schemas';
import { securityOf } from './security';

const JSON_TYPE = 'application/json';

/** Codes that any route can answer, and those of routes with a body, with an idempotency key, that are not public. */
const ANY: readonly ErrorCode[] = [
  // For a version in AURA-Version that there is not.
  'INVALID_PARAMETER',
  'RATE_LIMITED',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_ERROR',
];
const WITH_BODY: readonly ErrorCode[] = ['INVALID_REQUEST', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
const SIGNED: readonly ErrorCode[] = [
  'AUTHENTICATION_REQUIRED',
  'INVALID_API_KEY',
  'INVALID_SIGNATURE',
  'INSUFFICIENT_PERMISSIONS',
  'AGENT_SUSPENDED',
];

/** Every code a route can answer. */
export function errorsOf(route: Route): ErrorCode[] {
  const codes = [
    ...route.errors,
    ...(route.body ? WITH_BODY : []),
    ...(route.creates ? (['IDEMPOTENCY_CONFLICT'] as const) : []),
    ...(route.access === 'public' ? [] : SIGNED),
    ...ANY,
  ];
  return [...new Set(codes)];
}

export function operationId({ method, path }: Route): string {
  return `${method}${path.replace(/[/:._-]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`;
}

/** `routes` are all there are, for links between them. */
export function operation(route: Route, routes: readonly Route[], book: SchemaBook): Json {
  const examples = requestExamples(route);
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.tag],
    security: securityOf(route),
    parameters: parameters(route, book),
    ...(route.body && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: book.schemaOf(route.body, 'input'), ...(examples && { examples }) },
        },
      },
    }),
    responses: {
      [route.response.status]: success(route, routes, book),
      ...failures(route, errorsOf(route), book),
    },
  };
}

function parameters(route: Route, book: SchemaBook): Json[] {
  const of = (where: 'path' | 'query', source: z.ZodType | undefined): Json[] => {
    if (!source) return [];
    const { properties = {}, required = [] } = book.schemaOf(source, 'input') as {
      properties?: Json;
      required?: string[];
    };
    return Object.entries(properties).map(([name, schema]) => ({
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      schema,
    }));
  };
  return [
    ...of('path', route.params),
    ...of('query', route.query),
    ...(route.creates ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(route.access === 'rail' ? [] : [{ $ref: '#/components/parameters/AuraVersion' }]),
  ];
}

function success(route: Route, routes: readonly Route[], book: SchemaBook): Json {
  const { description, status, mediaTypes = [JSON_TYPE] } = route.response;
  const examples = responseExamples(route);
  const json = () => ({ schema: answerSchema(route, book), ...(examples && { examples }) });
  const content = mediaTypes.map((type) => [
    type,
    type === JSON_TYPE ? json() : { schema: { type: 'string' } },
  ]);
  const headers = headersOf(status, route);
  const links = linksOf(route, routes, operationId);
  return {
    description,
    headers,
    content: Object.fromEntries(content) as Json,
    ...(Object.keys(links).length > 0 && { links }),
  };
}

/** Both versions' shapes where they differ; a body may well be one of both. */
function answerSchema({ response: { schema, version1 } }: Route, book: SchemaBook): Json {
  const version2 = book.schemaOf(schema, 'output');
  return version1 ? { anyOf: [version2, book.schemaOf(version1, 'output')] } : version2;
}

/** One response per HTTP status, listing the codes it can carry. */
function failures(route: Route, codes: readonly ErrorCode[], book: SchemaBook): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CATALOGUE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const schema = book.schemaOf(errorSchema, 'output');
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => [
      status,
      {
        description: found
          .map((code) => `[\`${code}\`](/errors/${code}): ${ERROR_CATALOGUE[code].description}`)
          .join('\n\n'),
        headers: headersOf(status, route),
        content: { 'application/json': { schema, examples: errorExamples(found) } },
      },
    ]),
  );
}

function errorExamples(codes: readonly ErrorCode[]): Json {
  return Object.fromEntries(
    codes.map((code) => [
      code,
      {
        value: {
          error: {
            code,
            message: ERROR_CATALOGUE[code].description,
            details: {},
            request_id: 'req_01KAJ8B5V4W9ZC2T7N0XQ3M6HD',
            documentation_url: `https://aura.example/errors/${code}`,
          },
        },
      },
    ]),
  );
}
