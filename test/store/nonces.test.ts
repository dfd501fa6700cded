import { Redis } from 'ioredis';
import { newId } from '../../domain/ids';
import { rows } from '../../store/db';
import { createNonceStore } from '../../store/nonces';
import { describeWithDatabase } from '../support/database';

const REDIS_URL = process.env.REDIS_URL ?? '';

describeWithDatabase('a nonce', (database) => {
  let redis: Redis;
  beforeAll(async () => {
    redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 1, lazyConnect: true });
    await redis.connect();
  });
  afterAll(() => redis.disconnect());

  /** A Redis that was never reached, one that broke off in the middle of a command, and one that is there. */
  const there = () => redis;
  const away = () => new Redis({ port: 1, lazyConnect: true });
  const breaking = () =>
    ({ status: 'ready', set: () => Promise.reject(new Error('Connection is closed.')) }) as unknown as Redis;
  const stored = async (nonce: string) =>
    (await rows(database().db, 'SELECT 1 FROM request_nonces WHERE nonce = ?', [nonce])).length;

  it.each([
    ['Redis', there, 0],
    ['Postgres, with Redis away', away, 1],
    ['Postgres, with Redis breaking off', breaking, 1],
  ] as const)('counts once in %s', async (_, connect, inPostgres) => {
    const nonces = createNonceStore({ redis: connect(), db: database().db });
    const nonce = newId('event');
    expect(await nonces.use(nonce)).toBe(true);
    expect(await nonces.use(nonce)).toBe(false);
    expect(await nonces.use(newId('event'))).toBe(true);
    expect(await stored(nonce)).toBe(inPostgres);
  });

  it.each([
    ['Redis', there],
    ['Postgres', away],
  ] as const)('of twenty at once is taken by one in %s', async (_, connect) => {
    const nonces = createNonceStore({ redis: connect(), db: database().db });
    const nonce = newId('event');
    const taken = await Promise.all(Array.from({ length: 20 }, () => nonces.use(nonce)));
    expect(taken.filter((first) => first)).toHaveLength(1);
  });

  it('is remembered for the whole time a signature may be valid', async () => {
    const nonce = newId('event');
    await createNonceStore({ redis, db: database().db }).use(nonce);
    expect(await redis.ttl(`nonce:${nonce}`)).toBeGreaterThan(600);
  });
});
