/** What each event says of a session's state, so that its states can be told one by one from its events. */
import type { EventType } from './events';
import type { ClearingState, DealState, MarketState } from './lifecycle';

const MARKET: Readonly<Partial<Record<EventType, MarketState>>> = {
  'session.created': 'created',
  'session.interpreted': 'collecting_offers',
  'session.offers_collected': 'offers_available',
  'session.committed': 'committed',
  'session.completed': 'completed',
  'session.cancelled': 'cancelled',
  'session.expired': 'expired',
  'session.failed': 'failed',
  'transaction.fulfilled': 'fulfilled',
  'transaction.completed': 'completed',
  'transaction.cancelled': 'cancelled',
  'dispute.opened': 'disputed',
  'dispute.resolved': 'resolved',
};

const CLEARING: Readonly<Partial<Record<EventType, ClearingState>>> = {
  'transaction.risk_assessed': 'risk_assessed',
  'transaction.authorized': 'authorized',
  'transaction.settling': 'settling',
  'transaction.rerouted': 'settling',
  'transaction.exception': 'exception',
  'transaction.settled': 'settled',
  'transaction.cleared': 'cleared',
  'transaction.declined': 'declined',
  'transaction.reversed': 'reversed',
  'transaction.refunded': 'refunded',
};

export const FIRST_STATE: DealState = { market: 'created', clearing: null };

/** The state after an event; the same where it tells of none. */
export function stateAfter(state: DealState, type: string): DealState {
  return {
    market: MARKET[type as EventType] ?? state.market,
    clearing: CLEARING[type as EventType] ?? state.clearing,
  };
}

const ENDS: ReadonlySet<MarketState> = new Set(['completed', 'cancelled', 'expired', 'failed']);

/** Whether nothing more is expected of the session. A late dispute or return can still reopen it. */
export function isEnded({ market }: DealState): boolean {
  return ENDS.has(market);
}
