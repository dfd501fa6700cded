/** A Redis that says nothing is a Redis that is away. */
import { connectRedis } from '../../bin/redis';
import { createRateLimiter } from '../../api/middleware/rate-limit';
import { RATE_LIMITS } from '../../domain/rate-limits';
import { cuttingProxy, type CuttingProxy } from '../support/cutting-proxy';

describe('the connection to Redis', () => {
  const told: unknown[] = [];
  let proxy: CuttingProxy;
  let redis: ReturnType<typeof connectRedis>;

  beforeAll(async () => {
    const inner = new URL(process.env.REDIS_URL ?? '');
    proxy = await cuttingProxy(inner.toString());
    inner.host = new URL(proxy.baseUrl).host;
    redis = connectRedis(inner.toString(), { warn: (what: unknown) => void told.push(what) });
  });
  afterAll(async () => {
    redis.disconnect();
    await proxy.close();
  });

  it('is given up and made anew where it carries nothing any more, and limits are counted meanwhile', async () => {
    const limiter = createRateLimiter({ redis, limits: RATE_LIMITS });
    const who = `agent-${process.pid}`;
    const count = async () => (await limiter.count({ limit: 'requests', who, points: 1 })).exceeded;
    expect(await redis.ping()).toBe('PONG');
    expect(await count()).toBe(false);
    proxy.swallow();
    expect(await Promise.all([count(), count(), count()])).toEqual([false, false, false]);
    expect(told.length).toBeGreaterThan(0);
    const deadline = Date.now() + 10_000;
    while (redis.status !== 'ready' && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await redis.ping()).toBe('PONG');
    expect(proxy.connections()).toBe(2);
  });
});
