/** Settlement compatibility: the ordered rails that both sides accept and that can carry the deal. */
import type { AssetCode } from '../money';
import { FINALITY_ORDER, type Finality, type RailName } from '../settlement';

export interface RailOption {
  readonly rail: RailName;
  readonly asset: AssetCode;
  readonly maxAmountMinor: bigint;
  readonly finality: Finality;
  /** Whether the receiver has an account at this rail. */
  readonly sellerAccepts: boolean;
  /** What is left of the payer's mandate at this rail, null when it has none. */
  readonly mandateLeftMinor: bigint | null;
  readonly mandateRef: string | null;
}

export interface RailNeed {
  readonly asset: AssetCode;
  readonly totalMinor: bigint;
  readonly finality: Finality;
  /** The payer's choice of method; it goes first. */
  readonly preferred?: RailName;
}

export interface RailRefusal {
  readonly rail: RailName;
  readonly reason: string;
}

export function chooseRails(
  options: readonly RailOption[],
  need: RailNeed,
): { rails: RailOption[]; refused: RailRefusal[] } {
  const judged = options.map((option) => ({ option, reason: unfit(option, need) }));
  const rails = judged.filter(({ reason }) => reason === undefined).map(({ option }) => option);
  const first = (option: RailOption) => (option.rail === need.preferred ? 0 : 1);
  return {
    rails: rails.sort((a, b) => first(a) - first(b) || (a.rail < b.rail ? -1 : 1)),
    refused: judged.flatMap(({ option, reason }) => (reason ? [{ rail: option.rail, reason }] : [])),
  };
}

function unfit(option: RailOption, need: RailNeed): string | undefined {
  if (option.asset !== need.asset) return `does not carry ${need.asset}`;
  if (need.totalMinor > option.maxAmountMinor) return 'the amount is above its limit';
  if (FINALITY_ORDER.indexOf(option.finality) < FINALITY_ORDER.indexOf(need.finality)) {
    return `${option.finality} finality, the profile asks for ${need.finality}`;
  }
  if (!option.sellerAccepts) return 'the seller has no account there';
  if (option.mandateLeftMinor === null) return 'the payer has no accepted request for payment there';
  if (option.mandateLeftMinor < need.totalMinor) return "the payer's mandate does not cover the total";
  return undefined;
}
