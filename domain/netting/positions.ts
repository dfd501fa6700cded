/** Multilateral positions: what each principal receives and owes over all deals of a cycle. */

export interface CycleDeal {
  readonly transactionId: string;
  readonly buyer: string;
  readonly seller: string;
  /** What the buyer owes, minor units. */
  readonly totalMinor: bigint;
  /** AURA's part of it. */
  readonly feeMinor: bigint;
}

export interface Position {
  readonly principalId: string;
  readonly receivedMinor: bigint;
  readonly owedMinor: bigint;
}

/** Positive where the principal is paid, negative where it pays. */
export function netOf({ receivedMinor, owedMinor }: Position): bigint {
  return receivedMinor - owedMinor;
}

/** One position a principal, by id. Their nets add up to minus AURA's fees. */
export function positionsOf(deals: readonly CycleDeal[]): Position[] {
  const positions = new Map<string, Position>();
  const add = (principalId: string, receivedMinor: bigint, owedMinor: bigint) => {
    const known = positions.get(principalId) ?? { principalId, receivedMinor: 0n, owedMinor: 0n };
    positions.set(principalId, {
      principalId,
      receivedMinor: known.receivedMinor + receivedMinor,
      owedMinor: known.owedMinor + owedMinor,
    });
  };
  for (const { buyer, seller, totalMinor, feeMinor } of deals) {
    add(buyer, 0n, totalMinor);
    add(seller, totalMinor - feeMinor, 0n);
  }
  return [...positions.values()].sort((a, b) => (a.principalId < b.principalId ? -1 : 1));
}

/** What a cycle has already moved for a principal, minor units. */
export interface Moved {
  readonly inMinor: bigint;
  readonly outMinor: bigint;
}
export const NOTHING_MOVED: Moved = { inMinor: 0n, outMinor: 0n };

/**
 * What is still to be moved: negative is to be paid by the principal, positive to it. Whoever is no longer in the
 * positions gets back what it has paid.
 */
export function outstandingOf(
  positions: readonly Position[],
  moved: ReadonlyMap<string, Moved>,
): ReadonlyMap<string, bigint> {
  const nets = new Map(positions.map((position) => [position.principalId, netOf(position)]));
  const principals = [...new Set([...nets.keys(), ...moved.keys()])].sort();
  return new Map(
    principals.map((id) => {
      const { inMinor, outMinor } = moved.get(id) ?? NOTHING_MOVED;
      return [id, (nets.get(id) ?? 0n) + inMinor - outMinor];
    }),
  );
}

/** Cuts an amount into transfers of at most `maxMinor`. */
export function transfersOf(amountMinor: bigint, maxMinor: bigint): bigint[] {
  if (maxMinor <= 0n) throw new RangeError('a transfer moves something');
  const transfers: bigint[] = [];
  for (let left = amountMinor; left > 0n; left -= maxMinor) transfers.push(left < maxMinor ? left : maxMinor);
  return transfers;
}
