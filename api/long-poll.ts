/** Requests that wait for something to come. */
import type { OutboxEvent } from '../store/outbox';
import type { ApiDeps } from './deps';

export interface Wait {
  agentId: string;
  waitSeconds: number;
  /** Live events may be lost: whoever waits for one looks by itself this often. */
  lookEveryMs: number;
  /** The events that are a reason to look at once. */
  fits: (event: OutboxEvent) => boolean;
  signal: AbortSignal;
}

/**
 * What `look` finds, as soon as it finds something, at the latest when the time is over or the client has gone. An agent
 * that waits with too many requests already is answered at once.
 */
export async function waitFor<T>(
  { live }: Pick<ApiDeps, 'live'>,
  look: () => Promise<T[]>,
  { agentId, waitSeconds, lookEveryMs, fits, signal }: Wait,
): Promise<T[]> {
  const leave = waitSeconds > 0 ? live.takePlace(agentId) : undefined;
  const deadline = Date.now() + (leave ? waitSeconds * 1_000 : 0);
  try {
    for (;;) {
      const found = await look();
      const leftMs = deadline - Date.now();
      if (found.length > 0 || leftMs <= 0 || signal.aborted) return found;
      await live.next(fits, Math.min(leftMs, lookEveryMs), signal);
    }
  } finally {
    leave?.();
  }
}
