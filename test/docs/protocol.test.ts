/** The protocol's table says what is so: its items are in the code, and its tests exist. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asyncApiDocument } from '../../api/asyncapi';
import { openApiDocument } from '../../api/openapi';
import { SCOPES } from '../../api/route';
import { allRoutes } from '../../api/routes';
import { BEACON_MESSAGES } from '../../api/schemas/webhooks';
import { PARTS } from '../../bin/docs/protocol/parts';
import { rowsOf, type Kind, type Row, type Section } from '../../bin/docs/protocol/row';
import { testFile, TESTS, type TestName } from '../../bin/docs/protocol/tests';
import { ERROR_CATALOGUE } from '../../domain/errors';
import { EVENT_TYPES, type EventType } from '../../domain/events';
import { GATE_STEP_NAMES } from '../../domain/gate';
import { ID_PREFIXES } from '../../domain/ids';
import { CLEARING_STATES, MARKET_STATES, TRANSITIONS } from '../../domain/lifecycle';
import { EVENT_CATALOGUE } from '../../domain/notifications';
import { TEST_CARDS } from '../../domain/payments/test-cards';
import { PROFILE_IDS } from '../../domain/profiles';
import { RAILS } from '../../domain/settlement';
import { SESSION_STATUSES_1, TRANSACTION_STATUSES_1 } from '../../domain/versions';
import { read, ROOT } from './files';

type Json = Record<string, unknown>;

const routes = allRoutes();
const openApi = openApiDocument(routes);
const asyncApi = asyncApiDocument();

const sections = PARTS.flatMap(({ version, sections: all }) =>
  all.map((section) => ({ ...section, name: `${version}: ${section.title}` })),
);
const ofKind = (kind: Kind) => sections.filter((section) => section.kind === kind);
const itemsOf = (kind: Kind) => ofKind(kind).flatMap((section) => rowsOf(section).map(({ item }) => item));

/** All that the code has of a kind. `whole`: every one of them is listed. */
const CATALOGUES: readonly { kind: Kind; names: readonly string[]; whole: boolean }[] = [
  { kind: 'endpoint', names: [...routes.map(endpoint), '/ws/sessions/:session_id'], whole: false },
  { kind: 'scope', names: SCOPES, whole: true },
  {
    kind: 'error',
    names: Object.entries(ERROR_CATALOGUE).map(([code, { status }]) => `${code} ${status}`),
    whole: false,
  },
  { kind: 'event', names: EVENT_TYPES, whole: false },
  { kind: 'beacon webhook', names: Object.keys(BEACON_MESSAGES), whole: true },
  { kind: 'WebSocket message', names: ['status_changed', 'offer_received', 'offers_ready'], whole: true },
  { kind: 'session status', names: SESSION_STATUSES_1, whole: true },
  { kind: 'transaction status', names: TRANSACTION_STATUSES_1, whole: true },
  { kind: 'state', names: [...MARKET_STATES, ...CLEARING_STATES], whole: true },
  { kind: 'transition', names: TRANSITIONS.map(({ id }) => id), whole: false },
  { kind: 'gate step', names: GATE_STEP_NAMES, whole: true },
  { kind: 'id prefix', names: Object.values(ID_PREFIXES).map((prefix) => `${prefix}_`), whole: false },
  { kind: 'profile', names: PROFILE_IDS, whole: true },
  { kind: 'rail', names: RAILS, whole: false },
  { kind: 'test card', names: Object.keys(TEST_CARDS), whole: false },
];

function endpoint({ method, path }: { method: string; path: string }): string {
  return `${method.toUpperCase()} ${path}`;
}

test.each(CATALOGUES)('each $kind of the protocol is in the code', ({ kind, names, whole }) => {
  const items = itemsOf(kind);
  expect(items.length).toBeGreaterThan(0);
  expect(items.filter((item) => !names.includes(item))).toEqual([]);
  if (whole) expect([...items].sort()).toEqual([...names].sort());
});

describe.each(ofKind('field').map((section) => [section.name, section] as const))('%s', (_name, section) => {
  test.each(rowsOf(section).map((row) => [row.item, row] as const))('%s', (item, row) => {
    const found = look(messageOf(section), item.split('.'));
    // Where the schema leaves it open, the test that shows the field names it.
    if (found === 'open') expect(read(testFile(row.test))).toContain(item.split('.').at(-1));
    else expect(found).toBe('there');
  });
});

