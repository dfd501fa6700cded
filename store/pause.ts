import { setTimeout } from 'node:timers/promises';

/** For loops that run until a signal aborts: waits, and never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
