import type { EventType } from '../events';
import type { EventEntry } from './entry';

export type MarketEvent = Extract<EventType, `session.${string}` | `offer.${string}` | `order.${string}`>;

const STATUS = { to: ['scout'], scout: 'status_changed', socket: 'status_changed' } as const;
const OFFER = ['session_id', 'offer_id', 'beacon_id'] as const;
const END = ['session_id', 'transaction_id', 'reason'] as const;

export const MARKET_EVENTS: Readonly<Record<MarketEvent, EventEntry>> = {
  'session.created': {
    when: 'a scout has opened a session',
    to: ['scout'],
    fields: ['session_id', 'scout_id', 'profile_id'],
  },
  'session.interpreted': {
    ...STATUS,
    when: 'the intent has been interpreted',
    fields: ['session_id', 'request_id', 'category'],
  },
  'session.offers_collected': {
    when: 'the window for offers is closed',
    to: ['scout'],
    fields: ['session_id'],
  },
  'session.offers_ranked': {
    when: 'the offers are ranked (T2)',
    to: ['scout'],
    fields: ['session_id', 'offers', 'algorithm'],
    scout: 'offers_ready',
    socket: 'offers_ready',
  },
  'session.committed': {
    ...STATUS,
    when: 'the scout has committed to an offer and the gate is passed (T3)',
    fields: [
      'session_id',
      'scout_id',
      'beacon_id',
      'offer_id',
      'transaction_id',
      'category',
      'amount_usd',
      'payment_method',
      'cwr_score',
      'offer_rank',
      'total_offers',
      'session_duration_ms',
    ],
  },
  'session.completed': { ...STATUS, when: 'the deal is completed (T8, T17)', fields: END },
  'session.cancelled': { ...STATUS, when: 'the session is cancelled (T5, T10, T11)', fields: END },
  'session.expired': {
    ...STATUS,
    when: 'no valid offer came in time (T9), or none was committed to in time (T12)',
    fields: END,
  },
  'session.failed': {
    ...STATUS,
    when: 'no request could be made of the intent, no seller fits, or the payment failed (T4)',
    fields: [...END, 'code'],
  },
  'offer.requested': {
    when: 'a seller is asked for offers',
    to: ['beacon'],
    fields: ['session_id', 'request_id', 'beacon_id'],
    beacon: 'offer_request',
  },
  'offer.received': {
    when: 'an offer has arrived',
    to: ['scout', 'beacon'],
    fields: OFFER,
    socket: 'offer_received',
  },
  'offer.validated': {
    when: "an offer's signature and form are checked",
    to: ['scout', 'beacon'],
    fields: OFFER,
  },
  'offer.rejected': {
    when: 'an offer is not taken, for a policy or a rule that it breaks',
    to: ['beacon'],
    fields: [...OFFER, 'product_id', 'policy_id', 'policy_of', 'rule', 'reason'],
  },
  'offer.accepted': {
    when: "the scout's commitment is authorised (T19); only now is the buyer revealed",
    to: ['scout', 'seller'],
    fields: [...OFFER, 'transaction_id', 'scout_id'],
    beacon: 'offer_accepted',
  },
  'offer.expired': {
    when: 'an offer that nobody committed to is past its validity',
    to: ['scout', 'beacon'],
    fields: [...OFFER, 'valid_until'],
  },
  'order.released': {
    when: 'an order that its seller had confirmed is not committed after all',
    to: ['beacon'],
    fields: [...OFFER, 'transaction_id', 'reason'],
    beacon: 'transaction_cancelled',
  },
};