test.each(ofKind('header').flatMap(rowsOf))(
  'the header $item is sent and understood',
  ({ item, test: name }) => {
    const helpers = ['test/support/signed-requests.ts', 'test/support/literal-client.ts'];
    const texts = [testFile(name), ...helpers].map(read).join('\n').toLowerCase();
    expect(texts).toContain(item.toLowerCase());
  },
);

test.each(Object.keys(TESTS) as TestName[])('the test “%s” exists', (name) => {
  const file = testFile(name);
  expect(existsSync(join(ROOT, file))).toBe(true);
  expect(read(file)).toContain(TESTS[name][1]);
});

test('every row has a reason to be there, and no item stands twice in a section', () => {
  for (const section of sections) {
    const rows = rowsOf(section);
    expect(new Set(rows.map(({ item }) => item)).size).toBe(rows.length);
    for (const row of rows) expect([row.differs, row.open].filter((why) => why === '')).toEqual([]);
  }
});

test('nothing else is open than what is said to be', () => {
  const open = sections.flatMap((section) => (rowsOf(section) as Row[]).filter((row) => row.open));
  expect(open.map(({ item }) => item)).toEqual([
    'vLEI',
    'Verifiable Intent (SD-JWT)',
    'Open Banking',
    'Schema: domain overlays',
  ]);
});

/** Appendix A of protocol 1.0.0, as far as it says more than types. */
const BOUNDS: readonly [endpoint: string, field: string, bounds: Json][] = [
  ['POST /v1/sessions', 'natural_language_query', { minLength: 10, maxLength: 2_000 }],
  ['POST /v1/sessions', 'structured_hints.price_range_usd.min', { type: 'number', minimum: 0 }],
  ['POST /v1/sessions', 'structured_hints.price_range_usd.max', { type: 'number', minimum: 0 }],
  ['POST /v1/sessions', 'context.location.country', { pattern: '^[A-Z]{2}$' }],
  ['POST /v1/sessions', 'preferences.max_offers', { minimum: 1, maximum: 50, default: 10 }],
  ['POST /v1/sessions', 'preferences.offer_timeout_seconds', { minimum: 10, maximum: 120, default: 30 }],
  ['POST /v1/sessions', 'preferences.include_reputation_data', { type: 'boolean', default: true }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].product.name', { maxLength: 200 }],
  [
    'POST /v1/sessions/:session_id/offers',
    'offers[].product.natural_language_description.content',
    { maxLength: 2_000 },
  ],
  [
    'POST /v1/sessions/:session_id/offers',
    'offers[].product.natural_language_description.language',
    { pattern: '^[a-z]{2}$' },
  ],
  [
    'POST /v1/sessions/:session_id/offers',
    'offers[].product.images[].type',
    { enum: ['primary', 'gallery', 'thumbnail'] },
  ],
  ['POST /v1/sessions/:session_id/offers', 'offers[].product.images[].url', { format: 'uri' }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].pricing.currency', { pattern: '^[A-Z]{3}$' }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].pricing.list_price', { type: 'number', minimum: 0 }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].pricing.offer_price', { type: 'number', minimum: 0 }],
  [
    'POST /v1/sessions/:session_id/offers',
    'offers[].pricing.discount_percentage',
    { type: 'number', minimum: 0, maximum: 100 },
  ],
  ['POST /v1/sessions/:session_id/offers', 'offers[].pricing.price_valid_until', { format: 'date-time' }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].availability.quantity_available', { minimum: 0 }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].availability.estimated_ship_date', { format: 'date' }],
  [
    'POST /v1/sessions/:session_id/offers',
    'offers[].availability.delivery_estimate_days.min',
    { minimum: 0 },
  ],
  ['POST /v1/sessions/:session_id/offers', 'offers[].valid_until', { format: 'date-time' }],
  ['POST /v1/sessions/:session_id/offers', 'offers[].signature', { pattern: '^sig_[A-Za-z0-9+/=]+$' }],
];

