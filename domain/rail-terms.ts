/** What each rail can carry, what it costs and how it ends, as data: the gate chooses by it and the adapters answer with it. */
import { registerToken, type AssetCode } from './money';
import { pegToUsd } from './par';
import type { Finality, RailName } from './settlement';

/** USDC as the sandbox's chain has it: the first contract of its deployer. */
export const SANDBOX_USDC: AssetCode = 'eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3';
export const USDC_EXPONENT = 6;

/** What a party is reached by at a rail. */
export const ACCOUNT_FORMS = ['bank', 'card', 'wallet'] as const;
export type AccountForm = (typeof ACCOUNT_FORMS)[number];

export interface RailTerms {
  readonly finality: Finality;
  /** The asset of the books → the asset that this rail moves for it, at par. What is not here is not carried. */
  readonly settles: Readonly<Record<AssetCode, AssetCode>>;
  /** Largest single transfer per asset of the rail, minor units. */
  readonly maxAmountMinor: Readonly<Record<AssetCode, bigint>>;
  readonly accountForm: AccountForm;
  /** Whether sellers can be paid over it; otherwise they are paid over another rail of theirs. */
  readonly paysOut: boolean;
  /** Whether payments go out in files a few times a day, so that deals may be netted before. */
  readonly batch?: true;
  /** How long an instruction may execute after it is signed. */
  readonly instructionTtlMs: number;
  /** How long after its expiry an execution may still come to light. */
  readonly maxDelayMs: number;
  /** How long a pending answer is normal. */
  readonly patienceMs: number;
  /** Inquiries go from the first delay to the last, doubling. */
  readonly inquiry: { readonly firstMs: number; readonly lastMs: number };
  /** Days in which a settlement can be taken back, calendar days. */
  readonly reversalWindowDays: number;
  /** What a transfer costs AURA: minor units of the books' asset plus basis points. Decides between equals. */
  readonly cost: { readonly fixedMinor: bigint; readonly bps: number };
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const TEN_MILLION_USD = 1_000_000_000n;

const instant = (fixedMinor: bigint): RailTerms => ({
  finality: 'irrevocable',
  settles: { USD: 'USD' },
  maxAmountMinor: { USD: TEN_MILLION_USD },
  accountForm: 'bank',
  paysOut: true,
  instructionTtlMs: 60 * SECOND_MS,
  maxDelayMs: 30 * SECOND_MS,
  patienceMs: 30 * SECOND_MS,
  inquiry: { firstMs: SECOND_MS, lastMs: MINUTE_MS },
  reversalWindowDays: 0,
  cost: { fixedMinor, bps: 0 },
});

const onChain = (usdc: AssetCode, fixedMinor: bigint): RailTerms => ({
  finality: 'confirmed',
  settles: { USD: usdc, [usdc]: usdc },
  maxAmountMinor: { [usdc]: 10_000_000_000_000n },
  accountForm: 'wallet',
  paysOut: true,
  instructionTtlMs: 10 * MINUTE_MS,
  maxDelayMs: 5 * MINUTE_MS,
  patienceMs: 15 * MINUTE_MS,
  inquiry: { firstMs: SECOND_MS, lastMs: 15 * SECOND_MS },
  reversalWindowDays: 0,
  cost: { fixedMinor, bps: 0 },
});

/** The terms with the stablecoin of a certain chain. */
export function railTermsWith(usdc: AssetCode): Readonly<Record<RailName, RailTerms>> {
  registerToken(usdc, USDC_EXPONENT);
  pegToUsd(usdc);
  return {
    rtp: instant(45n),
    fednow: instant(50n),
    stablecoin: onChain(usdc, 10n),
    x402: onChain(usdc, 5n),
    card: {
      finality: 'provisional',
      settles: { USD: 'USD' },
      maxAmountMinor: { USD: 5_000_000n },
      accountForm: 'card',
      paysOut: false,
      instructionTtlMs: 10 * MINUTE_MS,
      maxDelayMs: MINUTE_MS,
      patienceMs: 10 * MINUTE_MS,
      inquiry: { firstMs: SECOND_MS, lastMs: MINUTE_MS },
      reversalWindowDays: 120,
      cost: { fixedMinor: 30n, bps: 290 },
    },
    ach: {
      finality: 'provisional',
      settles: { USD: 'USD' },
      // Same-day entries end at a million; NACHA Operating Rules, 2022.
      maxAmountMinor: { USD: 100_000_000n },
      accountForm: 'bank',
      paysOut: true,
      batch: true,
      instructionTtlMs: 4 * DAY_MS,
      maxDelayMs: DAY_MS,
      patienceMs: 5 * DAY_MS,
      inquiry: { firstMs: 5 * SECOND_MS, lastMs: HOUR_MS },
      reversalWindowDays: 60,
      cost: { fixedMinor: 20n, bps: 0 },
    },
  };
}

export const RAIL_TERMS = railTermsWith(SANDBOX_USDC);
