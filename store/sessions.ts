import type { Constraints } from '../domain/constraints';
import type { MarketState } from '../domain/lifecycle';
import type { ProfileId } from '../domain/profiles';
import { rows, toVector, type Queryable, type Trx } from './db';

export interface Session {
  id: string;
  scoutId: string;
  principalId: string;
  profileId: ProfileId;
  profileVersion: number;
  rawIntent: string;
  /** What the scout stated itself. */
  asked: { constraints: Constraints; preferences: Record<string, unknown> };
  interpretation: StoredInterpretation | null;
  maxOffers: number;
  offerTimeoutMs: number;
  marketState: MarketState;
  failure: { code: string; message: string; details: Record<string, unknown> } | null;
  offersDueAt: Date | null;
  expiresAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** What the interpreter made of the sentence; `context` is composed, never copied from it. */
export interface StoredInterpretation {
  requestId: string;
  category: string;
  constraints: Constraints;
  context: { content: string; language: string };
  entities: { type: string; value: string; confidence: number }[];
  confidence: number;
  explanation: { words: string; meaning: string }[];
  interpreter: string;
}

const COLUMNS = `id, scout_id AS "scoutId", principal_id AS "principalId", profile_id AS "profileId",
  profile_version AS "profileVersion", raw_intent AS "rawIntent", asked, interpretation, max_offers AS "maxOffers",
  offer_timeout_ms AS "offerTimeoutMs", market_state AS "marketState", failure, offers_due_at AS "offersDueAt",
  expires_at AS "expiresAt", created_at AS "createdAt", updated_at AS "updatedAt"`;

export async function insertSession(
  trx: Trx,
  session: Pick<
    Session,
    | 'id'
    | 'scoutId'
    | 'principalId'
    | 'profileId'
    | 'profileVersion'
    | 'rawIntent'
    | 'asked'
    | 'maxOffers'
    | 'offerTimeoutMs'
  >,
): Promise<void> {
  await trx('sessions').insert({
    id: session.id,
    scout_id: session.scoutId,
    principal_id: session.principalId,
    profile_id: session.profileId,
    profile_version: session.profileVersion,
    raw_intent: session.rawIntent,
    asked: JSON.stringify(session.asked),
    max_offers: session.maxOffers,
    offer_timeout_ms: session.offerTimeoutMs,
  });
}

export async function findSession(db: Queryable, id: string): Promise<Session | undefined> {
  const [found] = await rows<Session>(db, `SELECT ${COLUMNS} FROM sessions WHERE id = ?`, [id]);
  return found;
}

export async function lockSession(trx: Trx, id: string): Promise<Session> {
  const [found] = await rows<Session>(trx, `SELECT ${COLUMNS} FROM sessions WHERE id = ? FOR UPDATE`, [id]);
  if (!found) throw new Error(`no session ${id}`);
  return found;
}

export async function setInterpretation(
  trx: Trx,
  id: string,
  interpretation: StoredInterpretation,
): Promise<void> {
  await trx('sessions')
    .where({ id })
    .update({ interpretation: JSON.stringify(interpretation) });
}

export async function setFailure(
  trx: Trx,
  id: string,
  failure: NonNullable<Session['failure']>,
): Promise<void> {
  await trx('sessions')
    .where({ id })
    .update({ failure: JSON.stringify(failure) });
}

/** Opens the window in which offers are taken, on the database's clock. */
export async function openOfferWindow(trx: Trx, id: string): Promise<Date> {
  const [opened] = await rows<{ due: Date }>(
    trx,
    `UPDATE sessions SET offers_due_at = now() + offer_timeout_ms * interval '1 millisecond' WHERE id = ?
     RETURNING offers_due_at AS due`,
    [id],
  );
  if (!opened) throw new Error(`no session ${id}`);
  return opened.due;
}

export async function setExpiry(trx: Trx, id: string, windowMs: number): Promise<void> {
  await trx.raw(`UPDATE sessions SET expires_at = now() + ? * interval '1 millisecond' WHERE id = ?`, [
    windowMs,
    id,
  ]);
}

/** The request as sellers may see it, stored as it was shown. */
export interface Projection {
  request_id: string;
  session_id: string;
  interpreted_request: Record<string, unknown>;
}

export interface NewRequest {
  id: string;
  sessionId: string;
  projection: Projection;
  embedding: readonly number[];
  beaconIds: readonly string[];
}

export async function insertRequest(trx: Trx, request: NewRequest): Promise<void> {
  await trx.raw(
    'INSERT INTO requests (id, session_id, projection, embedding) VALUES (?, ?, ?::jsonb, ?::vector)',
    [request.id, request.sessionId, JSON.stringify(request.projection), toVector(request.embedding)],
  );
  await trx('request_recipients').insert(
    request.beaconIds.map((beacon_id) => ({
      request_id: request.id,
      session_id: request.sessionId,
      beacon_id,
    })),
  );
}

export interface BeaconMatch {
  id: string;
  principalId: string;
}

/** Active sellers of a category who ship there, are trusted enough, and are not the buyer itself. */
export async function matchBeacons(
  db: Queryable,
  want: {
    category: string;
    shipsTo: string | undefined;
    levels: readonly string[];
    notPrincipal: string;
    limit: number;
  },
): Promise<BeaconMatch[]> {
  return rows<BeaconMatch>(
    db,
    `SELECT a.id, a.principal_id AS "principalId" FROM agents a JOIN principals p ON p.id = a.principal_id
     WHERE a.role = 'beacon' AND a.status = 'active' AND p.status = 'active'
       AND p.trust_level = ANY(:levels) AND p.id <> :notPrincipal
       AND EXISTS (SELECT 1 FROM unnest(a.categories) c
                   WHERE :category = c OR :category LIKE c || '.%' OR c LIKE :category || '.%')
       AND (cardinality(a.ships_to) = 0 OR :shipsTo::text IS NULL OR :shipsTo = ANY(a.ships_to))
     ORDER BY a.id LIMIT :limit`,
    { ...want, levels: [...want.levels], shipsTo: want.shipsTo ?? null },
  );
}

export interface OpenRequest {
  sessionId: string;
  requestId: string;
  projection: Projection;
  respondBy: Date;
}

/** Requests this beacon was asked to answer and has not yet, oldest first. */
export async function openRequests(db: Queryable, beaconId: string, limit: number): Promise<OpenRequest[]> {
  return rows<OpenRequest>(
    db,
    `SELECT r.session_id AS "sessionId", r.id AS "requestId", r.projection, s.offers_due_at AS "respondBy"
     FROM request_recipients rr JOIN requests r ON r.id = rr.request_id JOIN sessions s ON s.id = r.session_id
     WHERE rr.beacon_id = ? AND rr.status = 'asked' AND s.market_state = 'collecting_offers' AND s.offers_due_at > now()
     ORDER BY rr.asked_at LIMIT ?`,
    [beaconId, limit],
  );
}

export interface Recipient {
  requestId: string;
  status: 'asked' | 'offered' | 'passed';
}

export async function findRecipient(
  db: Queryable,
  sessionId: string,
  beaconId: string,
): Promise<Recipient | undefined> {
  const [found] = await rows<Recipient>(
    db,
    `SELECT request_id AS "requestId", status FROM request_recipients WHERE session_id = ? AND beacon_id = ?`,
    [sessionId, beaconId],
  );
  return found;
}

/** Marks the beacon's answer and says whether anybody is still asked. */
export async function markAnswered(
  trx: Trx,
  sessionId: string,
  beaconId: string,
  status: 'offered' | 'passed',
): Promise<{ stillAsked: number }> {
  await trx('request_recipients').where({ session_id: sessionId, beacon_id: beaconId }).update({ status });
  const [left] = await rows<{ count: string }>(
    trx,
    `SELECT count(*) FROM request_recipients WHERE session_id = ? AND status = 'asked'`,
    [sessionId],
  );
  return { stillAsked: Number(left?.count ?? 0) };
}
