/** Publishes the outbox on Redis as it fills. */
import type { Redis } from 'ioredis';
import type { Db } from './db';
import { relayEvents } from './outbox';
import { pause } from './pause';

export const EVENTS_CHANNEL = 'aura:events';
const BATCH = 200;
const IDLE_MS = 50;
const FAULT_MS = 1_000;

/** Runs until the signal aborts. Faults of Redis or Postgres are told and waited out. */
export async function runRelay(
  { db, redis, onFault }: { db: Db; redis: Redis; onFault: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const published = await relayEvents(db, BATCH, async (events) => {
        const pipeline = redis.pipeline();
        for (const event of events) pipeline.publish(EVENTS_CHANNEL, JSON.stringify(event));
        // A pipeline answers its commands' errors instead of throwing them.
        const failed = (await pipeline.exec())?.find(([error]) => error !== null);
        if (failed?.[0]) throw failed[0];
      });
      if (published === 0) await pause(IDLE_MS, signal);
    } catch (error) {
      onFault(error);
      await pause(FAULT_MS, signal);
    }
  }
}
