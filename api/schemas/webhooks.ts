/** What a webhook says, by its name: the envelope of protocol 1.0.0, and in it what the agent's version names. */
import { z } from 'zod';
import { CLEARING_STATES, MARKET_STATES } from '../../domain/lifecycle';
import type { BeaconWebhook, ScoutWebhook } from '../../domain/notifications';
import { SESSION_STATUSES_1, TRANSACTION_STATUSES_1 } from '../../domain/versions';
import { id } from './common';

const instant = z.iso.datetime();
const loose = z.record(z.string(), z.unknown());
const clearing = z.enum(CLEARING_STATES).nullable().optional();

const offerRequest = z
  .object({
    request_id: id('request'),
    session_id: id('session'),
    respond_by: instant,
    response_url: z.url(),
    interpreted_request: z.object({ structured_requirements: loose, natural_language_context: loose }),
    beacon_context: loose.nullable(),
  })
  .meta({ id: 'OfferRequest' });

const offerAccepted = z
  .object({
    offer_id: id('offer'),
    session_id: id('session'),
    transaction_id: id('transaction'),
    quantity: z.int().min(1),
    shipping_method: z.string().nullable(),
    buyer_identity: loose.nullable(),
    shipping_address: loose.nullable(),
    marketing_opt_in: z.boolean(),
    payment_pending: z.boolean(),
  })
  .meta({ id: 'OfferAccepted' });

const sessionStatus = z
  .object({
    session_id: id('session'),
    status: z.enum([...new Set([...MARKET_STATES, ...SESSION_STATUSES_1])]),
    clearing_status: clearing,
    transaction_id: id('transaction').optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'SessionStatus' });

const sessionOffers = sessionStatus
  .extend({ total_offers: z.int().min(1), offers_url: z.url() })
  .meta({ id: 'SessionOffers' });

/** An order that its seller had confirmed and that is not committed after all has no deal to tell more of. */
const transactionStatus = z
  .looseObject({
    transaction_id: id('transaction').optional(),
    session_id: id('session'),
    offer_id: id('offer'),
    quantity: z.int().min(1).optional(),
    status: z.enum([...new Set([...MARKET_STATES, ...TRANSACTION_STATUSES_1])]).optional(),
    clearing_status: clearing,
    amounts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    reason: z.string().optional(),
    reason_code: z.string().optional(),
    refund_id: id('refund').optional(),
  })
  .meta({ id: 'TransactionStatus' });

const told = loose.meta({ id: 'EventPayload', description: 'What the event of that name tells the agent.' });

const envelope = {
  event_id: id('event').describe('The same for every attempt; drop what was received before.'),
  timestamp: instant,
  signature: z.string().describe("AURA's Ed25519 signature, `sig_` and base64."),
};

const toBeacon = <Name extends BeaconWebhook>(name: Name, payload: z.ZodType, beside: z.ZodRawShape = {}) =>
  z.object({ ...beside, ...envelope, event_type: z.literal(name), beacon_id: id('beacon'), payload });
const toScout = <Name extends ScoutWebhook>(name: Name, payload: z.ZodType) =>
  z.object({ ...envelope, event_type: z.literal(name), scout_id: id('scout'), payload });

/** The request stands beside the envelope's members as well, for those who read either. */
const requestBeside = { ...offerRequest.shape, request_type: z.literal('offer_request') };

export const BEACON_MESSAGES: Readonly<Record<BeaconWebhook, z.ZodType>> = {
  offer_request: toBeacon('offer_request', offerRequest, requestBeside),
  offer_accepted: toBeacon('offer_accepted', offerAccepted),
  transaction_confirmed: toBeacon('transaction_confirmed', transactionStatus),
  transaction_cancelled: toBeacon('transaction_cancelled', transactionStatus),
  transaction_completed: toBeacon('transaction_completed', transactionStatus),
  policy_violation: toBeacon('policy_violation', told),
  reputation_updated: toBeacon('reputation_updated', told),
};

export const SCOUT_MESSAGES: Readonly<Record<ScoutWebhook, z.ZodType>> = {
  status_changed: toScout('status_changed', sessionStatus),
  offers_ready: toScout('offers_ready', sessionOffers),
  transaction_payment_authorized: toScout('transaction_payment_authorized', transactionStatus),
  transaction_confirmed: toScout('transaction_confirmed', transactionStatus),
  transaction_fulfilled: toScout('transaction_fulfilled', transactionStatus),
  transaction_completed: toScout('transaction_completed', transactionStatus),
  transaction_cancelled: toScout('transaction_cancelled', transactionStatus),
  transaction_failed: toScout('transaction_failed', transactionStatus),
  policy_violation: toScout('policy_violation', told),
  reputation_updated: toScout('reputation_updated', told),
};
