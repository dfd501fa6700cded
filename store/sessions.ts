import type { Constraints } from '../domain/constraints';
import type { BehaviouralSignals } from '../domain/interpretation';
import type { ClearingState, MarketState } from '../domain/lifecycle';
import type { BeaconContext } from '../domain/policies';
import type { ProfileId } from '../domain/profiles';
import type { TrustLevel } from '../domain/trust';
import { insert, rows, toVector, update, type Db, type Queryable, type Trx } from './db';
import { openOne, seal } from './vault';

export interface Session {
  id: string;
  scoutId: string;
  principalId: string;
  profileId: ProfileId;
  profileVersion: number;
  rawIntent: string;
  /** What the scout stated itself. */
  asked: { constraints: Constraints; preferences: Record<string, unknown>; context?: SessionContext };
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

/** What the scout says of itself with the request. It is for the interpreter and for nobody else. */
export interface SessionContext {
  use_case?: string;
  previous_purchases?: string[];
  location?: { country?: string; region?: string };
}

/** What the interpreter made of the sentence; `context` is composed, never copied from it. */
export interface StoredInterpretation {
  requestId: string;
  category: string;
  constraints: Constraints;
  context: { content: string; language: string };
  entities: { type: string; value: string; confidence: number }[];
  /** Guesses about the buyer, for the scout's own eyes. */
  behaviouralSignals?: BehaviouralSignals;
  interpretedAt?: string;
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
  await insert(trx, 'sessions', [
    {
      id: session.id,
      scout_id: session.scoutId,
      principal_id: session.principalId,
      profile_id: session.profileId,
      profile_version: session.profileVersion,
      ...(await seal(
        trx,
        'sessions',
        { row: session.id, subject: session.id },
        { raw_intent: session.rawIntent, asked: session.asked },
      )),
      shows_reputation: session.asked.preferences.include_reputation_data !== false,
      max_offers: session.maxOffers,
      offer_timeout_ms: session.offerTimeoutMs,
    },
  ]);
}

export async function findSession(db: Queryable, id: string): Promise<Session | undefined> {
  const [found] = await rows<Session>(db, `SELECT ${COLUMNS} FROM sessions WHERE id = ?`, [id]);
  return opened(db, found);
}

const opened = <Found extends Session>(db: Queryable, found: Found | undefined) =>
  openOne<Session, 'sessions'>(
    db,
    'sessions',
    found,
    { rawIntent: 'raw_intent', asked: 'asked', interpretation: 'interpretation' },
    ({ id }) => id,
  ) as Promise<Found | undefined>;

/** A session as it is shown: with the number of its offers, and its deal where there is one. */
export interface SessionInFull {
  session: Session;
  offersCount: number;
  deal: { id: string; clearingState: ClearingState | null } | undefined;
}

/** One round trip: this is what agents read most. */
export async function findSessionInFull(db: Db, id: string): Promise<SessionInFull | undefined> {
  const found = await opened(db, (await rows<FoundInFull>(db, SESSION_IN_FULL, [id]))[0]);
  if (!found) return undefined;
  const { offersCount, dealId, clearingState, ...session } = found;
  const deal = dealId === null ? undefined : { id: dealId, clearingState };
  return { session, offersCount: Number(offersCount), deal };
}

interface FoundInFull extends Session {
  offersCount: string;
  dealId: string | null;
  clearingState: ClearingState | null;
}

const SESSION_IN_FULL = `SELECT ${COLUMNS}, (SELECT count(*) FROM offers o WHERE o.session_id = sessions.id) AS "offersCount",
      "dealId", "clearingState"
    FROM sessions LEFT JOIN (SELECT t.id AS "dealId", t.clearing_state AS "clearingState", t.session_id
                             FROM transactions t) deal ON session_id = sessions.id
    WHERE id = ?`;

/** Sessions that nothing has happened in for so long, oldest first. */
export async function unopenedSessions(db: Queryable, forMs: number, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `SELECT id FROM sessions WHERE market_state = 'created' AND created_at < now() - ? * interval '1 millisecond'
     ORDER BY created_at LIMIT ?`,
    [forMs, limit],
  );
  return found.map(({ id }) => id);
}

