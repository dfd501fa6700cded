/** When a webhook that was not taken is sent again. */

/** 10 attempts over about four hours where the first pause is 2 s; everything follows from the first pause. */
export const WEBHOOK_RETRY = {
  attempts: 10,
  /** The default of the first pause. */
  firstMs: 2_000,
  factor: 3,
  /** The longest pause, as a multiple of the first. */
  longest: 3_600,
  /** A pause is longer by up to this share of itself, so that receivers are not met by all at once. */
  jitter: 0.3,
} as const;

export interface Pause {
  firstMs?: number;
  /** What the receiver asked for, see `retryAfterMs`; it makes a pause longer, up to the longest. */
  askedMs?: number;
  /** In [0, 1). */
  random?: () => number;
}

/** How long to wait after so many attempts, milliseconds; `undefined` when it was the last. */
export function webhookPauseMs(
  attempts: number,
  { firstMs = WEBHOOK_RETRY.firstMs, askedMs = 0, random = Math.random }: Pause = {},
): number | undefined {
  const { factor, longest, jitter } = WEBHOOK_RETRY;
  if (attempts >= WEBHOOK_RETRY.attempts) return undefined;
  const pause = Math.min(Math.max(firstMs * factor ** (attempts - 1), askedMs), firstMs * longest);
  return Math.round(pause * (1 + jitter * random()));
}

/** `Retry-After` as milliseconds from now: seconds or an HTTP date (RFC 9110, 10.2.3); 0 for anything else. */
export function retryAfterMs(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const until = /^[A-Z][a-z]{2}, .+ GMT$/.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(until) ? 0 : Math.max(0, until - now.getTime());
}
