/** A deal's own entries, from novation to release. */
import type { AssetCode } from '../money';
import { AURA, railOwner } from './accounts';
import { atRail, credit, debit, entry, of, type Amount, type AtRail, type Entry } from './entry';

export interface DealPosting {
  readonly transactionId: string;
  readonly buyer: string;
  readonly seller: string;
  readonly asset: AssetCode;
  readonly totalMinor: bigint;
  readonly feeMinor: bigint;
  /** Margin taken from each side's free collateral. */
  readonly buyerMarginMinor: bigint;
  readonly sellerMarginMinor: bigint;
}

/** T19: AURA steps between buyer and seller, and both sides' margin is set aside. */
export function novation(deal: DealPosting): Entry {
  const { asset, transactionId } = deal;
  return entry('novation', transactionId, transactionId, [
    debit(of(deal.buyer, 'obligation', asset), deal.totalMinor),
    credit(of(deal.seller, 'entitlement', asset), deal.totalMinor - deal.feeMinor),
    credit(of(AURA, 'fees_deferred', asset), deal.feeMinor),
    debit(of(deal.buyer, 'collateral', asset), deal.buyerMarginMinor),
    credit(of(deal.buyer, 'margin', asset), deal.buyerMarginMinor),
    debit(of(deal.seller, 'collateral', asset), deal.sellerMarginMinor),
    credit(of(deal.seller, 'margin', asset), deal.sellerMarginMinor),
  ]);
}

/** X1 or X4 after T19: the novation is taken back and the margin is free again. */
export function novationUnwound(deal: DealPosting): Entry {
  const { asset, transactionId } = deal;
  return entry('novation_unwound', transactionId, transactionId, [
    debit(of(deal.seller, 'entitlement', asset), deal.totalMinor - deal.feeMinor),
    debit(of(AURA, 'fees_deferred', asset), deal.feeMinor),
    credit(of(deal.buyer, 'obligation', asset), deal.totalMinor),
    debit(of(deal.buyer, 'margin', asset), deal.buyerMarginMinor),
    credit(of(deal.buyer, 'collateral', asset), deal.buyerMarginMinor),
    debit(of(deal.seller, 'margin', asset), deal.sellerMarginMinor),
    credit(of(deal.seller, 'collateral', asset), deal.sellerMarginMinor),
  ]);
}

/** T21: the buyer has paid, as far as the rail's proof goes. */
export function settlementProved(
  input: Pick<DealPosting, 'transactionId' | 'buyer' | 'asset' | 'totalMinor'> & AtRail,
): Entry {
  const { transactionId, buyer, asset, totalMinor } = input;
  return entry('settlement_proved', transactionId, transactionId, [
    ...atRail('debit', input, { asset, amountMinor: totalMinor }),
    credit(of(buyer, 'obligation', asset), totalMinor),
  ]);
}

/** What the rail kept of a pay-in is the receiver's to bear. */
export function railFeePassedOn(
  input: Amount & { transactionId: string; seller: string; rail: string },
): Entry {
  const { transactionId, seller, rail, asset, amountMinor } = input;
  return entry('rail_fee_passed_on', transactionId, transactionId, [
    debit(of(seller, 'entitlement', asset), amountMinor),
    credit(of(railOwner(rail), 'rail_fees', asset), amountMinor),
  ]);
}

/**
 * Fulfilled and cleared: what is left of the seller's entitlement becomes its own money, less a reserve that stays as
 * margin, and what is left of the fee is earned.
 */
export function release(
  input: Pick<DealPosting, 'transactionId' | 'seller' | 'asset'> & {
    entitlementMinor: bigint;
    feesDeferredMinor: bigint;
    reserveMinor: bigint;
  },
): Entry {
  const { transactionId, seller, asset, entitlementMinor, feesDeferredMinor, reserveMinor } = input;
  return entry('release', transactionId, transactionId, [
    debit(of(seller, 'entitlement', asset), entitlementMinor),
    debit(of(AURA, 'fees_deferred', asset), feesDeferredMinor),
    credit(of(seller, 'collateral', asset), entitlementMinor - reserveMinor),
    credit(of(seller, 'margin', asset), reserveMinor),
    credit(of(AURA, 'fees_earned', asset), feesDeferredMinor),
  ]);
}

/** Margin that decayed or is no longer needed. `step` makes the key unique within the deal and side. */
export function marginReleased(
  input: Amount & { transactionId: string; principalId: string; step: string },
): Entry {
  const { transactionId, principalId, step, asset, amountMinor } = input;
  return entry('margin_released', `${transactionId}:${principalId}:${step}`, transactionId, [
    debit(of(principalId, 'margin', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

/** The canceller pays the other side, out of this deal's margin first. */
export function penalty(input: {
  transactionId: string;
  canceller: string;
  counterparty: string;
  asset: AssetCode;
  marginMinor: bigint;
  collateralMinor: bigint;
}): Entry {
  const { transactionId, canceller, counterparty, asset, marginMinor, collateralMinor } = input;
  return entry('penalty', transactionId, transactionId, [
    debit(of(canceller, 'margin', asset), marginMinor),
    debit(of(canceller, 'collateral', asset), collateralMinor),
    credit(of(counterparty, 'collateral', asset), marginMinor + collateralMinor),
  ]);
}
