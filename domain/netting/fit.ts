/** Leaves out the newest purchases of whoever could not pay its net debit, until everybody can. */
import { netOf, positionsOf, type CycleDeal } from './positions';

/** A deal as it was put into the cycle, the oldest with the smallest number. */
export interface QueuedDeal extends CycleDeal {
  readonly seq: bigint;
  /** The buyer's mandate that has the deal's total set aside; null where nothing is set aside any more. */
  readonly reservedOn: string | null;
}

export interface Means {
  /** The most that a cycle may ask, minor units; null for no cap. */
  readonly capMinor: bigint | null;
  /** What the principal has paid into the cycle before. */
  readonly paidMinor: bigint;
  /** What is left of each of its mandates, without what the deals have set aside. */
  readonly mandates: readonly { readonly id: string; readonly leftMinor: bigint }[];
}

export interface Fit<Deal> {
  readonly kept: readonly Deal[];
  /** Newest first. */
  readonly leftOut: readonly Deal[];
}

const NO_MEANS: Means = { capMinor: 0n, paidMinor: 0n, mandates: [] };

/** Deals are left out one by one, so that the outcome does not depend on anything but the deals and the means. */
export function fit<Deal extends QueuedDeal>(
  deals: readonly Deal[],
  means: ReadonlyMap<string, Means>,
): Fit<Deal> {
  let kept = [...deals].sort((a, b) => (a.seq < b.seq ? -1 : 1));
  const leftOut: Deal[] = [];
  for (let rounds = deals.length; rounds > 0; rounds--) {
    const short = positionsOf(kept).find(
      (position) => !canPay(kept, position.principalId, -netOf(position), means),
    );
    const newest = short && kept.findLast(({ buyer }) => buyer === short.principalId);
    if (!newest) break;
    kept = kept.filter((deal) => deal !== newest);
    leftOut.push(newest);
  }
  return { kept, leftOut };
}

function canPay(
  deals: readonly QueuedDeal[],
  principalId: string,
  debitMinor: bigint,
  means: ReadonlyMap<string, Means>,
): boolean {
  const mine = means.get(principalId) ?? NO_MEANS;
  if (debitMinor <= mine.paidMinor) return true;
  if (mine.capMinor !== null && debitMinor > mine.capMinor) return false;
  const own = deals.filter(({ buyer }) => buyer === principalId);
  return payingMandate(own, mine, debitMinor - mine.paidMinor) !== undefined;
}

/** The mandate that covers what a principal has to pay, with what its own deals have set aside on it set free. */
export function payingMandate(
  purchases: readonly QueuedDeal[],
  { mandates }: Means,
  dueMinor: bigint,
): string | undefined {
  return mandates.find(({ id, leftMinor }) => {
    const setAside = purchases
      .filter(({ reservedOn }) => reservedOn === id)
      .reduce((sum, { totalMinor }) => sum + totalMinor, 0n);
    return leftMinor + setAside >= dueMinor;
  })?.id;
}
