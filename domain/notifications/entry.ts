/** What the catalogue says of a type of event. */

/**
 * Who is told, besides operators, who see everything:
 * - `scout`: the buyer's agent whose session it is;
 * - `beacon`: the seller's agent that the payload names;
 * - `seller`: the deal's beacon, and only of a deal that was authorised (T19);
 * - `agent`: the agent that the payload names;
 * - `principal`: every agent of the principal that the payload names;
 * - `short_sides`: of a deal's two agents, those of the sides that the payload names.
 */
export type Audience = 'scout' | 'beacon' | 'seller' | 'agent' | 'principal' | 'short_sides';

/** Names of messages to beacons, protocol 1.0.0. */
export const BEACON_WEBHOOKS = [
  'offer_request',
  'offer_accepted',
  'transaction_confirmed',
  'transaction_cancelled',
  'transaction_completed',
  'policy_violation',
  'reputation_updated',
] as const;
export type BeaconWebhook = (typeof BEACON_WEBHOOKS)[number];

/** Names of messages to scouts that gave a callback address. */
export const SCOUT_WEBHOOKS = [
  'status_changed',
  'offers_ready',
  'transaction_payment_authorized',
  'transaction_confirmed',
  'transaction_fulfilled',
  'transaction_completed',
  'transaction_cancelled',
  'transaction_failed',
  'policy_violation',
  'reputation_updated',
] as const;
export type ScoutWebhook = (typeof SCOUT_WEBHOOKS)[number];
export type WebhookName = BeaconWebhook | ScoutWebhook;

/** Messages of the session's WebSocket, protocol 1.0.0. */
export type SocketMessage = 'status_changed' | 'offer_received' | 'offers_ready';

export interface EventEntry {
  /** When it is told. */
  readonly when: string;
  readonly to: readonly Audience[];
  /** Members of the payload that agents are shown; anything else in it is for operators. */
  readonly fields: readonly string[];
  readonly beacon?: BeaconWebhook;
  readonly scout?: ScoutWebhook;
  readonly socket?: SocketMessage;
}

export const DEAL = ['session_id', 'transaction_id'] as const;
export const PARTIES = [...DEAL, 'scout_id', 'beacon_id'] as const;
