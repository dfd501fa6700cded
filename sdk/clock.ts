/**
 * The time by which requests are signed: this machine's, corrected by what AURA says of its own once it found a
 * timestamp stale. A machine whose clock is wrong can trade, as long as it is not wrong by much.
 */
import { AuraApiError } from './errors';

/** A clock that is off by more is for its owner to set: whoever could lie about the time would collect signatures of later. */
const MAX_SKEW_MS = 15 * 60_000;

interface Clock {
  aheadMs: number;
  lastMicros: number;
}

/** By where AURA is. */
const clocks = new Map<string, Clock>();
const clockOf = (baseUrl: string): Clock => clocks.get(baseUrl) ?? { aheadMs: 0, lastMicros: 0 };

/** Now with microseconds, strictly increasing, so that two equal requests are never taken for a replay. */
export function nextTimestamp(baseUrl: string): string {
  const { aheadMs, lastMicros } = clockOf(baseUrl);
  const now = Math.max(lastMicros + 1, (Date.now() + aheadMs) * 1_000);
  clocks.set(baseUrl, { aheadMs, lastMicros: now });
  const micros = String(now % 1_000).padStart(3, '0');
  return new Date(Math.floor(now / 1_000)).toISOString().replace('Z', `${micros}Z`);
}

/** Takes over AURA's time where it refused a timestamp for its age; whether to sign anew by it. */
export function learnTime(baseUrl: string, failure: unknown): boolean {
  if (!(failure instanceof AuraApiError) || failure.details.reason !== 'stale') return false;
  const aheadMs = Date.parse(String(failure.details.now)) - Date.now();
  // Neither where it is no time.
  if (!(Math.abs(aheadMs) <= MAX_SKEW_MS)) return false;
  clocks.set(baseUrl, { aheadMs, lastMicros: 0 });
  return true;
}
