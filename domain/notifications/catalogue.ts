/** The catalogue of events with who is told of each, and what. Documentation, routing and webhooks come from here. */
import type { EventType } from '../events';
import { DEAL_EVENTS } from './deal-events';
import type { EventEntry } from './entry';
import { MARKET_EVENTS } from './market-events';
import { PARTY_EVENTS } from './party-events';

export const EVENT_CATALOGUE: Readonly<Record<EventType, EventEntry>> = {
  ...MARKET_EVENTS,
  ...DEAL_EVENTS,
  ...PARTY_EVENTS,
};
