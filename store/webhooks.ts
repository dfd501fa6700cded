/** The queue of webhooks: what is to be told to whom, with a lease on what is being sent. */
import type { EventType } from '../domain/events';
import type { WebhookName } from '../domain/notifications';
import type { ApiVersion } from '../domain/versions';
import { rows, type Queryable } from './db';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'expired', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** A delivery that is this process's to make until its lease ends. */
export interface ClaimedDelivery {
  id: string;
  agentId: string;
  role: 'scout' | 'beacon';
  version: ApiVersion;
  url: string | null;
  eventId: string;
  eventType: EventType;
  name: WebhookName;
  correlationId: string;
  occurredAt: Date;
  payload: Record<string, unknown>;
  /** Which attempt this is; a record of another one is not taken. */
  attempt: number;
}

export interface ClaimLimits {
  /** At most so many in all. */
  limit: number;
  /** At most so many to one agent. */
  perAgent: number;
  /** Fewer to those that are being sent to, or do not answer. */
  room: ReadonlyMap<string, number>;
  leaseMs: number;
}

/**
 * Takes what is due. Of what concerns one agent and one correlation only the first that is open is taken, so that the
 * next one waits until it was delivered or given up.
 */
export async function claimDeliveries(
  db: Queryable,
  { limit, perAgent, room, leaseMs }: ClaimLimits,
): Promise<ClaimedDelivery[]> {
  return rows<ClaimedDelivery>(
    db,
    `WITH waiting AS (
       SELECT DISTINCT agent_id FROM webhook_deliveries
       WHERE status = 'pending' AND next_attempt_at <= now() AND coalesce(lease_until, '-infinity') <= now()
     ), due AS (
       SELECT d.id FROM waiting w CROSS JOIN LATERAL (
         SELECT d.id FROM webhook_deliveries d
         WHERE d.agent_id = w.agent_id AND d.status = 'pending' AND d.next_attempt_at <= now()
           AND coalesce(d.lease_until, '-infinity') <= now()
           AND NOT EXISTS (
             SELECT 1 FROM webhook_deliveries e WHERE e.agent_id = d.agent_id
               AND e.correlation_id = d.correlation_id AND e.status = 'pending' AND e.seq < d.seq)
         ORDER BY d.seq LIMIT greatest(0, coalesce((:room::jsonb->>w.agent_id)::int, :perAgent))
       ) d
     ), locked AS (
       SELECT d.id FROM webhook_deliveries d JOIN due USING (id)
       WHERE d.status = 'pending' AND coalesce(d.lease_until, '-infinity') <= now()
       ORDER BY d.next_attempt_at LIMIT :limit FOR NO KEY UPDATE OF d SKIP LOCKED
     ), claimed AS (
       UPDATE webhook_deliveries d SET attempts = d.attempts + 1, last_attempt_at = now(),
         lease_until = now() + :leaseMs * interval '1 millisecond'
       FROM locked WHERE d.id = locked.id RETURNING d.*
     )
     SELECT c.id, c.agent_id AS "agentId", a.role, a.api_version AS version, a.webhook_url AS url,
       c.event_id AS "eventId", e.event_type AS "eventType", c.name, c.correlation_id AS "correlationId",
       e.occurred_at AS "occurredAt", e.payload, c.attempts AS attempt
     FROM claimed c JOIN agents a ON a.id = c.agent_id
     JOIN agent_events e ON e.agent_id = c.agent_id AND e.event_id = c.event_id ORDER BY c.seq`,
    { limit, perAgent, leaseMs, room: JSON.stringify(Object.fromEntries(room)) },
  );
}

export type DeliveryOutcome =
  | { status: 'delivered'; told: string }
  | { status: 'expired' | 'dead'; told: string }
  | { status: 'pending'; told: string; afterMs: number };

/** Records how an attempt ended, unless its lease was lost and another one has begun. */
export async function recordOutcome(
  db: Queryable,
  { id, attempt }: Pick<ClaimedDelivery, 'id' | 'attempt'>,
  outcome: DeliveryOutcome,
): Promise<void> {
  await db.raw(
    `UPDATE webhook_deliveries SET status = :status, lease_until = NULL, last_outcome = left(:told, 200),
       delivered_at = CASE WHEN :status = 'delivered' THEN now() END,
       next_attempt_at = now() + :afterMs * interval '1 millisecond'
     WHERE id = :id AND attempts = :attempt AND status = 'pending'`,
    {
      id,
      attempt,
      status: outcome.status,
      told: outcome.told,
      afterMs: outcome.status === 'pending' ? outcome.afterMs : 0,
    },
  );
}

export interface DeliveryRecord {
  id: string;
  seq: string;
  agentId: string;
  eventId: string;
  name: WebhookName;
  correlationId: string;
  status: DeliveryStatus;
  attempts: number;
  nextAttemptAt: Date;
  lastAttemptAt: Date | null;
  lastOutcome: string | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

const RECORD = `id, seq, agent_id AS "agentId", event_id AS "eventId", name, correlation_id AS "correlationId", status,
  attempts, next_attempt_at AS "nextAttemptAt", last_attempt_at AS "lastAttemptAt", last_outcome AS "lastOutcome",
  delivered_at AS "deliveredAt", created_at AS "createdAt"`;

export interface DeliveryFilter {
  agentId?: string;
  status?: DeliveryStatus;
  /** Only what comes after this delivery. */
  after?: string;
  limit: number;
}

/** Oldest first. */
export function listDeliveries(
  db: Queryable,
  { agentId, status, after, limit }: DeliveryFilter,
): Promise<DeliveryRecord[]> {
  return rows<DeliveryRecord>(
    db,
    `SELECT ${RECORD} FROM webhook_deliveries
     WHERE (:agentId::text IS NULL OR agent_id = :agentId) AND (:status::text IS NULL OR status = :status)
       AND (:after::text IS NULL OR seq > (SELECT seq FROM webhook_deliveries WHERE id = :after))
     ORDER BY seq LIMIT :limit`,
    { agentId: agentId ?? null, status: status ?? null, after: after ?? null, limit },
  );
}

export async function findDelivery(db: Queryable, id: string): Promise<DeliveryRecord | undefined> {
  const [found] = await rows<DeliveryRecord>(db, `SELECT ${RECORD} FROM webhook_deliveries WHERE id = ?`, [
    id,
  ]);
  return found;
}

/** Puts a delivery that is over back into the queue, with all its attempts; false where it is in the queue. */
export async function redeliver(db: Queryable, id: string): Promise<boolean> {
  const again = await rows(
    db,
    `UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = now(), lease_until = NULL,
       delivered_at = NULL
     WHERE id = ? AND status <> 'pending' RETURNING id`,
    [id],
  );
  return again.length > 0;
}
