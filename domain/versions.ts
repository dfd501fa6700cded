/** The protocol's two versions, by the day they took effect, and the names the first one has for states. */
import type { ClearingState, MarketState } from './lifecycle';

/** Protocol 1.0.0: API keys, decimal numbers, one `status`. */
export const VERSION_1 = '2026-01-01';
/** Protocol 2.2: principals, signed requests, market and clearing states. */
export const VERSION_2 = '2026-04-01';
export const API_VERSIONS = [VERSION_1, VERSION_2] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];
export const CURRENT_VERSION: ApiVersion = VERSION_2;

export function isApiVersion(value: string): value is ApiVersion {
  return API_VERSIONS.some((version) => version === value);
}

export const SESSION_STATUSES_1 = [
  'created',
  'interpreting',
  'discovering',
  'collecting_offers',
  'offers_ready',
  'committed',
  'transaction_pending',
  'completed',
  'cancelled',
  'expired',
  'failed',
] as const;
export type SessionStatus1 = (typeof SESSION_STATUSES_1)[number];

export const TRANSACTION_STATUSES_1 = [
  'pending',
  'payment_authorized',
  'confirmed',
  'fulfilled',
  'completed',
  'cancelled',
  'failed',
] as const;
export type TransactionStatus1 = (typeof TRANSACTION_STATUSES_1)[number];

interface States {
  market: MarketState;
  clearing: ClearingState | null;
}

/** A session's status as version 1 names it. */
export function sessionStatus1({ market, clearing }: States): SessionStatus1 {
  switch (market) {
    case 'offers_available':
      return 'offers_ready';
    case 'committed':
      return clearing === null ? 'committed' : 'transaction_pending';
    case 'fulfilled':
    case 'disputed':
    case 'resolved':
      return 'transaction_pending';
    default:
      return market;
  }
}

/** A transaction's status as version 1 names it; `undefined` keeps the one before, as a dispute does. */
export function transactionStatus1({ market, clearing }: States): TransactionStatus1 | undefined {
  if (market === 'disputed' || market === 'resolved') return undefined;
  if (market === 'cancelled' || clearing === 'reversed' || clearing === 'refunded') return 'cancelled';
  if (market === 'failed' || clearing === 'declined') return 'failed';
  if (market === 'fulfilled' || market === 'completed') return market;
  switch (clearing) {
    case null:
    case 'risk_assessed':
      return 'pending';
    case 'authorized':
    case 'settling':
    case 'exception':
      return 'payment_authorized';
    case 'settled':
    case 'cleared':
      return 'confirmed';
  }
}

export interface StateChange {
  region: 'market' | 'clearing';
  to: string;
  at: Date;
}

/** What version 1 saw of a deal, from its first day: each status once, with the instant it began. */
export function statusHistory1(changes: readonly StateChange[]): { status: TransactionStatus1; at: Date }[] {
  const states: States = { market: 'committed', clearing: null };
  const seen: { status: TransactionStatus1; at: Date }[] = [];
  let begun = false;
  for (const { region, to, at } of changes) {
    if (region === 'market') states.market = to as MarketState;
    else states.clearing = to as ClearingState;
    begun ||= states.market === 'committed';
    const status = begun ? transactionStatus1(states) : undefined;
    if (status && seen.at(-1)?.status !== status) seen.push({ status, at });
  }
  return seen;
}
