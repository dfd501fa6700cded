/** Inputs made from the schemas that the server validates by: right ones, nearly right ones, and rubbish. */
import fc from 'fast-check';
import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/** Values for fields by their name, where a shape alone says too little. */
export type Hints = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 6;
const DAY_MS = 86_400_000;

/** Values that a schema takes, as far as JSON Schema can say it; `hints` say more. */
export function validish(schema: z.ZodType, hints: Hints = {}): fc.Arbitrary<unknown> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Json;
  return of(inlined(json, (json.$defs ?? {}) as Readonly<Record<string, Json>>, 0) as Json, hints, 0);
}

/** Named parts put in place of the references to them. */
function inlined(part: unknown, defs: Readonly<Record<string, Json>>, depth: number): unknown {
  if (typeof part !== 'object' || part === null || depth > 40) return part;
  if (Array.isArray(part)) return part.map((each) => inlined(each, defs, depth + 1));
  const { $ref, $defs: _defs, ...rest } = part as Json;
  const named = typeof $ref === 'string' ? defs[$ref.split('/').at(-1) ?? ''] : undefined;
  return Object.fromEntries(
    Object.entries({ ...named, ...rest }).map(([key, value]) => [key, inlined(value, defs, depth + 1)]),
  );
}

/** A value that the schema takes, or undefined where none was found. */
export function sampleOf(schema: z.ZodType, hints: Hints = {}): unknown {
  for (const sample of fc.sample(validish(schema, hints), { numRuns: 300, seed: 7 })) {
    const sent = JSON.parse(JSON.stringify(sample ?? null)) as unknown;
    if (schema.safeParse(sent).success) return sent;
  }
  return undefined;
}

/** The value with something in it missing, of another type, or out of every range. */
export function broken(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(valid, fc.nat(), rubbish).map(([value, where, wrong]) => breakAt(value, where, wrong));
}

/** What nobody should send. */
export const rubbish: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, '', ' ', [], {}, [[]], {
    a: { b: [] },
  }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '🙂'.repeat(40),
    'x'.repeat(5_000),
    '__proto__',
    '1e999',
    '-0',
    'NaN',
    "'; --",
  ),
  fc.constantFrom(
    '2026-13-45T99:99:99Z',
    '9999-12-31T23:59:59.999Z',
    '../../etc/passwd',
    '%00',
    'XXX',
    '1.005',
  ),
  fc.string({ maxLength: 40 }),
  fc.integer(),
);

function breakAt(value: unknown, where: number, wrong: unknown): unknown {
  if (typeof value !== 'object' || value === null) return wrong;
  const keys = Object.keys(value);
  const key = keys[where % Math.max(1, keys.length)];
  if (key === undefined) return wrong;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  const rest = Math.floor(where / Math.max(1, keys.length));
  if (rest % 5 === 0 && !Array.isArray(copy)) delete copy[key];
  else if (rest % 2 === 0) copy[key] = breakAt(copy[key], rest, wrong);
  else copy[key] = wrong;
  return copy;
}

function of(schema: Json, hints: Hints, depth: number): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const choices = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (choices) return fc.oneof(...choices.map((choice) => of(choice, hints, depth)));
  const parts = schema.allOf as Json[] | undefined;
  if (parts) {
    return fc
      .tuple(...parts.map((part) => of(part, hints, depth)))
      .map((values) => Object.assign({}, ...values) as unknown);
  }
  switch (schema.type) {
    case 'object':
      return objectOf(schema, hints, depth);
    case 'array':
      return fc.array(of((schema.items ?? {}) as Json, hints, depth + 1), {
        minLength: number(schema.minItems, 0),
        maxLength: Math.min(number(schema.maxItems, 2), Math.max(2, number(schema.minItems, 0))),
      });
    case 'string':
      return stringOf(schema);
    case 'integer':
    case 'number':
      return fc.integer({
        min: Math.ceil(number(schema.minimum ?? schema.exclusiveMinimum, 0)),
        max: Math.floor(Math.min(number(schema.maximum, 1_000), 1_000_000)),
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.constantFrom<unknown>('text', 1, {});
  }
}

function objectOf(schema: Json, hints: Hints, depth: number): fc.Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Record<string, Json>;
  const required = (schema.required ?? []) as string[];
  const known = Object.entries(properties).filter(([name]) => required.includes(name) || depth < MAX_DEPTH);
  const fields = Object.fromEntries(
    known.map(([name, field]) => [name, hinted(hints, name, of(field, hints, depth + 1))]),
  );
  if (known.length === 0 && typeof schema.additionalProperties === 'object') {
    return fc.dictionary(
      fc.constantFrom('USD', 'EUR'),
      of(schema.additionalProperties as Json, hints, depth + 1),
      { maxKeys: 1 },
    );
  }
  return fc.record(fields, { requiredKeys: required.filter((name) => name in fields) });
}

/** Mostly what the hint says. */
function hinted(hints: Hints, name: string, otherwise: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (!Object.hasOwn(hints, name)) return otherwise;
  return fc.oneof({ weight: 5, arbitrary: fc.constant(hints[name]) }, { weight: 1, arbitrary: otherwise });
}

function stringOf({ pattern, format, minLength, maxLength }: Json): fc.Arbitrary<string> {
  if (format === 'date-time') {
    return fc
      .integer({ min: 1, max: 60 })
      .map((days) => new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS + days * DAY_MS).toISOString());
  }
  if (format === 'email') return fc.constant('jane@example.com');
  if (format === 'uri') return fc.constant('https://example.com/hook');
  if (typeof pattern === 'string') {
    try {
      return fc.stringMatching(new RegExp(pattern));
    } catch {
      // Not every pattern can be turned around.
    }
  }
  const min = number(minLength, 1);
  const words = fc.constantFrom('wireless', 'headphones', 'quiet', 'electronics', '100', 'a');
  return fc
    .array(words, { minLength: 1, maxLength: 5 })
    .map((text) => text.join(' ').padEnd(min, '.').slice(0, number(maxLength, 200)));
}

const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);
