/** A session's events as they stand in the outbox, for whoever follows it live. */
import { rows, type Queryable } from './db';
import type { OutboxEvent } from './outbox';

/**
 * Events of one session after a place in the outbox, oldest first. Those that tell of a change of state or of an offer
 * are written under the session's lock, so that their order is that of their commits and none appears behind `afterSeq`.
 */
export function eventsOfSession(
  db: Queryable,
  sessionId: string,
  afterSeq: string,
  limit: number,
): Promise<OutboxEvent[]> {
  return rows<OutboxEvent>(
    db,
    `SELECT seq, id, type, correlation_id AS "correlationId", payload, at FROM outbox
     WHERE correlation_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
    [sessionId, afterSeq, limit],
  );
}

export async function isEventOf(db: Queryable, sessionId: string, eventId: string): Promise<boolean> {
  const found = await rows(db, 'SELECT 1 FROM outbox WHERE id = ? AND correlation_id = ?', [
    eventId,
    sessionId,
  ]);
  return found.length > 0;
}

/** The place of the newest event of each of these sessions. */
export async function newestEvents(
  db: Queryable,
  sessionIds: readonly string[],
): Promise<Map<string, bigint>> {
  const found = await rows<{ id: string; seq: string }>(
    db,
    `SELECT s.id, o.seq FROM unnest(?::text[]) AS s(id)
     CROSS JOIN LATERAL (SELECT max(seq) AS seq FROM outbox WHERE correlation_id = s.id) o WHERE o.seq IS NOT NULL`,
    [[...sessionIds]],
  );
  return new Map(found.map(({ id, seq }) => [id, BigInt(seq)]));
}

/** What a buyer sees of an offer before it asks for it. */
export interface OfferPreview {
  id: string;
  beaconId: string;
  principalId: string;
  productName: string;
  asset: string;
  unitPriceMinor: string;
  rank: number | null;
}

export async function offerPreviews(
  db: Queryable,
  offerIds: readonly string[],
): Promise<Map<string, OfferPreview>> {
  if (offerIds.length === 0) return new Map();
  const found = await rows<OfferPreview>(
    db,
    `SELECT id, beacon_id AS "beaconId", principal_id AS "principalId", document->'product'->>'name' AS "productName",
       asset, unit_price_minor AS "unitPriceMinor", rank FROM offers WHERE id = ANY(?)`,
    [[...offerIds]],
  );
  return new Map(found.map((preview) => [preview.id, preview]));
}
