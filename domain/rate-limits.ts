/** How often an agent, or an address, may ask: protocol 1.0.0's limits, and what they are set to instead. */

export interface RateLimit {
  /** Requests (of `offers`: offers) that count within one window. */
  readonly limit: number;
  readonly windowSeconds: number;
}

/**
 * Each is counted per agent or rail key; `public` and `failures` per client address. A request to open a session counts
 * as a request and as a session, an answer to one as a request and by its offers.
 */
export const RATE_LIMITS = {
  /** Scouts. */
  requests: { limit: 60, windowSeconds: 60 },
  /** Beacons, which poll and submit up to a thousand single offers a minute. */
  beacon_requests: { limit: 1_200, windowSeconds: 60 },
  sessions: { limit: 100, windowSeconds: 3_600 },
  offers: { limit: 1_000, windowSeconds: 60 },
  /** Operators and adapters of rails. */
  operations: { limit: 6_000, windowSeconds: 60 },
  /** Routes that anybody may call. */
  public: { limit: 300, windowSeconds: 60 },
  /** What failed before it was known who asked. */
  failures: { limit: 120, windowSeconds: 60 },
} as const satisfies Record<string, RateLimit>;

export type LimitName = keyof typeof RATE_LIMITS;
export type RateLimits = Readonly<Record<LimitName, RateLimit>>;

const MAX_LIMIT = 1_000_000_000;
const MAX_WINDOW_SECONDS = 7 * 86_400;

/**
 * Reads `requests=600/60,sessions=1000/3600` (name=limit/seconds) on top of the protocol's limits; `all=n/s` sets every
 * one. Throws an `Error` that names the part it does not understand.
 */
export function readRateLimits(pairs: string): RateLimits {
  const limits: Record<string, RateLimit> = { ...RATE_LIMITS };
  for (const pair of pairs.split(',').filter(Boolean)) {
    const [, name = '', limit, seconds] = /^(\w+)=(\d{1,10})\/(\d{1,7})$/.exec(pair) ?? [];
    const read = { limit: Number(limit), windowSeconds: Number(seconds) };
    const isKnown = name === 'all' || Object.hasOwn(RATE_LIMITS, name);
    const isInRange = within(read.limit, MAX_LIMIT) && within(read.windowSeconds, MAX_WINDOW_SECONDS);
    if (!isKnown || !isInRange) {
      throw new Error(`"${pair}" is not <${Object.keys(RATE_LIMITS).join('|')}|all>=<limit>/<seconds>`);
    }
    for (const each of name === 'all' ? Object.keys(RATE_LIMITS) : [name]) limits[each] = read;
  }
  return limits as RateLimits;
}

const within = (value: number, max: number) => value >= 1 && value <= max;
