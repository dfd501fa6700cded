import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { DomainEvent } from '../../domain/events';
import { newId } from '../../domain/ids';
import { inTransaction, rows } from '../../store/db';
import { relayEvents, type OutboxEvent } from '../../store/outbox';
import { EVENTS_CHANNEL, runRelay } from '../../store/relay';
import { recordEvents } from '../../store/states';
import { describeWithDatabase, type TestDatabase } from '../support/database';

function tools(database: () => TestDatabase) {
  const db = () => database().db;
  return {
    db,
    tell: async (count: number, correlationId = newId('session')): Promise<string> => {
      const events = Array.from({ length: count }, (_, at): DomainEvent => {
        return { type: 'session.created', correlationId, payload: { at } };
      });
      await inTransaction(db(), (trx) => recordEvents(trx, events));
      return correlationId;
    },
    unpublished: async (): Promise<number> =>
      (await rows(db(), 'SELECT 1 FROM outbox WHERE published_at IS NULL')).length,
  };
}

describeWithDatabase('the outbox', (database) => {
  const { db, tell, unpublished } = tools(database);

  it('hands out each event once and in order, under two relays', async () => {
    for (let batch = 0; batch < 10; batch++) await tell(7);
    const published: OutboxEvent[] = [];
    const relay = async () => {
      while ((await unpublished()) > 0) {
        await relayEvents(db(), 5, async (events) => {
          await setTimeout(2);
          published.push(...events);
        });
      }
    };
    await Promise.all([relay(), relay()]);
    const order = published.map(({ seq }) => Number(seq));
    expect(order).toHaveLength(70);
    expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
    expect(await unpublished()).toBe(0);
  });

  it('keeps a second relay out while the first one publishes', async () => {
    await tell(1);
    await relayEvents(db(), 10, async () => {
      expect(await relayEvents(db(), 10, () => Promise.reject(new Error('must not publish')))).toBe(0);
    });
    expect(await unpublished()).toBe(0);
  });

  it('publishes again what could not be published', async () => {
    const session = await tell(3);
    await expect(relayEvents(db(), 10, () => Promise.reject(new Error('Redis is gone')))).rejects.toThrow(
      'gone',
    );
    expect(await unpublished()).toBe(3);
    const seen: OutboxEvent[] = [];
    expect(await relayEvents(db(), 10, async (events) => void seen.push(...events))).toBe(3);
    expect(seen.map(({ correlationId, payload }) => [correlationId, payload.at])).toEqual([
      [session, 0],
      [session, 1],
      [session, 2],
    ]);
  });

  it('does not have events of a transaction that was rolled back', async () => {
    const lost = db().transaction(async (trx) => {
      await recordEvents(trx, [{ type: 'session.created', correlationId: newId('session'), payload: {} }]);
      throw new Error('rolled back');
    });
    await expect(lost).rejects.toThrow('rolled back');
    expect(await unpublished()).toBe(0);
  });
});

describeWithDatabase('the relay', (database) => {
  const { db, tell, unpublished } = tools(database);

  async function relaying(redis: Redis, until: () => Promise<boolean>): Promise<unknown[]> {
    const faults: unknown[] = [];
    const ending = new AbortController();
    const running = runRelay({ db: db(), redis, onFault: (error) => faults.push(error) }, ending.signal);
    for (let attempt = 0; attempt < 500 && !(await until()); attempt++) await setTimeout(10);
    ending.abort();
    await running;
    return faults;
  }

  it('publishes on Redis what is told', async () => {
    const url = process.env.REDIS_URL ?? '';
    const [redis, reader] = [new Redis(url), new Redis(url)];
    try {
      const heard: { correlationId: string; payload: { at: number } }[] = [];
      await reader.subscribe(EVENTS_CHANNEL);
      const session = newId('session');
      reader.on('message', (_channel, text) => {
        const event = JSON.parse(text) as (typeof heard)[number];
        if (event.correlationId === session) heard.push(event);
      });
      await tell(5, session);
      const faults = await relaying(redis, async () => heard.length >= 5);
      expect(heard.map(({ payload }) => payload.at)).toEqual([0, 1, 2, 3, 4]);
      expect(faults).toEqual([]);
    } finally {
      redis.disconnect();
      reader.disconnect();
    }
  });

  it('publishes at once what its own process wrote', async () => {
    const url = process.env.REDIS_URL ?? '';
    const [redis, reader] = [new Redis(url), new Redis(url)];
    const ending = new AbortController();
    const faults: unknown[] = [];
    const running = runRelay({ db: db(), redis, onFault: (error) => faults.push(error) }, ending.signal);
    try {
      let heard = 0;
      await reader.subscribe(EVENTS_CHANNEL);
      const session = newId('session');
      reader.on('message', (_channel, text) => {
        if ((JSON.parse(text) as OutboxEvent).correlationId === session) heard++;
      });
      // Were it looking only four times a second, forty of them one after the other would take ten.
      const startedAt = Date.now();
      for (let count = 1; count <= 40; count++) {
        await tell(1, session);
        while (heard < count) await setTimeout(1);
      }
      expect(Date.now() - startedAt).toBeLessThan(6_000);
      expect(faults).toEqual([]);
    } finally {
      ending.abort();
      await running;
      redis.disconnect();
      reader.disconnect();
    }
  });

  it('marks nothing as published that Redis did not take', async () => {
    await tell(2);
    const sent: string[] = [];
    let broken = true;
    // A pipeline does not throw when its commands fail: it answers their errors.
    const redis = {
      pipeline: () => {
        const commands: string[] = [];
        return {
          publish: (_channel: string, text: string) => commands.push(text),
          exec: async () => {
            if (!broken) sent.push(...commands);
            const failed = broken;
            broken = false;
            return commands.map(() => (failed ? [new Error('Connection is closed.'), null] : [null, 1]));
          },
        };
      },
    } as unknown as Redis;
    const faults = await relaying(redis, async () => (await unpublished()) === 0);
    expect(sent).toHaveLength(2);
    expect(faults).toHaveLength(1);
  });
});
