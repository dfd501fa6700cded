/**
 * Journal entries. Each is built from pairs of a debit and a credit, so it balances by construction; the database
 * checks it again. Amounts are positive minor units; postings of zero are left out.
 */
import { atPar } from '../par';
import type { AssetCode } from '../money';
import { AURA, railOwner, type AccountKind, type AccountRef, type Side } from './accounts';

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
  'default_fund_contribution',
  'deposit_proved',
  'deposit_returned',
  'statement_line',
  'unmatched_line',
  'unknown_receipt',
  'receipt_sent_back',
  'rail_fee_passed_on',
  'novation',
  'novation_unwound',
  'settlement_proved',
  'release',
  'margin_released',
  'penalty',
  'refund_granted',
  'refund_proved',
  'refund_to_balance',
  'refund_withdrawn',
  'reversal',
  'waterfall',
  'reversal_undone',
  'payout_sent',
  'payout_rejected',
  'payout_proved',
  'payout_returned',
  'netting_closed',
  'net_in_proved',
  'net_out_proved',
  'netting_undone',
  'net_out_to_balance',
] as const;
export type LedgerEvent = (typeof LEDGER_EVENTS)[number];

export class LedgerError extends Error {
  override name = 'LedgerError';
}

export interface Amount {
  readonly asset: AssetCode;
  readonly amountMinor: bigint;
}

/** A rail's account. `settledAs` is what the rail moves for the books' asset; the same where it is left out. */
export interface AtRail {
  readonly rail: string;
  readonly settledAs?: AssetCode;
}

export const of = (owner: string, kind: AccountKind, asset: AssetCode): AccountRef => ({
  owner,
  kind,
  asset,
});

export const debit = (account: AccountRef, amountMinor: bigint): Posting => ({
  account,
  side: 'debit',
  amountMinor,
});
export const credit = (account: AccountRef, amountMinor: bigint): Posting => ({
  account,
  side: 'credit',
  amountMinor,
});

/**
 * A movement on a rail's proved but not yet reconciled account, against an amount in the books' asset. Where the rail
 * moves another asset, `par` takes the one in and gives the other out, so that each asset balances by itself.
 */
export function atRail(side: Side, { rail, settledAs }: AtRail, { asset, amountMinor }: Amount): Posting[] {
  const [here, there] = side === 'debit' ? [debit, credit] : [credit, debit];
  if (settledAs === undefined || settledAs === asset) {
    return [here(of(railOwner(rail), 'unreconciled', asset), amountMinor)];
  }
  const settledMinor = atPar(amountMinor, asset, settledAs);
  return [
    here(of(railOwner(rail), 'unreconciled', settledAs), settledMinor),
    there(of(AURA, 'par', settledAs), settledMinor),
    here(of(AURA, 'par', asset), amountMinor),
  ];
}

export function entry(
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
