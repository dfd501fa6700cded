/** The documents and pages that describe this API: for machines, and for people who read or try it. */
import { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { asyncApiDocument } from '../asyncapi';
import { ASSET_NAMES, assetAnswer } from '../pages/assets';
import { errorEntries, errorEntry, errorPage, errorsPage } from '../pages/errors';
import { eventsPage } from '../pages/events';
import { prefersHtml } from '../pages/html';
import { tryPage } from '../pages/try';
import { route, type Answer, type Route } from '../route';

const HTML = 'text/html';
const JSON_TYPE = 'application/json';

const errorSchema = z
  .object({
    code: z.string(),
    status: z.int(),
    description: z.string(),
    retryable: z.boolean(),
    what_to_do: z.string(),
  })
  .meta({ id: 'ErrorCode', description: 'An entry of the catalogue of errors.' });
const errorParams = z.object({ code: z.string().max(60) });
const assetParams = z.object({ file: z.string().max(60) });

/** The documents never change while a process runs, so they are written once. */
export function pageRoutes(openApi: () => unknown): Route[] {
  return [
    errors,
    error,
    document(
      '/openapi.json',
      'This API as an OpenAPI 3.1 document',
      z.looseObject({ openapi: z.string() }),
      openApi,
    ),
    document(
      '/asyncapi.json',
      'Webhooks and WebSocket as an AsyncAPI 3.0 document',
      z.looseObject({ asyncapi: z.string() }),
      asyncApiDocument,
    ),
    page('/docs', 'This API to read and try', tryPage),
    page('/docs/events', 'Webhooks and WebSocket to read', eventsPage),
    asset,
  ];
}

function document(path: string, summary: string, schema: z.ZodType, make: () => unknown): Route {
  let text: string | undefined;
  return route({
    method: 'get',
    path,
    summary,
    tag: 'System',
    access: 'public',
    response: { status: 200, schema, description: 'The document' },
    errors: [],
    handler() {
      text ??= JSON.stringify(make());
      const headers = { 'Cache-Control': 'public, max-age=300' };
      return Promise.resolve({
        status: 200,
        body: text,
        headers,
        contentType: `${JSON_TYPE}; charset=utf-8`,
      });
    },
  });
}

function page(path: string, summary: string, make: () => Answer): Route {
  let answer: Answer | undefined;
  return route({
    method: 'get',
    path,
    summary,
    tag: 'System',
    access: 'public',
    response: { status: 200, schema: z.string(), description: 'The page', mediaTypes: [HTML] },
    errors: [],
    handler: () => Promise.resolve((answer ??= make())),
  });
}

/** The page for browsers, the data for everybody else. */
function negotiated(accept: string | undefined, html: () => Answer, body: () => unknown): Answer {
  const vary = { Vary: 'Accept' };
  if (!prefersHtml(accept)) return { status: 200, body: body(), headers: vary };
  const answer = html();
  return { ...answer, headers: { ...answer.headers, ...vary } };
}

const errors = route({
  method: 'get',
  path: '/errors',
  summary: 'Every error code there is',
  tag: 'System',
  access: 'public',
  response: {
    status: 200,
    schema: z.object({ errors: z.array(errorSchema) }),
    description: 'The catalogue',
    mediaTypes: [JSON_TYPE, HTML],
  },
  errors: [],
  handler: ({ headers }) =>
    Promise.resolve(negotiated(headers.accept, errorsPage, () => ({ errors: errorEntries() }))),
});

const error = route<z.infer<typeof errorParams>>({
  method: 'get',
  path: '/errors/:code',
  summary: 'What an error code means; where `documentation_url` points',
  tag: 'System',
  access: 'public',
  params: errorParams,
  response: {
    status: 200,
    schema: errorSchema,
    description: 'The entry of the catalogue',
    mediaTypes: [JSON_TYPE, HTML],
  },
  errors: ['RESOURCE_NOT_FOUND', 'INVALID_PARAMETER'],
  async handler({ params, headers }) {
    const entry = errorEntry(params.code);
    if (!entry) throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such error code.');
    return negotiated(
      headers.accept,
      () => errorPage(entry),
      () => entry,
    );
  },
});

const asset = route<z.infer<typeof assetParams>>({
  method: 'get',
  path: '/docs/assets/:file',
  summary: `A file of the pages: ${ASSET_NAMES.join(', ')}`,
  tag: 'System',
  access: 'public',
  params: assetParams,
  response: {
    status: 200,
    schema: z.string(),
    description: 'The file',
    mediaTypes: ['text/css', 'text/javascript'],
  },
  errors: ['RESOURCE_NOT_FOUND', 'INVALID_PARAMETER'],
  async handler({ params }) {
    const answer = assetAnswer(params.file);
    if (!answer) throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such file.');
    return answer;
  },
});
