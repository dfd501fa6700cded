/** Settlement compatibility: the ordered rails that both sides accept and that can carry the deal. */
import { BPS, divideUp, type AssetCode } from '../money';
import { atPar } from '../par';
import { preferenceRank, railsOfMethod, sidesProblem, type PaymentSides } from '../payments';
import type { RailTerms } from '../rail-terms';
import { FINALITY_ORDER, type Finality, type RailName } from '../settlement';

export interface RailOption {
  readonly rail: RailName;
  readonly terms: RailTerms;
  /** Whether this clearinghouse runs the rail: its adapter has a key that is valid now. */
  readonly operated: boolean;
  /** Whether the rail's circuit breaker lets payments through. */
  readonly healthy: boolean;
  /** Whether the receiver can be paid what is paid over this rail. */
  readonly sellerAccepts: boolean;
  /** What is left of the payer's mandate at this rail, minor units of the deal's asset; null when it has none. */
  readonly mandateLeftMinor: bigint | null;
  /** Where the payer signed one exact amount: nothing else can be drawn on the mandate. */
  readonly mandateIsExact: boolean;
  readonly mandateRef: string | null;
}

export interface RailNeed {
  readonly asset: AssetCode;
  readonly totalMinor: bigint;
  readonly finality: Finality;
  /** The payer's choice of rail; it goes first. */
  readonly preferred?: RailName;
  /** What the two sides said of payment; without it they accept what their accounts allow. */
  readonly sides?: PaymentSides;
}

export interface RailRefusal {
  readonly rail: RailName;
  readonly reason: string;
}

/** Usable rails: the named one first, then the payer's and the seller's preference, then the cheapest, then by name. */
export function chooseRails(
  options: readonly RailOption[],
  need: RailNeed,
): { rails: RailOption[]; refused: RailRefusal[] } {
  const insisted = insistence(options, need);
  const judged = options.map((option) => ({
    option,
    reason: option.operated ? (insisted ?? unfit(option, need)) : 'it does not run here',
  }));
  const rails = judged.filter(({ reason }) => reason === undefined).map(({ option }) => option);
  const order = ({ rail }: RailOption) =>
    rail === need.preferred ? -1 : preferenceRank(need.sides ?? {}, rail);
  return {
    rails: rails.sort(
      (a, b) =>
        order(a) - order(b) ||
        compare(costMinor(a.terms, need.totalMinor), costMinor(b.terms, need.totalMinor)) ||
        (a.rail < b.rail ? -1 : 1),
    ),
    refused: judged.flatMap(({ option, reason }) => (reason ? [{ rail: option.rail, reason }] : [])),
  };
}

/** What a transfer of this amount costs AURA at the rail, minor units. */
export function costMinor({ cost }: RailTerms, amountMinor: bigint): bigint {
  return cost.fixedMinor + divideUp(amountMinor * BigInt(cost.bps), BPS);
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** A named method that does not run here is not replaced by another one behind the payer's back. */
function insistence(options: readonly RailOption[], { sides }: RailNeed): string | undefined {
  if (sides?.named === undefined) return undefined;
  const wanted = railsOfMethod(sides.named);
  const asked = options.filter(({ rail }) => wanted.includes(rail));
  const isMissing = asked.length > 0 && asked.every(({ operated }) => !operated);
  return isMissing ? `the payer asks for ${sides.named}` : undefined;
}

function unfit(option: RailOption, need: RailNeed): string | undefined {
  const { terms } = option;
  const disagreement = sidesProblem(need.sides ?? {}, option.rail, need.asset);
  if (disagreement !== undefined) return disagreement;
  const settled = terms.settles[need.asset];
  if (settled === undefined) return `does not carry ${need.asset}`;
  if (atPar(need.totalMinor, need.asset, settled) > (terms.maxAmountMinor[settled] ?? 0n)) {
    return 'the amount is above its limit';
  }
  if (FINALITY_ORDER.indexOf(terms.finality) < FINALITY_ORDER.indexOf(need.finality)) {
    return `${terms.finality} finality, the profile asks for ${need.finality}`;
  }
  if (!option.healthy) return 'it is out of service at the moment';
  if (!option.sellerAccepts) return 'the seller cannot be paid over it';
  if (option.mandateLeftMinor === null) return 'the payer has no accepted mandate there';
  if (option.mandateLeftMinor < need.totalMinor) return "the payer's mandate does not cover the total";
  if (option.mandateIsExact && option.mandateLeftMinor !== need.totalMinor) {
    return 'the payer signed another amount';
  }
  return undefined;
}
