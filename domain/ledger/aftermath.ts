/** Money that goes back: refunds, reversals, and who makes up for them. */
import type { AssetCode } from '../money';
import { AURA } from './accounts';
import { atRail, credit, debit, entry, of, type Amount, type AtRail, type Entry } from './entry';

/** Where a refund or reversal takes its money from. Minor units; the parts add up to the whole. */
export interface Sources {
  /** The seller's entitlement and AURA's fee of a deal that is not released yet. */
  readonly entitlementMinor: bigint;
  readonly feesDeferredMinor: bigint;
  /** The free balance of whoever bears it. */
  readonly collateralMinor: bigint;
  /** What the bearer owes AURA from then on. */
  readonly recoverableMinor: bigint;
}

export function sumOf({
  entitlementMinor,
  feesDeferredMinor,
  collateralMinor,
  recoverableMinor,
}: Sources): bigint {
  return entitlementMinor + feesDeferredMinor + collateralMinor + recoverableMinor;
}

interface Taken {
  readonly transactionId: string;
  readonly seller: string;
  /** Who bears what the deal itself no longer holds. */
  readonly bearer: string;
  readonly asset: AssetCode;
  readonly sources: Sources;
}

function take({ seller, bearer, asset, sources }: Taken) {
  return [
    debit(of(seller, 'entitlement', asset), sources.entitlementMinor),
    debit(of(AURA, 'fees_deferred', asset), sources.feesDeferredMinor),
    debit(of(bearer, 'collateral', asset), sources.collateralMinor),
    debit(of(bearer, 'recoverable', asset), sources.recoverableMinor),
  ];
}

/** A refund is owed to the buyer from here on, whether or not the rail has paid it yet. */
export function refundGranted(input: Taken & { refundId: string; buyer: string }): Entry {
  const { refundId, transactionId, buyer, asset, sources } = input;
  return entry('refund_granted', refundId, transactionId, [
    ...take(input),
    credit(of(buyer, 'refund_due', asset), sumOf(sources)),
  ]);
}

interface RefundPosting extends Amount {
  readonly refundId: string;
  readonly transactionId: string;
  readonly buyer: string;
}

export function refundProved(input: RefundPosting & AtRail): Entry {
  const { refundId, transactionId, buyer, asset, amountMinor } = input;
  return entry('refund_proved', refundId, transactionId, [
    debit(of(buyer, 'refund_due', asset), amountMinor),
    ...atRail('credit', input, input),
  ]);
}

/** No rail could bring the refund to the buyer: it is the buyer's free balance. */
export function refundToBalance({
  refundId,
  transactionId,
  buyer,
  asset,
  amountMinor,
}: RefundPosting): Entry {
  return entry('refund_to_balance', refundId, transactionId, [
    debit(of(buyer, 'refund_due', asset), amountMinor),
    credit(of(buyer, 'collateral', asset), amountMinor),
  ]);
}

/** The rail took the whole payment back before the refund was sent: it goes back to where it was taken from. */
export function refundWithdrawn(input: Taken & { refundId: string; buyer: string }): Entry {
  const { refundId, transactionId, buyer, asset, sources } = input;
  const mirrored = take(input).map((posting) => credit(posting.account, posting.amountMinor));
  return entry('refund_withdrawn', refundId, transactionId, [
    debit(of(buyer, 'refund_due', asset), sumOf(sources)),
    ...mirrored,
  ]);
}

/** X5: the rail took the settlement back, and its fee besides. */
export function reversal(input: Taken & AtRail & { noticeId: string }): Entry {
  const { noticeId, transactionId, asset, sources } = input;
  return entry('reversal', noticeId, transactionId, [
    ...take(input),
    ...atRail('credit', input, { asset, amountMinor: sumOf(sources) }),
  ]);
}

/** What makes up for a debt to AURA, in this order. Minor units. */
export interface Waterfall {
  /** The debtor's margin of this deal, never of another. */
  readonly marginMinor: bigint;
  readonly collateralMinor: bigint;
  readonly defaultFundMinor: bigint;
  readonly capitalMinor: bigint;
}

export function waterfall(input: {
  recoveryId: string;
  /** Unique within the recovery. */
  step: string;
  transactionId: string | null;
  debtor: string;
  asset: AssetCode;
  covered: Waterfall;
}): Entry {
  const { recoveryId, step, transactionId, debtor, asset, covered } = input;
  const { marginMinor, collateralMinor, defaultFundMinor, capitalMinor } = covered;
  return entry('waterfall', `${recoveryId}:${step}`, transactionId, [
    debit(of(debtor, 'margin', asset), marginMinor),
    debit(of(debtor, 'collateral', asset), collateralMinor),
    debit(of(AURA, 'default_fund', asset), defaultFundMinor),
    debit(of(AURA, 'capital', asset), capitalMinor),
    credit(of(debtor, 'recoverable', asset), marginMinor + collateralMinor + defaultFundMinor + capitalMinor),
  ]);
}

/**
 * X7: the money is back. What the reversal and the waterfall took is given back, last taken first: AURA's capital, the
 * default fund, the debtor's own, and then the deal.
 */
export function reversalUndone(input: Taken & AtRail & { noticeId: string; covered: Waterfall }): Entry {
  const { noticeId, transactionId, seller, bearer, asset, sources, covered } = input;
  const { marginMinor, collateralMinor, defaultFundMinor, capitalMinor } = covered;
  const coveredMinor = marginMinor + collateralMinor + defaultFundMinor + capitalMinor;
  return entry('reversal_undone', noticeId, transactionId, [
    ...atRail('debit', input, { asset, amountMinor: sumOf(sources) + coveredMinor }),
    credit(of(AURA, 'capital', asset), capitalMinor),
    credit(of(AURA, 'default_fund', asset), defaultFundMinor),
    credit(of(bearer, 'collateral', asset), collateralMinor + marginMinor + sources.collateralMinor),
    credit(of(bearer, 'recoverable', asset), sources.recoverableMinor),
    credit(of(AURA, 'fees_deferred', asset), sources.feesDeferredMinor),
    credit(of(seller, 'entitlement', asset), sources.entitlementMinor),
  ]);
}
