/**
 * The method of a deal: the scout's named one, else its preferred one if the beacon accepts it, else the beacon's
 * preferred one, else the cheapest rail with the profile's finality. Never one that a side does not accept. A side that
 * declared nothing accepts what its payment accounts allow.
 */
import type { AssetCode } from '../money';
import { RAILS, type RailName } from '../settlement';
import { admits, takes, type DeclaredMethod, type PaymentCapabilities } from './capabilities';
import { methodOfRail, railsOfMethod, type MethodName, type ProtocolMethod } from './methods';

export interface PaymentSides {
  readonly scout?: PaymentCapabilities;
  readonly beacon?: PaymentCapabilities;
  /** The method that the commit names: the scout accepts it by that. */
  readonly named?: MethodName;
  /** The facilitator that the commit names, by name or address. */
  readonly facilitator?: string;
}

/** What a deal was agreed to be paid with. */
export interface NegotiatedPayment {
  readonly negotiated_method: ProtocolMethod;
  readonly facilitator?: string;
  readonly currency: AssetCode;
  /** True also for a side that prefers nothing. */
  readonly scout_preference_match: boolean;
  readonly beacon_preference_match: boolean;
  /** Of the card that pays, where it is known. */
  readonly last_four?: string;
}

/** Why a rail does not suit both sides; undefined where it does. */
export function sidesProblem(sides: PaymentSides, rail: RailName, asset: AssetCode): string | undefined {
  return railProblem(sides, rail, asset) ?? insistence(sides, rail, asset);
}

/** Lower goes first; what has the same rank is ordered by cost. */
export function preferenceRank({ named, scout, beacon }: PaymentSides, rail: RailName): number {
  const wishes = [named, scout?.preferredMethod, beacon?.preferredMethod];
  const rank = wishes.findIndex((wish) => wish !== undefined && railsOfMethod(wish).includes(rail));
  return rank === -1 ? wishes.length : rank;
}

export function negotiated(sides: PaymentSides, rail: RailName, asset: AssetCode): NegotiatedPayment {
  const matches = (wish: MethodName | undefined) => wish === undefined || railsOfMethod(wish).includes(rail);
  const facilitator = rail === 'x402' ? facilitatorOf(sides, asset) : undefined;
  return {
    negotiated_method: methodOfRail(rail),
    ...(facilitator !== undefined && { facilitator }),
    currency: asset,
    scout_preference_match: matches(sides.named ?? sides.scout?.preferredMethod),
    beacon_preference_match: matches(sides.beacon?.preferredMethod),
  };
}

/** The rails that a declaration accepts in this asset; undefined where nothing was declared. */
export function declaredRails(
  side: PaymentCapabilities | undefined,
  asset: AssetCode,
): readonly RailName[] | undefined {
  return side && RAILS.filter((rail) => side.methods.some((entry) => takes(entry, rail, asset)));
}

function railProblem(sides: PaymentSides, rail: RailName, asset: AssetCode): string | undefined {
  const { scout, beacon, named } = sides;
  const isNamed = named !== undefined && railsOfMethod(named).includes(rail);
  if (beacon?.settlementCurrency !== undefined && beacon.settlementCurrency !== asset) {
    return `the seller settles in ${beacon.settlementCurrency}`;
  }
  const paying = entriesFor(scout, rail, asset);
  const accepted = entriesFor(beacon, rail, asset);
  if (beacon && accepted.length === 0) return 'the seller does not accept it';
  if (scout && paying.length === 0 && !isNamed) return 'the payer does not support it';
  if (paying.length > 0 && accepted.length > 0 && !pairsOf(paying, accepted, rail).length) {
    return rail === 'x402' ? 'the two sides share no facilitator' : 'the two sides share no network';
  }
  return facilitatorProblem(sides, accepted, rail);
}

/** A method that the payer named and the seller ruled out is not replaced by another behind the payer's back. */
function insistence(sides: PaymentSides, rail: RailName, asset: AssetCode): string | undefined {
  const { named, beacon } = sides;
  if (named === undefined || !beacon) return undefined;
  const wanted = railsOfMethod(named);
  if (wanted.includes(rail) || wanted.some((one) => railProblem(sides, one, asset) === undefined)) {
    return undefined;
  }
  return `the payer asks for ${named}`;
}

function facilitatorProblem(
  { facilitator }: PaymentSides,
  accepted: readonly DeclaredMethod[],
  rail: RailName,
): string | undefined {
  if (rail !== 'x402' || facilitator === undefined || facilitator.includes('://') || accepted.length === 0) {
    return undefined;
  }
  return accepted.some(({ facilitators }) => admits(facilitators, facilitator))
    ? undefined
    : `the seller does not accept the facilitator ${facilitator}`;
}

/** The one that the commit names, else the payer's first that the seller accepts, else the seller's first. */
function facilitatorOf({ scout, beacon, facilitator }: PaymentSides, asset: AssetCode): string | undefined {
  if (facilitator !== undefined) return facilitator;
  const paying = entriesFor(scout, 'x402', asset);
  const accepted = entriesFor(beacon, 'x402', asset);
  const wished = paying.flatMap(({ facilitators = [] }) => facilitators);
  const shared = wished.find((name) =>
    accepted.length === 0 ? true : accepted.some(({ facilitators }) => admits(facilitators, name)),
  );
  return shared ?? accepted.flatMap(({ facilitators = [] }) => facilitators)[0];
}

function entriesFor(
  side: PaymentCapabilities | undefined,
  rail: RailName,
  asset: AssetCode,
): readonly DeclaredMethod[] {
  return side?.methods.filter((entry) => takes(entry, rail, asset)) ?? [];
}

/** Entries of the two sides that agree on what they say of the way: facilitators, card schemes, chains. */
function pairsOf(paying: readonly DeclaredMethod[], accepted: readonly DeclaredMethod[], rail: RailName) {
  const ways = ({ facilitators, networks }: DeclaredMethod) =>
    rail === 'x402' ? facilitators : railsWithSchemes.has(rail) ? networks : undefined;
  return paying.flatMap((ours) =>
    accepted.filter((theirs) => {
      const [one, other] = [ways(ours), ways(theirs)];
      return one === undefined || other === undefined || one.some((name) => admits(other, name));
    }),
  );
}

const railsWithSchemes: ReadonlySet<RailName> = new Set(['card', 'stablecoin']);
