/** Market profiles: the rules of a market as versioned data. A session names one; `retail` is the default. */
import type { TrustLevel } from '../trust';
import type { Finality } from '../settlement';

export const EVALUATION_POINTS = ['register', 'browse', 'offer', 'commit', 'clear', 'dispute'] as const;
export const COST_TYPES = [
  'registration',
  'discovery',
  'offer',
  'commitment_deposit',
  'clearing',
  'cancellation',
  'dispute',
] as const;
export type EvaluationPoint = (typeof EVALUATION_POINTS)[number];
export type CostType = (typeof COST_TYPES)[number];

/** A minimum level, and a stricter one from a total (USD minor units, inclusive of nothing below it) upward. */
export interface TrustRule {
  readonly level: TrustLevel;
  readonly above?: { readonly usdMinor: bigint; readonly inclusive: boolean; readonly level: TrustLevel };
}

export interface MarketProfile {
  readonly id: ProfileId;
  readonly version: number;
  readonly trust: { readonly browse: TrustRule; readonly commit: TrustRule; readonly clear: TrustRule };
  /** Whether the stricter level above the amount binds both sides. */
  readonly trustAboveBindsBoth: boolean;
  readonly marginFloorBps: { readonly buyer: number; readonly seller: number };
  /** Who bears the reversal of a settlement. */
  readonly recourse: 'buyer' | 'seller';
  /** Whether a seller may fund its margin from the sale. */
  readonly reserveFromSale: boolean;
  readonly marginHalfLifeDays: number;
  readonly disputeWindowDays: number;
  readonly commitmentPath: readonly CommitmentStep[];
  readonly finality: Finality;
  /** Costs per evaluation point, in basis points of the total; what is absent is 0. */
  readonly participation: Partial<Record<EvaluationPoint, Partial<Record<CostType, number>>>>;
  /** How long a margin call stays open, milliseconds. */
  readonly marginCallMs: number;
  /** How long ranked offers wait for a commitment, milliseconds. */
  readonly commitWindowMs: number;
  /** How long the seller has to confirm delivery after the commitment, days. */
  readonly deliveryWindowDays: number;
  /** How long a dispute waits for the other side's answer, and then for a decision, days. */
  readonly disputeAnswerDays: number;
  readonly disputeDecisionDays: number;
  /** How long a debt to AURA may stay uncovered before it is a default, days. */
  readonly recoveryDays: number;
  /** What a day of this profile's windows lasts, milliseconds. */
  readonly dayMs: number;
}

export type CommitmentStep = 'indicative' | 'held' | 'conditional' | 'firm' | 'executed';
export const PROFILE_IDS = ['retail', 'b2b_trade', 'digital_goods', 'services'] as const;
export type ProfileId = (typeof PROFILE_IDS)[number];
export const DEFAULT_PROFILE: ProfileId = 'retail';

const USD = (whole: number): bigint => BigInt(whole) * 100n;
const MINUTE_MS = 60_000;

const DAY_MS = 86_400_000;
/** What all profiles have in common. */
const WINDOWS = { disputeAnswerDays: 5, disputeDecisionDays: 10, recoveryDays: 3, dayMs: DAY_MS } as const;

const costs = (clearing: number, cancellation: number): MarketProfile['participation'] => ({
  clear: { clearing },
  commit: { cancellation },
});