export async function lockSession(trx: Trx, id: string): Promise<Session> {
  const [found] = await rows<Session>(trx, `SELECT ${COLUMNS} FROM sessions WHERE id = ? FOR UPDATE`, [id]);
  if (!found) throw new Error(`no session ${id}`);
  await opened(trx, found);
  return found;
}

export async function setInterpretation(
  trx: Trx,
  id: string,
  interpretation: StoredInterpretation,
): Promise<void> {
  const sealed = await seal(trx, 'sessions', { row: id, subject: id }, { interpretation });
  await update(trx, 'sessions', { id }, sealed);
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
  await rows(trx, `UPDATE sessions SET expires_at = now() + ? * interval '1 millisecond' WHERE id = ?`, [
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
  recipients: readonly { beaconId: string; context: BeaconContext }[];
}

export async function insertRequest(trx: Trx, request: NewRequest): Promise<void> {
  const inserted = rows(
    trx,
    'INSERT INTO requests (id, session_id, projection, embedding) VALUES (?, ?, ?::jsonb, ?::vector)',
    [request.id, request.sessionId, JSON.stringify(request.projection), toVector(request.embedding)],
  );
  // They are asked in the order of their turns, which the next sessions follow.
  const asked = rows(
    trx,
    `INSERT INTO request_recipients (request_id, session_id, beacon_id, context, asked_at)
     SELECT :request, :session, r.beacon, r.context, now() + r.turn * interval '1 microsecond'
     FROM jsonb_to_recordset(:recipients::jsonb) AS r(beacon text, context jsonb, turn int)`,
    {
      request: request.id,
      session: request.sessionId,
      recipients: JSON.stringify(
        request.recipients.map(({ beaconId: beacon, context }, turn) => ({ beacon, context, turn })),
      ),
    },
  );
  await Promise.all([inserted, asked]);
}

/** A seller that could be asked, with what policies look at. */
export interface BeaconCandidate {
  id: string;
  principalId: string;
  trust: TrustLevel;
  categories: string[];
  shipsTo: string[];
  capabilities: string[];
  merchantDomain: string | null;
  verificationStatus: string;
  webhookUrl: string | null;
}

export interface BeaconWant {
  category: string;
  shipsTo: string | undefined;
  levels: readonly string[];
  notPrincipal: string;
  /** A seller that was asked as often within the last minute is passed over. */
  askedPerMinuteMax: number;
  limit: number;
  /** How many of the order's first are left out: those seen before. */
  offset?: number;
}

/**
 * Active sellers of a category who ship there, make offers, are trusted enough, were not rejected, have not been asked
 * too often, and are not the buyer itself. The one who was asked least recently comes first.
 */
export async function matchBeacons(db: Queryable, want: BeaconWant): Promise<BeaconCandidate[]> {
  return rows<BeaconCandidate>(
    db,
    `SELECT a.id, a.principal_id AS "principalId", p.trust_level AS trust, a.categories, a.ships_to AS "shipsTo",
       a.capabilities, a.merchant_domain AS "merchantDomain", a.verification_status AS "verificationStatus",
       a.webhook_url AS "webhookUrl"
     FROM agents a JOIN principals p ON p.id = a.principal_id
     WHERE a.role = 'beacon' AND a.status = 'active' AND p.status = 'active'
       AND p.trust_level = ANY(:levels) AND p.id <> :notPrincipal
       AND a.verification_status <> 'rejected'
       AND (cardinality(a.capabilities) = 0 OR 'offers' = ANY(a.capabilities))
       AND EXISTS (SELECT 1 FROM unnest(a.categories) c
                   WHERE :category = c OR :category LIKE c || '.%' OR c LIKE :category || '.%')
       AND (cardinality(a.ships_to) = 0 OR :shipsTo::text IS NULL OR :shipsTo = ANY(a.ships_to))
       AND (SELECT count(*) FROM request_recipients r
            WHERE r.beacon_id = a.id AND r.asked_at > now() - interval '1 minute') < :askedPerMinuteMax
     ORDER BY (SELECT max(r.asked_at) FROM request_recipients r WHERE r.beacon_id = a.id) NULLS FIRST, a.id
     LIMIT :limit OFFSET :offset`,
    { ...want, levels: [...want.levels], shipsTo: want.shipsTo ?? null, offset: want.offset ?? 0 },
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
