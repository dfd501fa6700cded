/** Events and deliveries as they are shown. */
import { VERSION_1, type ApiVersion } from '../../domain/versions';
import type { FeedEvent } from '../../store/event-feed';
import type { DeliveryRecord } from '../../store/webhooks';
import { jsonNumber } from './numbers';

export interface EventMetadata {
  sandbox: boolean;
  region: string;
}

/** The envelope of protocol 1.0.0. */
export function eventView(event: FeedEvent, version: ApiVersion, { sandbox, region }: EventMetadata) {
  return {
    event_id: event.id,
    event_type: event.type,
    event_version: '1.0',
    timestamp: event.at.toISOString(),
    source: 'aura_core',
    correlation_id: event.correlationId,
    payload: version === VERSION_1 ? withNumbers(event.payload) : event.payload,
    metadata: {
      environment: sandbox ? 'sandbox' : 'production',
      region,
      aura_version: version === VERSION_1 ? '1.0.0' : '2.2.0',
    },
  };
}

/** Version 1 writes amounts in dollars as numbers. */
function withNumbers(payload: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      name.endsWith('_usd') && typeof value === 'string' ? jsonNumber(value) : value,
    ]),
  );
}

export function deliveryView(delivery: DeliveryRecord) {
  return {
    delivery_id: delivery.id,
    agent_id: delivery.agentId,
    event_id: delivery.eventId,
    event_type: delivery.name,
    correlation_id: delivery.correlationId,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: delivery.status === 'pending' ? delivery.nextAttemptAt.toISOString() : null,
    last_attempt_at: delivery.lastAttemptAt?.toISOString() ?? null,
    last_outcome: delivery.lastOutcome,
    delivered_at: delivery.deliveredAt?.toISOString() ?? null,
    created_at: delivery.createdAt.toISOString(),
  };
}
