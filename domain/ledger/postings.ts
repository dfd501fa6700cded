/**
 * Journal entries of a deal's events. Each is built from pairs of a debit and a credit, so it balances by
 * construction; the database checks it again. Amounts are positive minor units; pairs of zero are left out.
 */
import type { AssetCode } from '../money';
import { AURA, railOwner, type AccountRef, type AccountKind, type Side } from './accounts';

export interface Posting {
  readonly account: AccountRef;
  readonly side: Side;
  readonly amountMinor: bigint;
}

export interface Entry {
  readonly event: LedgerEvent;
  /** Unique for ever: the same event of the same subject is never posted twice. */
  readonly key: string;
  /** The deal it belongs to, or null for movements outside of any deal. */
  readonly transactionId: string | null;
  readonly postings: readonly Posting[];
}

export const LEDGER_EVENTS = [
  'capital_contributed',
  'sandbox_grant',
  'deposit_proved',
  'statement_line',
  'unknown_receipt',
  'receipt_sent_back',
  'novation',
  'novation_unwound',
  'settlement_proved',
  'release',
  'margin_released',
  'payout_sent',
  'payout_rejected',
  'payout_proved',
] as const;
export type LedgerEvent = (typeof LEDGER_EVENTS)[number];

export class LedgerError extends Error {
  override name = 'LedgerError';
}

const debit = (account: AccountRef, amountMinor: bigint): Posting => ({
  account,
  side: 'debit',
  amountMinor,
});
const credit = (account: AccountRef, amountMinor: bigint): Posting => ({
  account,
  side: 'credit',
  amountMinor,
});

function entry(
  event: LedgerEvent,
  subject: string,
  transactionId: string | null,
  postings: Posting[],
): Entry {
  if (postings.some(({ amountMinor }) => amountMinor < 0n))
    throw new LedgerError(`${event}: a negative amount`);
  const kept = postings.filter(({ amountMinor }) => amountMinor > 0n);
  if (!isBalanced(kept)) throw new LedgerError(`${event} of ${subject} does not balance`);
  return { event, key: `${event}:${subject}`, transactionId, postings: kept };
}

/** Whether debits equal credits in every asset. */
export function isBalanced(postings: readonly Posting[]): boolean {
  const sums = new Map<AssetCode, bigint>();
  for (const { account, side, amountMinor } of postings) {
    const signed = side === 'debit' ? amountMinor : -amountMinor;
    sums.set(account.asset, (sums.get(account.asset) ?? 0n) + signed);
  }
  return [...sums.values()].every((sum) => sum === 0n);
}

const of = (owner: string, kind: AccountKind, asset: AssetCode): AccountRef => ({ owner, kind, asset });

interface Amount {
  readonly asset: AssetCode;
  readonly amountMinor: bigint;
}

/** AURA's own money at a rail when the books open. */
export function capitalContributed(input: Amount & { rail: string }): Entry {
  const { rail, asset, amountMinor } = input;
  return entry('capital_contributed', `${rail}:${asset}`, null, [
    debit(of(railOwner(rail), 'cash', asset), amountMinor),
    credit(of(AURA, 'capital', asset), amountMinor),
  ]);
}

