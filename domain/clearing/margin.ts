/** Margin: what each side puts up so that the other is made whole. Amounts round up, in the deal's asset. */
import { BPS, divideUp } from '../money';
import type { MarketProfile } from '../profiles';
import type { RiskAssessment } from './risk';

const COVER = 3;
/** Rates become integers of a billionth, rounded up, so that the amount is exact integer arithmetic. */
const NANO = 1_000_000_000n;

export interface MarginRequirement {
  readonly buyerMinor: bigint;
  readonly sellerMinor: bigint;
}

/** Initial margins on an exposure `E` (total less refunds, minor units). */
export function initialMargins(
  profile: MarketProfile,
  exposureMinor: bigint,
  risk: RiskAssessment,
): MarginRequirement {
  const buyerBears = profile.recourse === 'buyer';
  const buyerRate = buyerBears ? COVER * risk.pair * risk.reversalRate : 0;
  const sellerRate = COVER * risk.pair * (risk.deliveryRate + (buyerBears ? 0 : risk.reversalRate));
  return {
    buyerMinor: between(exposureMinor, profile.marginFloorBps.buyer, buyerRate),
    sellerMinor: between(exposureMinor, profile.marginFloorBps.seller, sellerRate),
  };
}

function between(exposureMinor: bigint, floorBps: number, rate: number): bigint {
  const floor = divideUp(exposureMinor * BigInt(floorBps), BPS);
  const byRisk = divideUp(exposureMinor * nano(rate), NANO);
  const wanted = byRisk > floor ? byRisk : floor;
  return wanted < exposureMinor ? wanted : exposureMinor;
}

function nano(rate: number): bigint {
  // Ten digits absorb the float's last bits, so that 0.0225 is 22,500,000 and not one more.
  return BigInt(Math.ceil(Number((rate * 1e9).toPrecision(12))));
}

/**
 * Margin still held `elapsedDays` whole days after delivery: `initial · 2^(−t / half-life)`, not below the floor
 * until the last window ends, then zero.
 */
export function decayedMargin(input: {
  initialMinor: bigint;
  exposureMinor: bigint;
  floorBps: number;
  halfLifeDays: number;
  windowDays: number;
  elapsedDays: number;
}): bigint {
  const { initialMinor, exposureMinor, floorBps, halfLifeDays, windowDays, elapsedDays } = input;
  if (elapsedDays >= windowDays) return 0n;
  const floor = divideUp(exposureMinor * BigInt(floorBps), BPS);
  const decayed = divideUp(initialMinor * nano(2 ** (-elapsedDays / halfLifeDays)), NANO);
  const held = decayed > floor ? decayed : floor;
  return held < initialMinor ? held : initialMinor;
}

/** How much of a seller's margin is taken from its free collateral now, and how much from the sale at release. */
export function fundMargin(input: {
  requiredMinor: bigint;
  freeCollateralMinor: bigint;
  reserveAllowed: boolean;
}): {
  fromCollateralMinor: bigint;
  fromSaleMinor: bigint;
  shortfallMinor: bigint;
} {
  const { requiredMinor, freeCollateralMinor, reserveAllowed } = input;
  const fromCollateralMinor = freeCollateralMinor < requiredMinor ? freeCollateralMinor : requiredMinor;
  const open = requiredMinor - fromCollateralMinor;
  return {
    fromCollateralMinor: reserveAllowed || open === 0n ? fromCollateralMinor : 0n,
    fromSaleMinor: reserveAllowed ? open : 0n,
    shortfallMinor: reserveAllowed ? 0n : open,
  };
}
