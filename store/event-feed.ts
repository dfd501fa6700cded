/** Events as agents and operators read on from where they were. */
import type { EventType } from '../domain/events';
import { rows, type Queryable } from './db';

export interface FeedEvent {
  seq: string;
  id: string;
  type: EventType;
  correlationId: string;
  payload: Record<string, unknown>;
  at: Date;
}

export interface FeedQuery {
  /** Only events after this place. */
  afterSeq: string;
  /** All where empty. */
  types: readonly EventType[];
  limit: number;
}

const SELECT = `event_id AS id, event_type AS type, correlation_id AS "correlationId", occurred_at AS at, payload`;

/** What this agent was told, in the order in which it became known. */
export function eventsOfAgent(
  db: Queryable,
  agentId: string,
  { afterSeq, types, limit }: FeedQuery,
): Promise<FeedEvent[]> {
  return rows<FeedEvent>(
    db,
    `SELECT seq, ${SELECT} FROM agent_events
     WHERE agent_id = :agentId AND seq > :afterSeq AND (:all OR event_type = ANY(:types))
     ORDER BY seq LIMIT :limit`,
    { agentId, afterSeq, all: types.length === 0, types: [...types], limit },
  );
}

/** All events with their whole payload, for operators. */
export function allEvents(db: Queryable, { afterSeq, types, limit }: FeedQuery): Promise<FeedEvent[]> {
  return rows<FeedEvent>(
    db,
    `SELECT routed_seq AS seq, id, type, correlation_id AS "correlationId", at, payload FROM outbox
     WHERE routed_seq > :afterSeq AND (:all OR type = ANY(:types)) ORDER BY routed_seq LIMIT :limit`,
    { afterSeq, all: types.length === 0, types: [...types], limit },
  );
}

/**
 * The place of an event in an agent's feed, or in that of operators; undefined where it is not in it. One that was
 * cleared away, after a day at the least, with all before it, still has its place.
 */
export async function placeOf(
  db: Queryable,
  eventId: string,
  agentId: string | undefined,
): Promise<string | undefined> {
  const [found] = await (agentId === undefined
    ? rows<{ seq: string }>(
        db,
        'SELECT routed_seq AS seq FROM outbox WHERE id = ? AND routed_seq IS NOT NULL',
        [eventId],
      )
    : rows<{ seq: string }>(
        db,
        `SELECT seq FROM agent_events WHERE event_id = :eventId AND agent_id = :agentId
         UNION ALL
         SELECT o.routed_seq FROM outbox o WHERE o.id = :eventId AND o.at < now() - interval '1 day'
           AND NOT EXISTS (SELECT 1 FROM agent_events e WHERE e.agent_id = :agentId AND e.seq <= o.routed_seq)
         LIMIT 1`,
        { eventId, agentId },
      ));
  return found?.seq;
}
