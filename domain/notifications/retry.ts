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

/**
 * How long to wait after so many attempts, milliseconds; `undefined` when it was the last. `random` is in [0, 1).
 */
export function webhookPauseMs(
  attempts: number,
  firstMs: number = WEBHOOK_RETRY.firstMs,
  random: () => number = Math.random,
): number | undefined {
  const { factor, longest, jitter } = WEBHOOK_RETRY;
  if (attempts >= WEBHOOK_RETRY.attempts) return undefined;
  const pause = Math.min(firstMs * factor ** (attempts - 1), firstMs * longest);
  return Math.round(pause * (1 + jitter * random()));
}
