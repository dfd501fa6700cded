/** What a principal's credentials have given it, and what each market profile lets that level do. */
import { PROFILES, type MarketProfile } from './profiles';
import { atLeast, type TrustLevel } from './trust';

interface Granted {
  kind: string;
  issuerId: string;
  level: TrustLevel;
  validUntil: string;
  summary: string;
}

export function trustProfile(level: TrustLevel, granted: readonly Granted[]) {
  return {
    level,
    credentials: granted.map(({ kind, issuerId, level: given, validUntil, summary }) => ({
      kind,
      issuer: issuerId,
      level: given,
      valid_until: validUntil,
      summary,
    })),
    profiles: Object.fromEntries(
      Object.values(PROFILES).map((profile) => [profile.id, abilities(profile, level)]),
    ),
  };
}

function abilities(profile: MarketProfile, level: TrustLevel): { may: string[]; may_not: string[] } {
  const { trust, trustAboveBindsBoth } = profile;
  const all = (['browse', 'commit', 'clear'] as const).flatMap((point) => {
    const { level: needed } = trust[point];
    const above = trust[trustAboveBindsBoth && point === 'commit' ? 'clear' : point].above;
    const limit = above ? `${above.usdMinor / 100n} USD` : '';
    return [
      { name: above ? `${point} ${above.inclusive ? 'below' : 'up to'} ${limit}` : point, needed },
      ...(above
        ? [{ name: `${point} ${above.inclusive ? 'from' : 'above'} ${limit}`, needed: above.level }]
        : []),
    ];
  });
  const names = (allowed: boolean) =>
    all.filter(({ needed }) => atLeast(level, needed) === allowed).map(({ name }) => name);
  return { may: names(true), may_not: names(false) };
}
