import { pause } from './retry';

export interface PollOptions {
  /** Default 60,000 unless the method says otherwise. */
  timeoutMs?: number;
  /** Between the first two reads, milliseconds; it grows to two seconds, so that waiting keeps within the rate limits. */
  everyMs?: number;
  signal?: AbortSignal;
}

const GROWTH = 1.25;
const LAST_MS = 2_000;

/** Reads until `reached`. Throws when the time is over, saying where things stood. */
export async function poll<T>(input: {
  read: () => Promise<T>;
  reached: (value: T) => boolean;
  /** What is waited for, and where it stands, for the error's message. */
  standing: (value: T) => string;
  timeoutMs: number;
  everyMs: number;
  signal?: AbortSignal;
}): Promise<T> {
  const deadline = Date.now() + input.timeoutMs;
  for (let waitMs = input.everyMs; ; waitMs = Math.max(input.everyMs, Math.min(LAST_MS, waitMs * GROWTH))) {
    const value = await input.read();
    if (input.reached(value)) return value;
    if (Date.now() > deadline) throw new Error(`${input.standing(value)} after ${input.timeoutMs} ms`);
    await pause(waitMs, input.signal);
  }
}
