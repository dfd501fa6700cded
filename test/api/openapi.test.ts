/** The API's description: valid, complete, and with examples that are true. */
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../api/openapi';
import { operationOf, TRAFFIC } from '../../api/openapi/examples';
import { errorsOf } from '../../api/openapi/operation';
import { allRoutes } from '../../api/routes';
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import { VERSION_1 } from '../../domain/versions';
import { openApiProblems } from '../support/openapi-validator';

interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  parameters: Record<string, unknown>[];
  requestBody?: {
    content: Record<string, { schema: object; examples?: Record<string, { value: unknown }> }>;
  };
  responses: Record<
    string,
    {
      description: string;
      headers: object;
      links?: Record<string, { operationId: string; parameters: Record<string, string> }>;
      content: Record<string, { schema: object; examples?: Record<string, { value: unknown }> }>;
    }
  >;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

const routes = allRoutes();
const document = openApiDocument(routes) as unknown as Document;
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
const operationAt = (method: string, path: string) =>
  document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method] as Operation;

test('it is valid OpenAPI 3.1', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(openApiProblems(document)).toEqual([]);
});

test('every route is an operation with a name of its own', () => {
  expect(operations).toHaveLength(routes.length);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
});

test('answers that tell ids lead to the routes that take them', () => {
  const links = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap((response) => Object.values(response.links ?? {})),
  );
  const names = new Map(operations.map((operation) => [operation.operationId, operation]));
  for (const { operationId, parameters } of links) {
    const taken = (names.get(operationId)?.parameters ?? []).filter((each) => each.in === 'path');
    expect([operationId, Object.keys(parameters).sort()]).toEqual([
      operationId,
      taken.map(({ name }) => `path.${String(name)}`).sort(),
    ]);
  }
  expect(operationAt('post', '/v1/sessions').responses['201']?.links).toHaveProperty(
    'postV1SessionsSessionIdCommit',
  );
  expect(links.length).toBeGreaterThan(50);
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
    ([, path]) => path ?? '',
  );
  expect(references.length).toBeGreaterThan(100);
  for (const reference of new Set(references)) {
    const found = reference
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
    expect([reference, typeof found]).toEqual([reference, 'object']);
  }
});

test('a schema with a name stands in one place', () => {
  expect(JSON.stringify(document)).not.toContain('$defs');
  const { schema } =
    operationAt('get', '/v1/sessions/:session_id').responses['200']?.content['application/json'] ?? {};
  expect(JSON.stringify(schema)).toContain('#/components/schemas/Session');
});

test('every operation says how its caller proves who it is', () => {
  for (const route of routes) {
    const { security } = operationAt(route.method, route.path);
    if (route.access === 'public') expect(security).toEqual([]);
    else expect(security).toContainEqual({ signature: [] });
    for (const scheme of security.flatMap((form) => Object.keys(form)))
      expect(Object.keys(document.components.securitySchemes)).toContain(scheme);
  }
  expect(operationAt('get', '/v1/sessions/:session_id').security).toContainEqual({
    apiKey: ['session:read'],
  });
});

test('every error code of a route is told under its status, with its page', () => {
  for (const route of routes) {
    const { responses } = operationAt(route.method, route.path);
    for (const code of errorsOf(route))
      expect(responses[String(ERROR_CATALOGUE[code].status)]?.description).toContain(`/errors/${code}`);
  }
  const told = new Set(routes.flatMap(errorsOf));
  const anywhere: ErrorCode[] = ['RESOURCE_NOT_FOUND', 'METHOD_NOT_ALLOWED'];
  expect(
    (Object.keys(ERROR_CATALOGUE) as ErrorCode[]).filter(
      (code) => !told.has(code) && !anywhere.includes(code),
    ),
  ).toEqual([]);
});

describe('examples', () => {
  const known = new Map(routes.map((route) => [operationOf(route), route]));

  test('are of routes that exist', () => {
    expect(Object.keys(TRAFFIC).filter((operation) => !known.has(operation))).toEqual([]);
  });

  test.each(Object.entries(TRAFFIC))('of %s are what the server takes and answers', (operation, examples) => {
    const route = known.get(operation);
    for (const { version, request, status, response } of examples) {
      expect(status).toBe(route?.response.status);
      if (route?.body) expect(route.body.safeParse(request).error).toBeUndefined();
      const { schema, version1 } = route?.response ?? {};
      const shape = version === VERSION_1 && version1 ? version1 : schema;
      expect(shape?.safeParse(response).error).toBeUndefined();
    }
  });

  test('stand at every route that takes a body', () => {
    const without = routes.filter(
      (route) => route.body && !TRAFFIC[operationOf(route)]?.some(({ request }) => request !== undefined),
    );
    expect(without.map(operationOf)).toEqual([]);
  });

  test('fit the schemas of the document itself', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addSchema({ $id: 'aura', components: document.components });
    for (const { operationId, requestBody, responses } of operations) {
      const bodies = [requestBody, ...Object.values(responses)].flatMap(
        (part) => part?.content['application/json'] ?? [],
      );
      for (const { schema, examples = {} } of bodies) {
        const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"aura#/')) as object);
        for (const { value } of Object.values(examples)) {
          check(value);
          expect([operationId, check.errors]).toEqual([operationId, null]);
        }
      }
    }
  });
});
