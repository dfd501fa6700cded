/** What each rail can carry and how it ends, as data: the gate chooses by it and the adapters answer with it. */
import type { AssetCode } from './money';
import type { Finality, RailName } from './settlement';

export interface RailTerms {
  readonly finality: Finality;
  /** Largest single transfer per asset, minor units. An asset that is not here is not carried. */
  readonly maxAmountMinor: Readonly<Record<AssetCode, bigint>>;
  /** How long an instruction may execute after it is signed. */
  readonly instructionTtlMs: number;
  /** How long after its expiry an execution may still come to light. */
  readonly maxDelayMs: number;
  /** Days in which a settlement can be taken back. */
  readonly reversalWindowDays: number;
}

const TEN_MILLION_USD = 1_000_000_000n;

export const RAIL_TERMS: Readonly<Record<RailName, RailTerms>> = {
  rtp: {
    finality: 'irrevocable',
    maxAmountMinor: { USD: TEN_MILLION_USD },
    instructionTtlMs: 60_000,
    maxDelayMs: 30_000,
    reversalWindowDays: 0,
  },
  fednow: {
    finality: 'irrevocable',
    maxAmountMinor: { USD: TEN_MILLION_USD },
    instructionTtlMs: 60_000,
    maxDelayMs: 30_000,
    reversalWindowDays: 0,
  },
};
