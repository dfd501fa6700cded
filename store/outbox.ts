import { rows, type Db } from './db';

export interface OutboxEvent {
  seq: string;
  id: string;
  type: string;
  correlationId: string;
  payload: Record<string, unknown>;
  at: Date;
  /** The agents in whose feeds it is; before it has come there it does not say. */
  to?: readonly string[];
}

/**
 * Hands unpublished events to `publish` in order and marks them. One relay at a time: a second one finds the rows
 * locked and passes. A crash between the two publishes again, so readers see an event at least once.
 */
export async function relayEvents(
  db: Db,
  limit: number,
  publish: (events: OutboxEvent[]) => Promise<void>,
): Promise<number> {
  return db.transaction(async (trx) => {
    const lock = await rows<{ held: boolean }>(
      trx,
      "SELECT pg_try_advisory_xact_lock(hashtext('outbox')) AS held",
    );
    if (!lock[0]?.held) return 0;
    const events = await rows<OutboxEvent>(
      trx,
      `SELECT seq, id, type, correlation_id AS "correlationId", payload, at FROM outbox
       WHERE published_at IS NULL ORDER BY seq LIMIT ?`,
      [limit],
    );
    if (events.length === 0) return 0;
    await publish(events);
    // The router writes to the same rows, so both lock them in one order.
    await trx.raw(
      `UPDATE outbox SET published_at = now()
       WHERE seq IN (SELECT seq FROM outbox WHERE seq = ANY(?) ORDER BY seq FOR NO KEY UPDATE)`,
      [events.map(({ seq }) => seq)],
    );
    return events.length;
  });
}
