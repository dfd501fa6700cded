/** How often an agent, or an address, may ask; and that a request that is refused for it never happened. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import { addressOf, createRateLimiter } from '../../api/middleware/rate-limit';
import { RATE_LIMITS, readRateLimits } from '../../domain/rate-limits';
import { Beacon, newKeyPair, registerPrincipal, Scout } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, INTENT } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { send, uniqueNow, type RawAnswer, type RawRequest, type Signer } from '../support/raw-request';

jest.setTimeout(120_000);

const REQUESTS = 8;
const WINDOW_SECONDS = 3;
const OFFERS = 4;
const FAILURES = 25;

describe('the limits', () => {
  test("are the protocol's unless they are set to something else", () => {
    expect(readRateLimits('')).toEqual(RATE_LIMITS);
    expect(RATE_LIMITS).toMatchObject({
      requests: { limit: 60, windowSeconds: 60 },
      sessions: { limit: 100, windowSeconds: 3_600 },
      offers: { limit: 1_000, windowSeconds: 60 },
    });
    expect(readRateLimits('requests=7/9')).toEqual({
      ...RATE_LIMITS,
      requests: { limit: 7, windowSeconds: 9 },
    });
    const all = readRateLimits('all=5/6,offers=1/2');
    expect(all.public).toEqual({ limit: 5, windowSeconds: 6 });
    expect(all.offers).toEqual({ limit: 1, windowSeconds: 2 });
  });

  test.each(['requests', 'requests=0/60', 'requests=60/0', 'nothing=1/1', 'requests=1/1x', 'toString=1/1'])(
    'are not read from "%s"',
    (pairs) => expect(() => readRateLimits(pairs)).toThrow(pairs),
  );
});

test('a client is its IPv4 address, or its IPv6 network', () => {
  expect(addressOf({ ip: '::ffff:192.0.2.7' })).toBe('192.0.2.7');
  expect(addressOf({ ip: '2001:db8:1:2:3:4:5:6' })).toBe(addressOf({ ip: '2001:db8:1:2:ffff::1' }));
  expect(addressOf({ ip: '2001:db8:1:3::1' })).not.toBe(addressOf({ ip: '2001:db8:1:2::1' }));
});

describeOnServer('the limiter', () => {
  const clients: Redis[] = [];
  const connect = (url: string) => {
    const redis = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => null });
    redis.on('error', () => undefined);
    clients.push(redis);
    return redis;
  };
  afterAll(() => clients.forEach((client) => client.disconnect()));
  const limits = readRateLimits('requests=3/60');
  const countTo = async (limiters: readonly ReturnType<typeof createRateLimiter>[], times: number) => {
    const who = randomUUID();
    const standings = [];
    for (let index = 0; index < times; index++) {
      const limiter = limiters[index % limiters.length];
      standings.push(await limiter?.count({ limit: 'requests', who, points: 1 }));
    }
    return standings;
  };

  test('counts for all processes together', async () => {
    const url = process.env.REDIS_URL ?? '';
    const both = [connect(url), connect(url)];
    await Promise.all(both.map((redis) => redis.ping()));
    const standings = await countTo(
      both.map((redis) => createRateLimiter({ redis, limits })),
      4,
    );
    expect(standings.map((standing) => standing?.remaining)).toEqual([2, 1, 0, 0]);
    expect(standings.map((standing) => standing?.exceeded)).toEqual([false, false, false, true]);
  });

  test('counts for itself while Redis is away, without waiting for it', async () => {
    const started = Date.now();
    const limiter = createRateLimiter({ redis: connect('redis://127.0.0.1:1'), limits });
    const standings = await countTo([limiter], 4);
    expect(standings.map((standing) => standing?.exceeded)).toEqual([false, false, false, true]);
    expect(Date.now() - started).toBeLessThan(1_000);
  });
});

describeOnServer('rate limits', () => {
  let env: TestEnvironment;
  const ask = (request: RawRequest): Promise<RawAnswer> => send(env.http.baseUrl, request);

  beforeAll(async () => {
    env = await testEnvironment({
      AURA_RATE_LIMITS: [
        `all=100000/60,requests=${REQUESTS}/${WINDOW_SECONDS},sessions=2/${2 * WINDOW_SECONDS}`,
        `offers=${OFFERS}/60,failures=${FAILURES}/5`,
      ].join(','),
    });
  });
  afterAll(() => env?.stop());

  async function aScout(): Promise<Signer & { scout: Scout }> {
    const key = newKeyPair();
    const principal = await registerPrincipal(env.http, { name: 'Reader' });
    const scout = await Scout.register(env.http, principal, { key });
    return { agentId: scout.agentId, key, scout };
  }
  const accounts = (signer: Signer) => ask({ method: 'GET', path: '/v1/accounts', signer });
  const open = (more: Partial<RawRequest>) =>
    ask({ method: 'POST', path: '/v1/sessions', body: { intent: INTENT }, ...more });
  const sessionsOf = async ({ agentId }: Signer) => {
    const { rows } = await env.db.raw<{ rows: unknown[] }>('SELECT 1 FROM sessions WHERE scout_id = ?', [
      agentId,
    ]);
    return rows.length;
  };
  async function exhaust(signer: Signer): Promise<RawAnswer> {
    for (let index = 0; index <= REQUESTS; index++) {
      const answer = await accounts(signer);
      if (answer.status === 429) return answer;
    }
    throw new Error('there was no limit');
  }

  test('are told on every answer, whatever it is', async () => {
    const signer = await aScout();
    const answers = await Promise.all([
      accounts(signer),
      open({ signer, body: {} }),
      ask({ method: 'GET', path: '/v1/sessions/ses_01HZZZZZZZZZZZZZZZZZZZZZZZ', signer }),
      ask({ method: 'GET', path: '/v1/keys' }),
      accounts({ ...signer, key: newKeyPair() }),
      ask({ method: 'GET', path: '/v1/nowhere' }),
      ask({ method: 'DELETE', path: '/healthz' }),
      ask({ method: 'GET', path: '/v1/exceptions', signer }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 404, 200, 401, 404, 405, 403]);
    for (const { headers } of answers) {
      expect(headers.get('x-ratelimit-limit')).toMatch(/^\d+$/);
      expect(headers.get('x-ratelimit-remaining')).toMatch(/^\d+$/);
      const reset = headers.get('x-ratelimit-reset') ?? '';
      expect(reset).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Date.parse(reset)).toBeGreaterThan(Date.now() - 1_000);
    }
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe(String(REQUESTS));
  });

  test('refuse a scout that asks too often, say when it may again, and keep to it', async () => {
    const [signer, other] = await Promise.all([aScout(), aScout()]);
    const refused = await exhaust(signer);
    expect(refused.json.error?.code).toBe('RATE_LIMITED');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(refused.json.error?.details).toEqual({
      limit: REQUESTS,
      reset: refused.headers.get('x-ratelimit-reset'),
    });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(WINDOW_SECONDS);
    expect((await accounts(other)).status).toBe(200);
    await sleep(seconds * 1_000);
    expect((await accounts(signer)).status).toBe(200);
  });

  test('leave no trace of what they refuse: its signature and its key can still be used', async () => {
    const signer = await aScout();
    await exhaust(signer);
    const once = { signer, headers: { 'x-idempotency-key': 'later' }, at: uniqueNow() };
    const refused = await open(once);
    expect(refused.status).toBe(429);
    expect(await sessionsOf(signer)).toBe(0);
    await sleep(Number(refused.headers.get('retry-after')) * 1_000);
    const { status } = await open(once);
    expect([201, 422]).toContain(status);
    expect(await sessionsOf(signer)).toBe(1);
  });

  test('count a session as a request and as a session, and tell of the one with least left', async () => {
    const signer = await aScout();
    const first = await open({ signer });
    expect(first.headers.get('x-ratelimit-limit')).toBe('2');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    await open({ signer });
    const refused = await open({ signer });
    expect([refused.status, refused.json.error?.details.limit]).toEqual([429, 2]);
    expect(await sessionsOf(signer)).toBe(2);
    expect((await accounts(signer)).headers.get('x-ratelimit-limit')).toBe(String(REQUESTS));
  });

  test("count a beacon's offers, not its requests", async () => {
    const key = newKeyPair();
    const { agentId } = await Beacon.register(env.http, await registerPrincipal(env.http, {}), { key });
    const impatient = new Beacon({ ...env.http, attempts: 1 }, agentId, key);
    const submit = (count: number) =>
      impatient
        .submitOffers(
          'ses_01HZZZZZZZZZZZZZZZZZZZZZZZ',
          Array.from({ length: count }, () => anOffer()),
        )
        .catch((error: { code: string }) => error.code);
    expect(await submit(3)).toBe('SESSION_NOT_FOUND');
    expect(await submit(2)).toBe('RATE_LIMITED');
  });

  test('are waited for by the SDK', async () => {
    const signer = await aScout();
    await exhaust(signer);
    const started = Date.now();
    await expect(signer.scout.accounts()).resolves.toMatchObject({ accounts: expect.any(Array) as unknown });
    expect(Date.now() - started).toBeGreaterThan(500);
  });

  test('count whoever fails to say who it is by its address', async () => {
    const signer = { ...(await aScout()), key: newKeyPair() };
    const answers: RawAnswer[] = [];
    for (let index = 0; index <= FAILURES; index++) answers.push(await accounts(signer));
    expect(answers.map(({ status }) => status)).toContain(401);
    const last = answers.at(-1);
    expect([last?.status, last?.json.error?.code]).toEqual([429, 'RATE_LIMITED']);
    expect(last?.headers.get('retry-after')).toMatch(/^\d+$/);
    // Who signs well is not kept out by a neighbour who does not.
    expect((await accounts(await aScout())).status).toBe(200);
  });
});