/** Play money for a sandbox principal, out of AURA's capital. */
export function sandboxGrant(input: Amount & { principalId: string }): Entry {
  const { principalId, asset, amountMinor } = input;
  return entry('sandbox_grant', `${principalId}:${asset}`, null, [
    debit(of(AURA, 'capital', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

export function depositProved(
  input: Amount & { depositId: string; principalId: string; rail: string },
): Entry {
  const { depositId, principalId, rail, asset, amountMinor } = input;
  return entry('deposit_proved', depositId, null, [
    debit(of(railOwner(rail), 'unreconciled', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

/** A line of the rail's statement that matches an instruction: what was proved becomes cash. */
export function statementLine(
  input: Amount & {
    lineId: string;
    transactionId: string | null;
    rail: string;
    direction: 'credit' | 'debit';
    feeMinor: bigint;
  },
): Entry {
  const { lineId, transactionId, rail, asset, amountMinor, direction, feeMinor } = input;
  const cash = of(railOwner(rail), 'cash', asset);
  const unreconciled = of(railOwner(rail), 'unreconciled', asset);
  const fees = of(railOwner(rail), 'rail_fees', asset);
  return entry(
    'statement_line',
    lineId,
    transactionId,
    direction === 'credit'
      ? [debit(cash, amountMinor - feeMinor), debit(fees, feeMinor), credit(unreconciled, amountMinor)]
      : [debit(unreconciled, amountMinor), debit(fees, feeMinor), credit(cash, amountMinor + feeMinor)],
  );
}

/** Money that arrived without an instruction it conforms to waits in suspense. */
export function unknownReceipt(
  input: Amount & { receiptId: string; rail: string; transactionId: string | null },
): Entry {
  const { receiptId, rail, asset, amountMinor, transactionId } = input;
  return entry('unknown_receipt', receiptId, transactionId, [
    debit(of(railOwner(rail), 'unreconciled', asset), amountMinor),
    credit(of(railOwner(rail), 'suspense', asset), amountMinor),
  ]);
}

export function receiptSentBack(
  input: Amount & { receiptId: string; rail: string; transactionId: string | null },
): Entry {
  const { receiptId, rail, asset, amountMinor, transactionId } = input;
  return entry('receipt_sent_back', receiptId, transactionId, [
    debit(of(railOwner(rail), 'suspense', asset), amountMinor),
    credit(of(railOwner(rail), 'unreconciled', asset), amountMinor),
  ]);
}

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
  input: Pick<DealPosting, 'transactionId' | 'buyer' | 'asset' | 'totalMinor'> & { rail: string },
): Entry {
  const { transactionId, buyer, rail, asset, totalMinor } = input;
  return entry('settlement_proved', transactionId, transactionId, [
    debit(of(railOwner(rail), 'unreconciled', asset), totalMinor),
    credit(of(buyer, 'obligation', asset), totalMinor),
  ]);
}

/** Fulfilled and cleared: the seller's entitlement becomes its own money, less a reserve that stays as margin. */
export function release(
  input: Pick<DealPosting, 'transactionId' | 'seller' | 'asset' | 'totalMinor' | 'feeMinor'> & {
    reserveMinor: bigint;
  },
): Entry {
  const { transactionId, seller, asset, totalMinor, feeMinor, reserveMinor } = input;
  const proceeds = totalMinor - feeMinor;
  return entry('release', transactionId, transactionId, [
    debit(of(seller, 'entitlement', asset), proceeds),
    debit(of(AURA, 'fees_deferred', asset), feeMinor),
    credit(of(seller, 'collateral', asset), proceeds - reserveMinor),
    credit(of(seller, 'margin', asset), reserveMinor),
    credit(of(AURA, 'fees_earned', asset), feeMinor),
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

interface PayoutPosting extends Amount {
  readonly payoutId: string;
  readonly principalId: string;
}

export function payoutSent({ payoutId, principalId, asset, amountMinor }: PayoutPosting): Entry {
  return entry('payout_sent', payoutId, null, [
    debit(of(principalId, 'collateral', asset), amountMinor),
    credit(of(principalId, 'payout_pending', asset), amountMinor),
  ]);
}

export function payoutRejected({ payoutId, principalId, asset, amountMinor }: PayoutPosting): Entry {
  return entry('payout_rejected', payoutId, null, [
    debit(of(principalId, 'payout_pending', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

export function payoutProved({
  payoutId,
  principalId,
  rail,
  asset,
  amountMinor,
}: PayoutPosting & { rail: string }): Entry {
  return entry('payout_proved', payoutId, null, [
    debit(of(principalId, 'payout_pending', asset), amountMinor),
    credit(of(railOwner(rail), 'unreconciled', asset), amountMinor),
  ]);
}
