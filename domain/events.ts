/** The catalogue of events that leave through the outbox, written with the state change they tell of. */
export const EVENT_TYPES = [
  'session.created',
  'session.interpreted',
  'session.offers_collected',
  'session.offers_ranked',
  'session.committed',
  'session.completed',
  'session.cancelled',
  'session.expired',
  'session.failed',
  'offer.requested',
  'offer.received',
  'offer.accepted',
  'transaction.risk_assessed',
  'transaction.authorized',
  'transaction.settling',
  'transaction.settled',
  'transaction.cleared',
  'transaction.declined',
  'transaction.exception',
  'transaction.fulfilled',
  'transaction.completed',
  'transaction.reversed',
  'transaction.refunded',
  'transaction.rerouted',
  'transaction.cancelled',
  'margin.called',
  'margin.released',
  'recovery.called',
  'recovery.covered',
  'principal.suspended',
  'default.declared',
  'refund.granted',
  'refund.proved',
  'dispute.opened',
  'dispute.answered',
  'dispute.resolved',
  'dispute.overdue',
  'rail.health_changed',
  'payout.sent',
  'payout.proved',
  'payout.rejected',
  'netting.closed',
  'netting.failed_over',
  'netting.settled',
  'agent.registered',
  'agent.suspended',
  'agent.reinstated',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export interface DomainEvent {
  readonly type: EventType;
  /** The session or other aggregate whose events are delivered in order. */
  readonly correlationId: string;
  /** Ids and amounts only: no personal data travels in events. */
  readonly payload: Readonly<Record<string, unknown>>;
}