export const PROFILES: Readonly<Record<ProfileId, MarketProfile>> = {
  retail: {
    id: 'retail',
    version: 1,
    trust: {
      browse: { level: 'L0' },
      commit: { level: 'L0', above: { usdMinor: USD(1_000), inclusive: true, level: 'L1' } },
      clear: { level: 'L2' },
    },
    trustAboveBindsBoth: false,
    marginFloorBps: { buyer: 0, seller: 200 },
    recourse: 'seller',
    reserveFromSale: true,
    marginHalfLifeDays: 15,
    disputeWindowDays: 30,
    commitmentPath: ['indicative', 'firm', 'executed'],
    finality: 'provisional',
    participation: costs(100, 0),
    marginCallMs: 30 * MINUTE_MS,
    commitWindowMs: 30 * MINUTE_MS,
    deliveryWindowDays: 30,
    ...WINDOWS,
  },
  b2b_trade: {
    id: 'b2b_trade',
    version: 1,
    trust: {
      browse: { level: 'L1' },
      commit: { level: 'L2' },
      clear: { level: 'L2', above: { usdMinor: USD(50_000), inclusive: false, level: 'L3' } },
    },
    trustAboveBindsBoth: true,
    marginFloorBps: { buyer: 500, seller: 500 },
    recourse: 'buyer',
    reserveFromSale: false,
    marginHalfLifeDays: 30,
    disputeWindowDays: 14,
    commitmentPath: ['indicative', 'held', 'conditional', 'firm', 'executed'],
    finality: 'confirmed',
    participation: costs(50, 200),
    marginCallMs: 24 * 60 * MINUTE_MS,
    commitWindowMs: 24 * 60 * MINUTE_MS,
    deliveryWindowDays: 60,
    ...WINDOWS,
  },
  digital_goods: {
    id: 'digital_goods',
    version: 1,
    trust: { browse: { level: 'L0' }, commit: { level: 'L0' }, clear: { level: 'L2' } },
    trustAboveBindsBoth: false,
    marginFloorBps: { buyer: 0, seller: 100 },
    recourse: 'seller',
    reserveFromSale: true,
    marginHalfLifeDays: 3,
    disputeWindowDays: 7,
    commitmentPath: ['indicative', 'firm', 'executed'],
    finality: 'provisional',
    participation: costs(100, 0),
    marginCallMs: 15 * MINUTE_MS,
    commitWindowMs: 30 * MINUTE_MS,
    deliveryWindowDays: 2,
    ...WINDOWS,
  },
  services: {
    id: 'services',
    version: 1,
    trust: { browse: { level: 'L0' }, commit: { level: 'L1' }, clear: { level: 'L2' } },
    trustAboveBindsBoth: false,
    marginFloorBps: { buyer: 100, seller: 300 },
    recourse: 'seller',
    reserveFromSale: true,
    marginHalfLifeDays: 10,
    disputeWindowDays: 14,
    commitmentPath: ['indicative', 'held', 'firm', 'executed'],
    finality: 'provisional',
    participation: costs(100, 100),
    marginCallMs: 60 * MINUTE_MS,
    commitWindowMs: 4 * 60 * MINUTE_MS,
    deliveryWindowDays: 90,
    ...WINDOWS,
  },
};

export type Profiles = Readonly<Record<ProfileId, MarketProfile>>;

/** The same profiles with days of another length: in a sandbox nobody waits for weeks. */
export function withDaysOf(dayMs: number, profiles: Profiles = PROFILES): Profiles {
  return Object.fromEntries(PROFILE_IDS.map((id) => [id, { ...profiles[id], dayMs }])) as Record<
    ProfileId,
    MarketProfile
  >;
}

export function findProfile(id: string): MarketProfile | undefined {
  return (PROFILE_IDS as readonly string[]).includes(id) ? PROFILES[id as ProfileId] : undefined;
}

/** A cost of taking part, basis points of the deal's total. */
export function costBps(profile: MarketProfile, point: EvaluationPoint, cost: CostType): number {
  return profile.participation[point]?.[cost] ?? 0;
}

/** The level a rule asks for on a total in USD minor units. */
export function levelFor(rule: TrustRule, totalUsdMinor: bigint): TrustLevel {
  if (!rule.above) return rule.level;
  const reached = rule.above.inclusive
    ? totalUsdMinor >= rule.above.usdMinor
    : totalUsdMinor > rule.above.usdMinor;
  return reached ? rule.above.level : rule.level;
}

/** Levels payer and receiver need for a total, both bound by the stricter clear level where the profile says so. */
export function requiredLevels(
  profile: MarketProfile,
  totalUsdMinor: bigint,
): { payer: TrustLevel; receiver: TrustLevel } {
  const receiver = levelFor(profile.trust.clear, totalUsdMinor);
  const commit = levelFor(profile.trust.commit, totalUsdMinor);
  return { payer: profile.trustAboveBindsBoth && receiver > commit ? receiver : commit, receiver };
}
