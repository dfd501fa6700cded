import type { EventType } from '../events';
import { DEAL, PARTIES, type EventEntry } from './entry';

export type DealEvent = Extract<
  EventType,
  `transaction.${string}` | `margin.${string}` | `refund.${string}` | `dispute.${string}`
>;

const BOTH = { to: ['scout', 'seller'] } as const;
const DISPUTE = [...PARTIES, 'dispute_id'] as const;

export const DEAL_EVENTS: Readonly<Record<DealEvent, EventEntry>> = {
  'transaction.initiated': {
    when: 'a transaction is made of a commitment (T3)',
    to: ['scout'],
    fields: [...PARTIES, 'offer_id'],
  },
  'transaction.risk_assessed': { when: 'the risk is computed (T18)', to: ['scout'], fields: DEAL },
  'transaction.authorized': {
    ...BOTH,
    when: 'margin is funded and AURA stands between both sides (T19)',
    fields: PARTIES,
    scout: 'transaction_payment_authorized',
    socket: 'status_changed',
  },
  'transaction.payment_authorized': {
    ...BOTH,
    when: 'the payment may be made, with T19',
    fields: [...PARTIES, 'rail'],
  },
  'transaction.settling': { ...BOTH, when: 'the instruction is signed and sent (T20)', fields: PARTIES },
  'transaction.settled': {
    ...BOTH,
    when: "the rail's proof is verified (T21, X7)",
    fields: PARTIES,
    beacon: 'transaction_confirmed',
    scout: 'transaction_confirmed',
    socket: 'status_changed',
  },
  'transaction.payment_captured': {
    ...BOTH,
    when: 'the payment has reached AURA, with T21',
    fields: [...PARTIES, 'rail'],
  },
  'transaction.cleared': { ...BOTH, when: "reconciled with the rail's statement (T22)", fields: PARTIES },
  'transaction.declined': {
    ...BOTH,
    when: 'the deal will not clear (X1, X4)',
    fields: [...DEAL, 'reason'],
    beacon: 'transaction_cancelled',
    scout: 'transaction_failed',
    socket: 'status_changed',
  },
  'transaction.payment_failed': {
    ...BOTH,
    when: 'the payment is given up, with X1 or X4 that nobody asked for',
    fields: [...DEAL, 'reason'],
  },
  'transaction.exception': {
    ...BOTH,
    when: 'the outcome at the rail is unknown, or the rail refused (X2)',
    fields: [...DEAL, 'cause'],
  },
  'transaction.rerouted': { ...BOTH, when: 'another rail is tried (X3)', fields: [...DEAL, 'from', 'to'] },
  'transaction.fulfilled': {
    ...BOTH,
    when: 'delivery is reported (T6)',
    fields: PARTIES,
    scout: 'transaction_fulfilled',
    socket: 'status_changed',
  },
  'transaction.completed': {
    ...BOTH,
    when: 'everything is settled (T8, T17)',
    fields: PARTIES,
    beacon: 'transaction_completed',
    scout: 'transaction_completed',
    socket: 'status_changed',
  },
  'transaction.cancelled': {
    ...BOTH,
    when: 'a party cancelled, or a dispute unwound it (T5, T16)',
    fields: [...PARTIES, 'reason'],
    beacon: 'transaction_cancelled',
    scout: 'transaction_cancelled',
    socket: 'status_changed',
  },
  'transaction.reversed': {
    ...BOTH,
    when: 'the rail took the payment back (X5)',
    fields: [...DEAL, 'reason_code'],
    beacon: 'transaction_cancelled',
    scout: 'transaction_cancelled',
  },
  'transaction.refunded': {
    ...BOTH,
    when: 'refunds that arrived add up to the total (X6)',
    fields: [...DEAL, 'refund_id'],
    beacon: 'transaction_cancelled',
    scout: 'transaction_cancelled',
  },
  'margin.called': {
    when: 'a side has too little collateral for its margin',
    to: ['short_sides'],
    fields: [...DEAL, 'until', 'sides'],
  },
  'margin.released': { ...BOTH, when: 'a margin is given back', fields: DEAL },
  'refund.granted': { ...BOTH, when: 'a refund is granted', fields: [...DEAL, 'refund_id'] },
  'refund.proved': { ...BOTH, when: 'a refund has reached the buyer', fields: [...DEAL, 'refund_id'] },
  'dispute.opened': {
    ...BOTH,
    when: 'a dispute is filed (T7, T13, T15)',
    fields: [...DISPUTE, 'side', 'reason'],
  },
  'dispute.answered': {
    ...BOTH,
    when: 'the other side has answered',
    fields: [...DISPUTE, 'position'],
  },
  'dispute.resolved': {
    ...BOTH,
    when: 'a dispute is decided (T14)',
    fields: [...DISPUTE, 'remedy', 'amount_minor', 'asset'],
  },
  'dispute.overdue': { when: 'a decision is overdue', to: [], fields: [...DISPUTE, 'reminder'] },
};
