/** A database that is not there, or goes away in the middle of a query, is told from one that refuses. */
import Koa from 'koa';
import type { Logger } from 'pino';
import { renderErrors } from '../../api/middleware/errors';
import { createDb, inTransaction, isUnreachable, rows, type Db } from '../../store/db';
import { cuttingProxy, type CuttingProxy } from '../support/cutting-proxy';
import { describeWithDatabase } from '../support/database';

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describeWithDatabase('a database that cannot be reached', (database) => {
  const through = async (work: (db: Db, proxy: CuttingProxy) => Promise<void>, patienceMs?: number) => {
    const { url } = database();
    const proxy = await cuttingProxy(url.replace(/^postgres(ql)?:/, 'http:'));
    const inner = new URL(url);
    inner.host = new URL(proxy.baseUrl).host;
    const db = createDb({ url: inner.toString(), applicationName: 'unreachable', poolMax: 1, patienceMs });
    try {
      await work(db, proxy);
    } finally {
      await db.destroy();
      await proxy.close();
    }
  };

  it('is known by a connection that nobody takes', async () => {
    const db = createDb({ url: 'postgres://aura@127.0.0.1:1/aura', applicationName: 'unreachable' });
    expect(isUnreachable(await failureOf(db.raw('SELECT 1')))).toBe(true);
    await db.destroy();
  });

  it('is known by a connection that is cut in the middle of a query', async () => {
    await through(async (db, proxy) => {
      await db.raw('SELECT 1');
      const asked = failureOf(db.raw('SELECT pg_sleep(5)'));
      setTimeout(() => proxy.cut(), 100);
      expect(isUnreachable(await asked)).toBe(true);
    });
  });

  it('is known by a network that swallows everything, and asked again by another way', async () => {
    await through(async (db, proxy) => {
      await db.raw('SELECT 1');
      proxy.swallow();
      expect(isUnreachable(await failureOf(rows(db, 'SELECT ?::int', [2])))).toBe(true);
      expect(await failureOf(db.raw('SELECT 3'))).toBeUndefined();
      const inside = failureOf(
        inTransaction(db, async (trx) => {
          await trx.raw('SELECT 4');
          proxy.swallow();
          await trx.raw('SELECT 5');
        }),
      );
      expect(isUnreachable(await inside)).toBe(true);
      expect(await failureOf(db.raw('SELECT 6'))).toBeUndefined();
    }, 300);
  });

  it('is not a query that is refused', async () => {
    expect(isUnreachable(await failureOf(database().db.raw('SELECT nonsense')))).toBe(false);
    expect(isUnreachable(await failureOf(database().db.raw('INSERT INTO audit DEFAULT VALUES')))).toBe(false);
  });

  it.each([
    ['ends as 503, so that clients try again', 'ECONNREFUSED', 503, 'SERVICE_UNAVAILABLE'],
    ['and a defect as 500', '42703', 500, 'INTERNAL_ERROR'],
  ])('%s', async (_title, code, status, told) => {
    const app = new Koa();
    const log = { error: () => undefined } as unknown as Logger;
    const limits = {} as Parameters<typeof renderErrors>[0]['limits'];
    const render = renderErrors({ log, limits, publicUrl: '' }) as unknown as Koa.Middleware;
    app.use((ctx, next): Promise<void> => {
      ctx.state = { requestId: 'req' };
      // It was counted already.
      ctx.set('X-RateLimit-Limit', '1');
      return render(ctx, next) as Promise<void>;
    });
    app.use(() => Promise.reject(Object.assign(new Error('no'), { code })));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => void server.once('listening', resolve));
    const address = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${address.port}/`);
    const { error } = (await response.json()) as { error: { code: string } };
    server.close();
    expect([response.status, error.code]).toEqual([status, told]);
  });
});
