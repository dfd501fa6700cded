/** Every route under input made from its own schemas: never a 5xx, always the catalogue's error, nothing half-done. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { allRoutes } from '../../api/routes';
import type { Route } from '../../api/route';
import { errorSchema } from '../../api/schemas/common';
import { ERROR_CATALOGUE } from '../../domain/errors';
import { API_VERSIONS } from '../../domain/versions';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { send, type RawAnswer, type RawRequest, type Signer } from '../support/raw-request';
import { contentsOf, createRouteWorld, nameOf, pathOf, type RouteWorld } from '../support/route-fixtures';
import { broken, rubbish, validish } from '../support/schema-arbitrary';

jest.setTimeout(180_000);

/** The seed of a failure makes it again: AURA_FUZZ_SEED=… npm test -- test/api/fuzz.test.ts */
const SEED = Number(process.env.AURA_FUZZ_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.AURA_FUZZ_RUNS ?? 5);
/** Only a machine that is busy with something else takes as long; a route whose first request does would count as failed. */
const MS_PER_ROUTE = 5_000;
/** A request that changes something does so at each of these. */
const COUNTINGS = 6;
/** A long poll would wait, and other rails do not run here. */
const PATIENCE = { wait: 0, rail: 'rtp', lookback_hours: 1 };

interface Input {
  body: unknown;
  query: Record<string, unknown>;
  params: Record<string, unknown>;
  headers: Record<string, string>;
  signer: number;
}

const MALFORMED = [
  '{"a":',
  '[1,]',
  '{"a":1,"a":2}',
  'null',
  '"text"',
  '[]',
  `${'['.repeat(200)}${']'.repeat(200)}`,
  '{"__proto__":{"x":1}}',
  '{"amount":1e400}',
  '\ufeff{}',
];

const headers = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Record<string, string>>(
      ...API_VERSIONS.map((version) => ({ 'aura-version': version })),
      { 'aura-version': '1999-01-01' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-encoding': 'gzip' },
      { 'x-idempotency-key': 'k'.repeat(200) },
      { 'x-idempotency-key': 'one two' },
      { 'payment-signature': 'bm90IGEgcGF5bWVudA==' },
      { 'x-timestamp': 'yesterday' },
      { 'x-signature': 'AAAA' },
      { 'x-agent-id': 'txn_01HZZZZZZZZZZZZZZZZZZZZZZZ' },
      { authorization: 'Bearer sk_test_nobody' },
      { 'signature-input': 'sig1=("@method")', signature: 'sig1=:AAAA:' },
    ),
  },
);

describeOnServer(`the API, fuzzed with AURA_FUZZ_SEED=${SEED}`, () => {
  let env: TestEnvironment;
  let world: RouteWorld;
  const seen = new Map<number, number>();
  let changes = 0;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_NOTICES_EVERY_MS: '3600000', AURA_RECONCILE_EVERY_MS: '3600000' });
    world = await createRouteWorld(env);
  });
  afterAll(() => env?.stop());

  function inputs(route: Route): fc.Arbitrary<Input> {
    const hints = { ...world.hints, ...PATIENCE };
    const object = (schema: Route['query']) =>
      schema ? (validish(schema, hints) as fc.Arbitrary<Record<string, unknown>>) : fc.constant({});
    const good = route.body ? validish(route.body, hints) : fc.constant(undefined);
    const asIs = route.method === 'get' ? fc.constant(undefined) : fc.constantFrom(...MALFORMED);
    return fc.record({
      body: route.body ? fc.oneof(good, broken(good), broken(broken(good)), asIs) : good,
      query: fc.oneof(object(route.query), broken(object(route.query)).map(record)),
      params: fc.oneof(
        { weight: 3, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...paramsIn(route)), rubbish, { maxKeys: 1 }) },
      ),
      headers,
      signer: fc.nat(3),
    });
  }

  function requestOf(route: Route, input: Input): RawRequest {
    const wrong = Object.fromEntries(
      Object.entries(input.params).map(([name, value]) => [name, textOf(value) || 'x']),
    );
    const query = new URLSearchParams(
      Object.entries(input.query).map(([name, value]): [string, string] => [name, textOf(value)]),
    ).toString();
    return {
      method: route.method.toUpperCase(),
      path: pathOf(route, { ...world.params, ...wrong }) + (query && `?${query}`),
      body: input.body,
      signer: signerFor(route, input.signer),
      headers: input.headers,
    };
  }

  function signerFor({ access }: Route, which: number): Signer | undefined {
    if (access === 'public') return undefined;
    const roles = access === 'rail' ? (['rail'] as const) : access;
    const role = roles[which % roles.length];
    return role && world.owners[role];
  }

  const counts = async () =>
    Object.fromEntries(
      Object.entries(await contentsOf(env)).map(([table, content]) => [table, content.split(' ')[0]]),
    );

  /** What goes on in the background may fall between two countings; a request that writes does so each time. */
  async function checkUnchanged(request: RawRequest): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const before = await counts();
      const again = await send(env.http.baseUrl, request);
      if (again.status < 400) return;
      const after = await counts();
      if (attempt < COUNTINGS && JSON.stringify(before) !== JSON.stringify(after)) {
        await sleep(attempt * 100);
        continue;
      }
      expect(after).toEqual(before);
      return;
    }
  }

  function checkError({ status, json, headers: told }: RawAnswer): void {
    const read = errorSchema.safeParse(json);
    expect(read.error?.issues ?? []).toEqual([]);
    const { error } = json;
    expect(status).toBe(ERROR_CATALOGUE[(error?.code ?? '') as keyof typeof ERROR_CATALOGUE].status);
    if (status === 400) expect(error?.details.field).toEqual(expect.any(String));
    expect(error?.request_id).toBe(told.get('x-request-id'));
    expect(told.get('x-ratelimit-limit')).toMatch(/^\d+$/);
  }

  test.each(allRoutes().map((route) => [nameOf(route), route] as const))('%s', async (_name, route) => {
    await fc.assert(
      fc.asyncProperty(inputs(route), async (input) => {
        const request = requestOf(route, input);
        const answer = await send(env.http.baseUrl, request);
        expect({ status: answer.status, text: answer.status < 500 ? '' : answer.text }).toEqual({
          status: expect.any(Number) as unknown,
          text: '',
        });
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        if (route.method !== 'get' && answer.status < 300) changes++;
        if (answer.status < 400) return;
        checkError(answer);
        await checkUnchanged(request);
      }),
      {
        seed: SEED,
        numRuns: RUNS,
        interruptAfterTimeLimit: MS_PER_ROUTE,
        markInterruptAsFailure: false,
        endOnFailure: true,
      },
    );
  });

  test('gets past the door: some of it is taken, some refused for what it asks', () => {
    expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 404, 415]));
    const all = [...seen.values()].reduce((sum, count) => sum + count, 0);
    const taken = [...seen].reduce((sum, [status, count]) => sum + (status < 300 ? count : 0), 0);
    expect(taken / all).toBeGreaterThan(0.1);
    expect(changes).toBeGreaterThan(0);
  });
});

const paramsIn = ({ path }: Route) => {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return names.length > 0 ? names : ['none'];
};
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { rubbish: value };
/** Well-formed text, since a URL has no place for halves of characters. */
const textOf = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
    .replace(/\p{Surrogate}/gu, '?')
    .slice(0, 300);
