import { z } from 'zod';
import { EVENT_TYPES, type EventType } from '../../domain/events';
import { BEACON_WEBHOOKS, SCOUT_WEBHOOKS } from '../../domain/notifications';
import { DELIVERY_STATUSES } from '../../store/webhooks';
import { id } from './common';

const eventTypes = z
  .string()
  .max(2_000)
  .default('')
  .transform((list, context): EventType[] => {
    const asked = [...new Set(list.split(',').filter(Boolean))];
    const types = asked.flatMap((name) => EVENT_TYPES.find((type) => type === name) ?? []);
    if (types.length === asked.length) return types;
    context.addIssue({ code: 'custom', message: 'names of event types, separated by commas' });
    return z.NEVER;
  });

export const eventsQuery = z.object({
  /** The last event that was read; from the first one without. */
  after: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** Seconds to wait for an event where there is none yet. */
  wait: z.coerce.number().int().min(0).max(30).default(0),
  types: eventTypes,
});

export const eventEnvelope = z
  .object({
    event_id: id('event'),
    event_type: z.enum(EVENT_TYPES),
    event_version: z.literal('1.0'),
    timestamp: z.string(),
    source: z.literal('aura_core'),
    correlation_id: z.string(),
    payload: z.record(z.string(), z.unknown()),
    metadata: z.object({
      environment: z.enum(['production', 'sandbox']),
      region: z.string(),
      aura_version: z.string(),
    }),
  })
  .meta({ id: 'Event' });

export const eventsResponse = z
  .object({
    events: z.array(eventEnvelope),
    /** What to send as `after` next time; null where nothing was read yet. */
    next_after: z.string().nullable(),
    /** Whether there is more already. */
    has_more: z.boolean(),
  })
  .meta({ id: 'Events' });

export const deliveriesQuery = z.object({
  status: z.enum(DELIVERY_STATUSES).optional(),
  agent_id: z.string().max(40).optional(),
  after: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const deliveryParams = z.object({ delivery_id: z.string().max(40) });

export const deliveryResponse = z
  .object({
    delivery_id: id('webhookDelivery'),
    agent_id: z.string(),
    event_id: id('event'),
    event_type: z.enum([...new Set([...BEACON_WEBHOOKS, ...SCOUT_WEBHOOKS])]),
    correlation_id: z.string(),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.number().int(),
    next_attempt_at: z.string().nullable(),
    last_attempt_at: z.string().nullable(),
    last_outcome: z.string().nullable(),
    delivered_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveriesResponse = z
  .object({ deliveries: z.array(deliveryResponse) })
  .meta({ id: 'WebhookDeliveries' });

export const keysResponse = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
        kid: z.string(),
        x: z.string(),
      }),
    ),
  })
  .meta({ id: 'KeySet' });
