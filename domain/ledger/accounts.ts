/** The chart of accounts. Every account is `(owner, kind, asset)`; its kind says which side increases it. */
import type { AssetCode } from '../money';

export type Side = 'debit' | 'credit';

interface KindShape {
  readonly normal: Side;
  /** Whether the database refuses a balance below zero. */
  readonly nonNegative?: true;
}

export const ACCOUNT_KINDS = {
  cash: { normal: 'debit' },
  unreconciled: { normal: 'debit' },
  obligation: { normal: 'debit' },
  recoverable: { normal: 'debit' },
  rail_fees: { normal: 'debit' },
  collateral: { normal: 'credit', nonNegative: true },
  margin: { normal: 'credit', nonNegative: true },
  entitlement: { normal: 'credit' },
  fees_deferred: { normal: 'credit' },
  fees_earned: { normal: 'credit' },
  refund_due: { normal: 'credit' },
  payout_pending: { normal: 'credit' },
  suspense: { normal: 'credit' },
  netting: { normal: 'credit' },
  default_fund: { normal: 'credit' },
  capital: { normal: 'credit' },
  par: { normal: 'credit' },
} as const satisfies Record<string, KindShape>;

export type AccountKind = keyof typeof ACCOUNT_KINDS;

/** Kinds that must be zero for a deal at a terminal state. */
export const DEAL_ACCOUNT_KINDS = ['obligation', 'entitlement', 'fees_deferred', 'refund_due'] as const;

export interface AccountRef {
  /** A principal, `aura`, or `rail:<name>`. */
  readonly owner: string;
  readonly kind: AccountKind;
  readonly asset: AssetCode;
}

export const AURA = 'aura';
export const railOwner = (rail: string): string => `rail:${rail}`;

export function normalSide(kind: AccountKind): Side {
  return ACCOUNT_KINDS[kind].normal;
}

/** Kinds whose balance the database keeps at or above zero. */
export const NON_NEGATIVE_KINDS: readonly AccountKind[] = (
  Object.keys(ACCOUNT_KINDS) as AccountKind[]
).filter((kind) => 'nonNegative' in ACCOUNT_KINDS[kind]);
