/** Trust levels: L0 a key only, L1 a verified contact or domain, L2 an organisation or account, L3 vLEI or qualified. */
export const TRUST_LEVELS = ['L0', 'L1', 'L2', 'L3'] as const;
export type TrustLevel = (typeof TRUST_LEVELS)[number];

export function isTrustLevel(value: unknown): value is TrustLevel {
  return (TRUST_LEVELS as readonly unknown[]).includes(value);
}

/** Negative where `a` is below `b`, zero where they are the same, positive where `a` is above. */
export function compareTrust(a: TrustLevel, b: TrustLevel): number {
  return TRUST_LEVELS.indexOf(a) - TRUST_LEVELS.indexOf(b);
}

export function atLeast(level: TrustLevel, needed: TrustLevel): boolean {
  return compareTrust(level, needed) >= 0;
}

/** The highest of some levels; L0 where there are none. */
export function maxTrust(...levels: readonly TrustLevel[]): TrustLevel {
  return levels.reduce<TrustLevel>((best, level) => (atLeast(level, best) ? level : best), 'L0');
}

/** The lowest of some levels; L3 where there are none. */
export function minTrust(...levels: readonly TrustLevel[]): TrustLevel {
  return levels.reduce<TrustLevel>((worst, level) => (atLeast(level, worst) ? worst : level), 'L3');
}
