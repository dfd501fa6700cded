/** The OpenAPI 3.1 document, derived from the route table and the schemas the server validates by. */
import { CURRENT_VERSION } from '../../domain/versions';
import type { Route } from '../route';
import { HEADERS, PARAMETERS } from './headers';
import { operation } from './operation';
import { createSchemaBook, type Json } from './schemas';
import { SECURITY_SCHEMES } from './security';

const DESCRIPTION = `A neutral market and clearinghouse for software agents.

A buyer's agent states an intent in a session, sellers' agents answer with signed offers, AURA ranks them, the buyer
commits to one, and AURA clears the deal. Events are told by webhook and by WebSocket: see [/docs/events](/docs/events).
What an error code means stands at [/errors](/errors).`;

export function openApiDocument(routes: readonly Route[]): Json {
  const book = createSchemaBook();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route, routes, book) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AURA clearinghouse',
      version: CURRENT_VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    externalDocs: { url: '/docs/events', description: 'Webhooks and WebSocket (AsyncAPI)' },
    paths,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: PARAMETERS,
      headers: HEADERS,
      schemas: book.named(),
    },
  };
}
