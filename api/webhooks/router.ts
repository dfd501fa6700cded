/** Routes what leaves through the outbox to those who may know it, and tells of offers that have run out. */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { routeEvents, type RoutedEvent } from '../../store/agent-events';
import { createBell } from '../../store/bell';
import { EVENTS_WRITTEN, type Db } from '../../store/db';
import { tellExpiredOffers } from '../../store/offer-expiry';
import { pause } from '../../store/pause';
import { publish, ROUTED_CHANNEL } from '../../store/relay';
import type { LiveEvents } from '../live';

const BATCH = 200;
/** What another process wrote and Redis did not tell of waits so long. */
const IDLE_MS = 250;
/** Another router may have begun before these events were there; it is looked after once more. */
const AGAIN_MS = 3;
const FAULT_MS = 1_000;
const EXPIRY_EVERY_MS = 1_000;

export interface RouterDeps {
  db: Db;
  redis: Redis;
  live: LiveEvents;
  log: Logger;
  /** Called when webhooks may be due. */
  onRouted: () => void;
}

/** Runs until the signal aborts; any number of processes may. */
export async function runRouter(deps: RouterDeps, signal: AbortSignal): Promise<void> {
  const { db, log, live } = deps;
  const bell = createBell();
  db.on(EVENTS_WRITTEN, bell.ring);
  const stopListening = live.listen(bell.ring);
  let expiryAtMs = 0;
  let idleMs = IDLE_MS;
  while (!signal.aborted) {
    try {
      if (Date.now() >= expiryAtMs) {
        await tellExpiredOffers(db, BATCH);
        expiryAtMs = Date.now() + EXPIRY_EVERY_MS;
      }
      const routed = await routeEvents(db, BATCH);
      if (routed.length > 0) {
        deps.onRouted();
        tellWaiting(deps, routed);
        continue;
      }
      const { rung } = await bell.wait(idleMs, signal);
      idleMs = rung ? AGAIN_MS : IDLE_MS;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'routing of events');
      await pause(FAULT_MS, signal);
    }
  }
  stopListening();
  db.off(EVENTS_WRITTEN, bell.ring);
}

/** Whoever waits for its feed looks by itself where Redis is away. */
function tellWaiting({ redis, log }: RouterDeps, routed: readonly RoutedEvent[]): void {
  publish(redis, ROUTED_CHANNEL, routed).catch((error: unknown) =>
    log.debug({ err: error }, 'routed events'),
  );
}
