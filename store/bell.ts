/** A wait that ends early when somebody rings. A ring that nobody waits for is kept for the next wait. */
import { setTimeout } from 'node:timers/promises';

export interface Bell {
  ring: () => void;
  /** Resolves at a ring, at the latest when the time is over or the signal aborts; `rung` says which. */
  wait(ms: number, signal: AbortSignal): Promise<{ rung: boolean }>;
}

export function createBell(): Bell {
  let rung = false;
  let wake = () => undefined as void;
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait(ms, signal) {
      if (!rung) {
        const woken = new AbortController();
        wake = () => woken.abort();
        const until = AbortSignal.any([signal, woken.signal]);
        await setTimeout(ms, undefined, { signal: until }).catch(() => undefined);
        wake = () => undefined;
      }
      const heard = rung;
      rung = false;
      return { rung: heard };
    },
  };
}
