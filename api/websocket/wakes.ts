/**
 * When to look at a session's events again: as soon as Redis tells of a new one, and after at most one tick in any case.
 * One query a tick serves all sessions that somebody follows, however many those are.
 */
import type { Logger } from 'pino';
import type { Db } from '../../store/db';
import { newestEvents } from '../../store/session-events';
import type { LiveEvents } from '../live';

const TICK_MS = 1_000;

export interface Follower {
  /** Resolves when there may be something behind what was `seen`, or when it is left. */
  wake(): Promise<void>;
  seen(seq: string): void;
  leave(): void;
}

export interface Wakes {
  follow(sessionId: string): Follower;
  close(): void;
}

interface Waiting {
  seen: bigint;
  dirty: boolean;
  resolve?: () => void;
}

export function createWakes({ db, live, log }: { db: Db; live: LiveEvents; log: Logger }): Wakes {
  const bySession = new Map<string, Set<Waiting>>();
  const rouse = (waiting: Waiting) => {
    waiting.dirty = true;
    waiting.resolve?.();
  };
  const stopListening = live.listen(({ correlationId, seq }) => {
    for (const waiting of bySession.get(correlationId) ?? []) if (isNewer(seq, waiting)) rouse(waiting);
  });

  async function tick(): Promise<void> {
    if (bySession.size === 0) return;
    for (const [sessionId, seq] of await newestEvents(db, [...bySession.keys()]))
      for (const waiting of bySession.get(sessionId) ?? []) if (seq > waiting.seen) rouse(waiting);
  }

  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    tick()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'sessions that are followed could not be looked at'),
      )
      .finally(() => (busy = false));
  }, TICK_MS);
  timer.unref();

  return {
    follow(sessionId) {
      const waiting: Waiting = { seen: 0n, dirty: false };
      const all = bySession.get(sessionId) ?? new Set();
      bySession.set(sessionId, all.add(waiting));
      return {
        async wake() {
          if (!waiting.dirty) await new Promise<void>((resolve) => (waiting.resolve = resolve));
          waiting.dirty = false;
          waiting.resolve = undefined;
        },
        seen(seq) {
          waiting.seen = BigInt(seq);
        },
        leave() {
          all.delete(waiting);
          if (all.size === 0 && bySession.get(sessionId) === all) bySession.delete(sessionId);
          rouse(waiting);
        },
      };
    },
    close() {
      clearInterval(timer);
      stopListening();
    },
  };
}

function isNewer(seq: unknown, { seen }: Waiting): boolean {
  return typeof seq === 'string' && /^\d+$/.test(seq) ? BigInt(seq) > seen : true;
}