describe('the bounds of the protocol’s own schemas', () => {
  test.each(BOUNDS)('%s: %s', (name, field, bounds) => {
    const section = ofKind('field').find(({ of }) => of === `request ${name}`);
    const found = section && schemasAt(messageOf(section), field.split('.'));
    expect(found).toContainEqual(expect.objectContaining(bounds));
  });
});

/** Every schema that may stand at that place. */
function schemasAt(schema: Json, path: readonly string[]): Json[] {
  if (typeof schema.$ref === 'string') return schemasAt(resolve(schema.$ref), path);
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (list as Json[]) ?? []);
  const found = branches.flatMap((branch) => schemasAt(branch, path));
  const [head, ...rest] = path;
  if (head === undefined) return [schema, ...found];
  const name = head.replace('[]', '');
  const property = (schema.properties as Record<string, Json> | undefined)?.[name];
  if (!property) return found;
  return [...found, ...schemasAt(head === name ? property : (property.items as Json), rest)];
}

/** The schema that a section's fields are looked up in. */
function messageOf({ of = '' }: Section): Json {
  const [, kind, name = ''] = /^(request|response|message|event) (.+)$/.exec(of) ?? [];
  if (kind === 'message') return at(asyncApi, 'components', 'messages', name, 'payload');
  if (kind === 'event') {
    const { fields } = EVENT_CATALOGUE[name as EventType];
    return { properties: Object.fromEntries(fields.map((field) => [field, {}])) };
  }
  if (name === 'error') return at(openApi, 'components', 'schemas', 'Error');
  const found = routes.find((route) => endpoint(route) === name);
  if (!found) throw new Error(`there is no ${name}`);
  const path = found.path.replace(/:(\w+)/g, '{$1}');
  const operation = at(openApi, 'paths', path, found.method);
  if (kind === 'request') return at(operation, 'requestBody', 'content', 'application/json', 'schema');
  const schema = at(
    operation,
    'responses',
    String(found.response.status),
    'content',
    'application/json',
    'schema',
  );
  const isOfVersion1 = sections.some((section) => section.of === of && section.name.startsWith('1.0.0'));
  return found.response.version1 && isOfVersion1 ? ((schema.anyOf as Json[])[1] ?? {}) : schema;
}

function at(json: Json, ...path: string[]): Json {
  return path.reduce<Json>((part, key) => {
    const next = part[key] as Json | undefined;
    if (!next) throw new Error(`there is no ${key} in ${path.join('.')}`);
    return next;
  }, json);
}

type Found = 'there' | 'open' | 'missing';

/** Whether a schema has the field; `open` where it has anything at all at that place. */
function look(schema: Json, path: readonly string[]): Found {
  const [head, ...rest] = path;
  if (head === undefined) return 'there';
  if (typeof schema.$ref === 'string') return look(resolve(schema.$ref), path);
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (list as Json[]) ?? []);
  const found = branches.map((branch) => look(branch, path));
  const [name, isList] = head.endsWith('[]') ? [head.slice(0, -2), true] : [head, false];
  const property = (schema.properties as Record<string, Json> | undefined)?.[name];
  if (property) found.push(isList ? lookInItems(property, rest) : look(property, rest));
  else if (schema.additionalProperties) found.push('open');
  else if (Object.keys(schema).length === 0) found.push('open');
  if (found.includes('there')) return 'there';
  return found.includes('open') ? 'open' : 'missing';
}

function lookInItems(schema: Json, rest: readonly string[]): Found {
  if (typeof schema.$ref === 'string') return lookInItems(resolve(schema.$ref), rest);
  const lists = [schema, ...[schema.anyOf, schema.oneOf].flatMap((list) => (list as Json[]) ?? [])];
  const found = lists.flatMap(({ items }) => (items ? [look(items as Json, rest)] : []));
  if (found.includes('there')) return 'there';
  return found.includes('open') ? 'open' : 'missing';
}

function resolve(reference: string): Json {
  const name = reference.replace('#/components/schemas/', '');
  const named = [openApi, asyncApi].map((document) => at(document, 'components', 'schemas'));
  const found = named.find((schemas) => name in schemas)?.[name] as Json | undefined;
  if (!found) throw new Error(`there is no schema ${name}`);
  return found;
}
