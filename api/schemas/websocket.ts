/** What a session's WebSocket says, protocol 1.0.0, in both versions' words. Every message follows from one event. */
import { z } from 'zod';
import { CLEARING_STATES, MARKET_STATES } from '../../domain/lifecycle';
import { SESSION_STATUSES_1, VERSION_1, type ApiVersion } from '../../domain/versions';
import { id } from './common';

const frame = {
  /** Sent back as `last_event_id`, the stream goes on behind it. */
  event_id: id('event'),
  session_id: id('session'),
  timestamp: z.iso.datetime(),
};

const rank = z
  .int()
  .nullable()
  .describe('The place among the ranked offers; null as long as the session has not been ranked.');
const score = z
  .number()
  .nullable()
  .describe("The seller's reputation, 0 to 100; null where the session did not ask for reputation data.");

export const statusChanged1 = z
  .object({ event: z.literal('status_changed'), ...frame, status: z.enum(SESSION_STATUSES_1) })
  .meta({ id: 'StatusChanged1', description: 'The session reached another status.' });

export const statusChanged = z
  .object({
    event: z.literal('status_changed'),
    ...frame,
    status: z.enum(MARKET_STATES),
    clearing_status: z.enum(CLEARING_STATES).nullable(),
  })
  .meta({
    id: 'StatusChanged',
    description: 'The session or the clearing of its deal reached another state.',
  });

export const offerReceived1 = z
  .object({
    event: z.literal('offer_received'),
    ...frame,
    offer_id: id('offer'),
    rank,
    beacon_id: id('beacon'),
    preview: z.object({
      product_name: z.string(),
      price_usd: z
        .union([z.number(), z.string()])
        .nullable()
        .describe('Null for a currency that AURA has no rate of; a string beyond 15 digits.'),
      beacon_score: score,
    }),
  })
  .meta({ id: 'OfferReceived1', description: 'A seller answered with an offer.' });

export const offerReceived = z
  .object({
    event: z.literal('offer_received'),
    ...frame,
    offer_id: id('offer'),
    rank,
    beacon_id: id('beacon'),
    preview: z.object({
      product_name: z.string(),
      price: z.string(),
      currency: z.string(),
      beacon_score: score,
    }),
  })
  .meta({ id: 'OfferReceived', description: 'A seller answered with an offer.' });

export const offersReady = z
  .object({ event: z.literal('offers_ready'), ...frame, total_offers: z.int().min(0) })
  .meta({ id: 'OffersReady', description: 'The offers are ranked and wait to be committed to.' });

export const sessionMessage1 = z.discriminatedUnion('event', [statusChanged1, offerReceived1, offersReady]);
export const sessionMessage = z.discriminatedUnion('event', [statusChanged, offerReceived, offersReady]);

export type SessionMessage = z.infer<typeof sessionMessage1> | z.infer<typeof sessionMessage>;

export const messageSchemaOf = (version: ApiVersion): z.ZodType<SessionMessage> =>
  version === VERSION_1 ? sessionMessage1 : sessionMessage;

/** What a client may say in the address, besides the token. */
export const socketQuery = z.object({
  last_event_id: id('event').optional(),
});
