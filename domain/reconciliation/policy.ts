/** How exact a rail's statement has to be, as data. */
import type { RailName } from '../settlement';

export interface RailPolicy {
  /** Largest difference of a line's amount that is taken for a match, minor units of the rail's asset. */
  readonly amountToleranceMinor: bigint;
  /** How many days a line's business date may be apart from the proved one. */
  readonly dateWindowDays: number;
  /** Largest debit with a movement's reference that is taken for its fee, basis points of the movement. */
  readonly feeLineMaxBps: number;
}

export const RAIL_POLICIES: Readonly<Record<RailName, RailPolicy>> = {
  rtp: { amountToleranceMinor: 0n, dateWindowDays: 1, feeLineMaxBps: 500 },
  fednow: { amountToleranceMinor: 0n, dateWindowDays: 1, feeLineMaxBps: 500 },
  stablecoin: { amountToleranceMinor: 0n, dateWindowDays: 1, feeLineMaxBps: 500 },
  x402: { amountToleranceMinor: 0n, dateWindowDays: 1, feeLineMaxBps: 500 },
  // Processors and banks book over weekends and holidays.
  card: { amountToleranceMinor: 0n, dateWindowDays: 4, feeLineMaxBps: 1_000 },
  ach: { amountToleranceMinor: 0n, dateWindowDays: 4, feeLineMaxBps: 500 },
};

const DAY_MS = 86_400_000;

/** Days between two dates, `YYYY-MM-DD`. */
export function daysApart(one: string, other: string): number {
  return Math.abs(Date.parse(`${one}T00:00:00Z`) - Date.parse(`${other}T00:00:00Z`)) / DAY_MS;
}
