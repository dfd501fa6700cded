/** When a request is sent again, and after which pause: the rules of protocol 1.0.0. */
import { setTimeout } from 'node:timers/promises';

export interface RetryLimits {
  /** Attempts in all, at least 1; default 5. */
  attempts?: number;
  /** All attempts and pauses together, milliseconds; default 180,000. */
  totalTimeMs?: number;
}

export const DEFAULT_ATTEMPTS = 5;
export const DEFAULT_TOTAL_TIME_MS = 180_000;

const RETRYABLE = new Set([429, 502, 503, 504]);
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

export function isRetryable(status: number): boolean {
  return RETRYABLE.has(status);
}

/** `min(2^attempt · 100 ms, 30 s) · (0.5 + random · 0.5)`; `attempt` counts from 0. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(2 ** attempt * FIRST_DELAY_MS, MAX_DELAY_MS) * (0.5 + random() * 0.5);
}

/** The pause that `Retry-After` asks for, given in seconds or as a date; undefined where it is missing or unreadable. */
export function retryAfterMs(header: string | null, now: number = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The pause before the next attempt, or undefined where there is none any more. */
export function nextPauseMs(
  { attempts = DEFAULT_ATTEMPTS, totalTimeMs = DEFAULT_TOTAL_TIME_MS }: RetryLimits,
  { attempt, startedAt, askedMs }: { attempt: number; startedAt: number; askedMs?: number },
): number | undefined {
  if (attempt + 1 >= attempts) return undefined;
  const pauseMs = askedMs ?? backoffMs(attempt);
  return Date.now() + pauseMs < startedAt + totalTimeMs ? pauseMs : undefined;
}

/** Rejects with the signal's reason as soon as it aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
