/** Where an answer leads: routes whose address takes the ids that it tells, as OpenAPI has links. */
import { z } from 'zod';
import type { Route } from '../route';
import type { Json } from './schemas';

const paramsOf = ({ path }: Pick<Route, 'path'>): string[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);

/** Names of the fields an answer has at its top, in either version. */
function fieldsOf({ response: { schema, version1 } }: Route): ReadonlySet<string> {
  const shapes = [schema, version1].filter((each) => each !== undefined);
  return new Set(
    shapes.flatMap((shape) => {
      const json = z.toJSONSchema(shape, { unrepresentable: 'any' }) as Json;
      return fieldNames(json, (json.$defs ?? {}) as Record<string, Json>);
    }),
  );
}

function fieldNames(schema: Json, named: Readonly<Record<string, Json>>): string[] {
  const { $ref, properties = {}, anyOf = [], allOf = [], oneOf = [] } = schema;
  const referred = typeof $ref === 'string' ? named[$ref.split('/').at(-1) ?? ''] : undefined;
  const parts = [anyOf, allOf, oneOf].flat() as Json[];
  return [
    ...Object.keys(properties as Json),
    ...[...parts, ...(referred ? [referred] : [])].flatMap((part) => fieldNames(part, named)),
  ];
}

/**
 * Links by the name of the operation they lead to. An answer leads to a route when it tells at least one of the ids in
 * the route's address, and the request's own address has the others.
 */
export function linksOf(route: Route, routes: readonly Route[], nameOf: (route: Route) => string): Json {
  const told = fieldsOf(route);
  const asked = new Set(paramsOf(route));
  const links = routes.flatMap((target) => {
    const params = paramsOf(target);
    const fresh = params.filter((name) => told.has(name) && !asked.has(name));
    if (target === route || fresh.length === 0) return [];
    if (!params.every((name) => told.has(name) || asked.has(name))) return [];
    const parameters = params.map((name) => [
      `path.${name}`,
      told.has(name) ? `$response.body#/${name}` : `$request.path.${name}`,
    ]);
    const link = { operationId: nameOf(target), parameters: Object.fromEntries(parameters) as Json };
    return [[nameOf(target), link] as const];
  });
  return Object.fromEntries(links);
}
