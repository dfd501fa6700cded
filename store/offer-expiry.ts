/** Offers whose validity is over and that nobody committed to: each is told of once. */
import { inTransaction, rows, type Db } from './db';
import { recordEvents } from './states';

export async function tellExpiredOffers(db: Db, limit: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const expired = await rows<{
      id: string;
      sessionId: string;
      beaconId: string;
      validUntil: Date;
      committed: boolean;
    }>(
      trx,
      `UPDATE offers o SET expiry_told = true WHERE id IN (
         SELECT id FROM offers WHERE NOT expiry_told AND valid_until <= now() ORDER BY valid_until
         LIMIT ? FOR NO KEY UPDATE SKIP LOCKED)
       RETURNING id, session_id AS "sessionId", beacon_id AS "beaconId", valid_until AS "validUntil",
         EXISTS (SELECT 1 FROM transactions t WHERE t.offer_id = o.id) AS committed`,
      [limit],
    );
    const open = expired.filter(({ committed }) => !committed);
    if (open.length > 0)
      await recordEvents(
        trx,
        open.map(({ id, sessionId, beaconId, validUntil }) => ({
          type: 'offer.expired',
          correlationId: sessionId,
          payload: {
            session_id: sessionId,
            offer_id: id,
            beacon_id: beaconId,
            valid_until: validUntil.toISOString(),
          },
        })),
      );
    return expired.length;
  });
}
