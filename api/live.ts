/** Live events: what the outbox's relay publishes on Redis, for those who wait to wake up by. Losing it only slows. */
import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { EVENTS_CHANNEL, ROUTED_CHANNEL } from '../store/relay';
import type { OutboxEvent } from '../store/outbox';

export interface LiveEvents {
  /**
   * Resolves when the next event that fits has happened or come to its agents' feeds, or when the time is over or the
   * signal aborts.
   */
  next(fits: (event: OutboxEvent) => boolean, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Calls for every event until the answered function is called. */
  listen(onEvent: (event: OutboxEvent) => void): () => void;
  /** Lets an agent wait with one more request, until what it answers is called; `undefined` where too many do. */
  takePlace(agentId: string): (() => void) | undefined;
  close(): Promise<void>;
}

/** Requests of one agent that wait at a time in this process: each looks into the books again and again. */
const PLACES_PER_AGENT = 10;
const EVENT = 'event';
const ROUTED = 'routed';

export async function createLiveEvents(redis: Redis): Promise<LiveEvents> {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const subscriber = redis.duplicate();
  const subscribe = () => subscriber.subscribe(EVENTS_CHANNEL, ROUTED_CHANNEL).catch(() => undefined);
  // An error event without a listener would end the process; ioredis connects again by itself.
  subscriber.on('error', () => undefined);
  // It subscribes again only to what it was once subscribed to, which a Redis that was away at the start has not seen.
  subscriber.on('ready', () => void subscribe());
  subscriber.on('message', (channel, message: string) => {
    const event = parsed(message);
    if (event) emitter.emit(channel === ROUTED_CHANNEL ? ROUTED : EVENT, event);
  });
  await subscribe();
  const waiting = new Map<string, number>();

  return {
    takePlace(agentId) {
      const mine = waiting.get(agentId) ?? 0;
      if (mine >= PLACES_PER_AGENT) return undefined;
      waiting.set(agentId, mine + 1);
      return () => {
        const left = (waiting.get(agentId) ?? 1) - 1;
        if (left > 0) waiting.set(agentId, left);
        else waiting.delete(agentId);
      };
    },
    next(fits, timeoutMs, signal) {
      const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return new Promise((resolve) => {
        // Events come in bursts within one tick, so the listener stays until one fits.
        const listen = (event: OutboxEvent) => {
          if (fits(event)) done();
        };
        const done = () => {
          emitter.off(EVENT, listen).off(ROUTED, listen);
          until.removeEventListener('abort', done);
          resolve();
        };
        emitter.on(EVENT, listen).on(ROUTED, listen);
        until.addEventListener('abort', done);
        if (until.aborted) done();
      });
    },
    listen(onEvent) {
      emitter.on(EVENT, onEvent);
      return () => void emitter.off(EVENT, onEvent);
    },
    async close() {
      await subscriber.quit().catch(() => subscriber.disconnect());
    },
  };
}

/** What others write on the channel is none of ours. */
function parsed(message: string): OutboxEvent | undefined {
  try {
    return JSON.parse(message) as OutboxEvent;
  } catch {
    return undefined;
  }
}
