/** What T22 posts: the rail's line becomes cash, and what the rail kept of it is the receiver's to bear. */
import { railFeePassedOn, type Entry } from '../domain/ledger/postings';
import type { Queryable } from '../store/db';
import { dealBalances } from '../store/ledger';
import type { Match } from '../store/statements';
import type { Deal } from '../store/transactions';

export async function clearingEntries(db: Queryable, deal: Deal, match: Match): Promise<Entry[]> {
  const feeMinor = BigInt(match.line.feeMinor);
  if (feeMinor === 0n || match.line.asset !== deal.asset) return [match.entry];
  const { entitlementMinor } = await heldByDeal(db, deal);
  // A deal that is released, or refunded so far that its seller has nothing left in it, leaves the fee with AURA.
  if (entitlementMinor < feeMinor) return [match.entry];
  const passedOn = railFeePassedOn({
    transactionId: deal.id,
    seller: deal.sellerPrincipalId,
    rail: match.line.rail,
    asset: deal.asset,
    amountMinor: feeMinor,
  });
  return [match.entry, passedOn];
}

/** What the deal itself still holds: the seller's entitlement and AURA's fee, minor units. */
export async function heldByDeal(
  db: Queryable,
  deal: Deal,
): Promise<{ entitlementMinor: bigint; feesDeferredMinor: bigint; refundDueMinor: bigint }> {
  const balances = await dealBalances(db, deal.id);
  const of = (kind: string) =>
    balances
      .filter((balance) => balance.kind === kind && balance.asset === deal.asset)
      .reduce((sum, { balanceMinor }) => sum + balanceMinor, 0n);
  return {
    entitlementMinor: of('entitlement'),
    feesDeferredMinor: of('fees_deferred'),
    refundDueMinor: of('refund_due'),
  };
}
