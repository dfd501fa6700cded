/** JSON Schemas of what the server validates by: each schema that has a name once, all others where they are used. */
import { z } from 'zod';

export type Json = Record<string, unknown>;
export type Direction = 'input' | 'output';

export interface SchemaBook {
  /** The schema, with references to the named ones. */
  schemaOf(source: z.ZodType, direction: Direction): Json;
  /** The named schemas met so far, in the order of their names. */
  named(): Record<string, Json>;
}

const REF = '#/$defs/';

/** `base` is where the document keeps the named ones, e.g. `#/components/schemas/`. */
export function createSchemaBook(base = '#/components/schemas/'): SchemaBook {
  const schemas = new Map<string, string>();

  /**
   * A schema may look different to those who send and to those who receive, for instance where it has defaults: then the
   * sender's has a name of its own.
   */
  function enter(id: string, schema: Json, direction: Direction): string {
    const text = JSON.stringify(schema);
    const mine = direction === 'input' ? [id, `${id}Input`] : [id, `${id}Output`];
    const name = mine.find((candidate) => (schemas.get(candidate) ?? text) === text);
    if (name === undefined) throw new Error(`two schemas are called ${id}`);
    schemas.set(name, text);
    return name;
  }

  return {
    schemaOf(source, direction) {
      const {
        $schema: _dialect,
        $defs = {},
        ...schema
      } = z.toJSONSchema(source, {
        io: direction,
        unrepresentable: 'any',
        reused: 'inline',
        override: ({ jsonSchema }) => tidy(jsonSchema as Json),
      }) as Json & { $defs?: Record<string, Json> };
      const renamed = new Map(Object.keys($defs).map((id) => [id, id]));
      // What a schema refers to is named before it, since the names are part of it.
      for (const id of inOrder($defs)) {
        const entry = refer($defs[id] ?? {}, renamed, base) as Json;
        renamed.set(id, enter(id, entry, direction));
      }
      return refer(schema, renamed, base) as Json;
    },
    named() {
      return Object.fromEntries(
        [...schemas]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, text]) => [name, JSON.parse(text) as Json]),
      );
    },
  };
}

/** Bounds that only say that a number is one of JavaScript's say nothing to others. */
function tidy(schema: Json): void {
  delete schema.id;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** Names so that whatever one refers to comes before it. */
function inOrder(defs: Readonly<Record<string, Json>>): string[] {
  const done = new Set<string>();
  const visit = (id: string, above: ReadonlySet<string>): void => {
    if (done.has(id) || above.has(id)) return;
    for (const other of references(defs[id])) visit(other, new Set([...above, id]));
    done.add(id);
  };
  for (const id of Object.keys(defs)) visit(id, new Set());
  return [...done];
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner.slice(REF.length)] : references(inner),
  );
}

function refer(value: unknown, names: ReadonlyMap<string, string>, base: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => refer(inner, names, base));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, base + (names.get(inner.slice(REF.length)) ?? '')]
        : [key, refer(inner, names, base)],
    ),
  );
}
