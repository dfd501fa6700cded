/** Requests as their recipients are shown them. */
import type { OfferRequestInput } from '../domain/market/offer-request';
import { rows, type Queryable } from './db';
import type { Projection } from './sessions';

export type OfferRequest = Omit<OfferRequestInput, 'publicUrl'>;

interface Row {
  sessionId: string;
  offersDueAt: Date;
  requestId: string;
  projection: Projection;
  askedAt: Date;
  context: Record<string, unknown> | null;
}

const SELECT = `SELECT s.id AS "sessionId", s.offers_due_at AS "offersDueAt", r.id AS "requestId", r.projection,
    rr.asked_at AS "askedAt", to_jsonb(rr)->'context' AS context
  FROM request_recipients rr JOIN requests r ON r.id = rr.request_id JOIN sessions s ON s.id = r.session_id`;

/** Requests this beacon was asked to answer and has not yet, oldest first. */
export async function pendingRequests(
  db: Queryable,
  beaconId: string,
  limit: number,
): Promise<OfferRequest[]> {
  const found = await rows<Row>(
    db,
    `${SELECT} WHERE rr.beacon_id = ? AND rr.status = 'asked' AND s.market_state = 'collecting_offers'
       AND s.offers_due_at > now() ORDER BY rr.asked_at, r.id LIMIT ?`,
    [beaconId, limit],
  );
  return found.map(offerRequest);
}

/** What this beacon was asked in a session, answered or not; nothing where it was not asked. */
export async function findOfferRequest(
  db: Queryable,
  sessionId: string,
  beaconId: string,
): Promise<OfferRequest | undefined> {
  const [found] = await rows<Row>(
    db,
    `${SELECT} WHERE rr.session_id = ? AND rr.beacon_id = ? AND s.offers_due_at IS NOT NULL`,
    [sessionId, beaconId],
  );
  return found && offerRequest(found);
}

function offerRequest({
  sessionId,
  offersDueAt,
  requestId,
  projection,
  askedAt,
  context,
}: Row): OfferRequest {
  return {
    session: { id: sessionId, offersDueAt },
    request: { id: requestId, projection },
    recipient: { askedAt, context },
  };
}
