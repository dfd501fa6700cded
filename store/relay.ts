/** Publishes the outbox on Redis as it fills. Every process that writes events runs one: it hears of its own at once. */
import type { Redis } from 'ioredis';
import { createBell } from './bell';
import { EVENTS_WRITTEN, type Db } from './db';
import { relayEvents, type OutboxEvent } from './outbox';
import { pause } from './pause';

export const EVENTS_CHANNEL = 'aura:events';
/** Events that have come to their agents' feeds. */
export const ROUTED_CHANNEL = 'aura:events-routed';
const BATCH = 200;
/** What another process wrote and did not publish itself, because it ended, waits so long. */
const IDLE_MS = 250;
/** Another relay may have begun before these events were there; it is looked after once more. */
const AGAIN_MS = 3;
const FAULT_MS = 1_000;

/** Runs until the signal aborts. Faults of Redis or Postgres are told and waited out. */
export async function runRelay(
  { db, redis, onFault }: { db: Db; redis: Redis; onFault: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  const bell = createBell();
  db.on(EVENTS_WRITTEN, bell.ring);
  let idleMs = IDLE_MS;
  while (!signal.aborted) {
    try {
      const published = await relayEvents(db, BATCH, (events) => publish(redis, EVENTS_CHANNEL, events));
      if (published > 0) continue;
      const { rung } = await bell.wait(idleMs, signal);
      idleMs = rung ? AGAIN_MS : IDLE_MS;
    } catch (error) {
      onFault(error);
      await pause(FAULT_MS, signal);
    }
  }
  db.off(EVENTS_WRITTEN, bell.ring);
}

export async function publish(redis: Redis, channel: string, events: readonly OutboxEvent[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const event of events) pipeline.publish(channel, JSON.stringify(event));
  // A pipeline answers its commands' errors instead of throwing them.
  const failed = (await pipeline.exec())?.find(([error]) => error !== null);
  if (failed?.[0]) throw failed[0];
}
