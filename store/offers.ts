import type { OfferDocument } from '../domain/market/offer';
import { VERSION_2, type ApiVersion } from '../domain/versions';
import { rows, toVector, type Queryable, type Trx } from './db';
import { open } from './vault';

/** How an offer was scored, as it is shown to the scout. */
export interface OfferRanking {
  score: number;
  cwr: number;
  baseReputation: number;
  compatibility: number;
  structuredMatch: number;
  semanticSimilarity: number;
  riskFactor: number;
  summary: string;
  parts: { preference: string; met: number; weight: number; reason: string }[];
  /** Why it was left out of the ranking, if it was. */
  excluded?: { constraint: string; reason: string }[];
}

export interface Offer {
  id: string;
  sessionId: string;
  beaconId: string;
  principalId: string;
  document: OfferDocument;
  signedBytes: string;
  /** The protocol version whose way of signing was used. */
  signedForm: ApiVersion;
  signature: string;
  keyId: string;
  validUntil: Date;
  rank: number | null;
  ranking: OfferRanking | null;
  createdAt: Date;
}

const COLUMNS = `o.id, o.session_id AS "sessionId", o.beacon_id AS "beaconId", o.principal_id AS "principalId", o.document,
  o.signed_bytes AS "signedBytes", o.signed_form AS "signedForm", o.signature, o.key_id AS "keyId", o.valid_until AS "validUntil", o.rank, o.ranking,
  o.created_at AS "createdAt"`;

export interface NewOffer {
  id: string;
  sessionId: string;
  beaconId: string;
  principalId: string;
  document: OfferDocument;
  signedBytes: string;
  /** By default 2.2's. */
  signedForm?: ApiVersion;
  /** Base64. */
  signature: string;
  keyId: string;
  /** SHA-256 of the body it came in, hex: what a signature over few fields leaves out, the request's own vouches for. */
  requestSha256?: string;
  asset: string;
  unitPriceMinor: bigint;
  embedding: readonly number[];
  validUntil: Date;
}

/** Stores the offers and answers the ids of those that are new: an id that some offer has already is left alone. */
export async function insertOffers(trx: Trx, offers: readonly NewOffer[]): Promise<Set<string>> {
  const inserted = await rows<{ id: string }>(
    trx,
    `INSERT INTO offers (id, session_id, beacon_id, principal_id, document, signed_bytes, signed_form, signature, key_id,
       request_sha256, asset, unit_price_minor, embedding, valid_until)
     SELECT o.id, o.session_id, o.beacon_id, o.principal_id, o.document, o.signed_bytes, o.signed_form, o.signature,
       o.key_id, o.request_sha256, o.asset, o.unit_price_minor, o.embedding::vector, o.valid_until
     FROM jsonb_to_recordset(?::jsonb) AS o(id text, session_id text, beacon_id text, principal_id text, document jsonb,
       signed_bytes text, signed_form text, signature text, key_id text, request_sha256 text, asset text,
       unit_price_minor numeric, embedding text, valid_until timestamptz)
     ON CONFLICT (id) DO NOTHING RETURNING id`,
    [
      JSON.stringify(
        offers.map((offer) => ({
          id: offer.id,
          session_id: offer.sessionId,
          beacon_id: offer.beaconId,
          principal_id: offer.principalId,
          document: offer.document,
          signed_bytes: offer.signedBytes,
          signed_form: offer.signedForm ?? VERSION_2,
          request_sha256: offer.requestSha256 ?? null,
          signature: offer.signature,
          key_id: offer.keyId,
          asset: offer.asset,
          unit_price_minor: offer.unitPriceMinor.toString(),
          embedding: toVector(offer.embedding),
          valid_until: offer.validUntil,
        })),
      ),
    ],
  );
  return new Set(inserted.map(({ id }) => id));
}

/** The offers' documents by id, for those of the given ids that are stored. */
export async function documentsOf(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, OfferDocument>> {
  const found = await rows<{ id: string; document: OfferDocument }>(
    db,
    'SELECT id, document FROM offers WHERE id = ANY(?)',
    [[...ids]],
  );
  return new Map(found.map(({ id, document }) => [id, document]));
}

/** When the session's offers were ranked. */
export async function rankedAt(db: Queryable, sessionId: string): Promise<Date | null> {
  const [found] = await rows<{ at: Date }>(
    db,
    `SELECT at FROM state_history WHERE session_id = ? AND transition = 'T2' ORDER BY seq LIMIT 1`,
    [sessionId],
  );
  return found?.at ?? null;
}

/** Ids of the session's offers by signature, for those of the given signatures that are stored. */
export async function knownOffers(
  db: Queryable,
  sessionId: string,
  signatures: readonly string[],
): Promise<Map<string, string>> {
  const found = await rows<{ id: string; signature: string }>(
    db,
    'SELECT id, signature FROM offers WHERE session_id = ? AND signature = ANY(?)',
    [sessionId, [...signatures]],
  );
  return new Map(found.map(({ id, signature }) => [signature, id]));
}

export async function countOffers(
  db: Queryable,
  sessionId: string,
  beaconId: string,
): Promise<{ mine: number; all: number }> {
  const [found] = await rows<{ mine: string; all: string }>(
    db,
    `SELECT count(*) FILTER (WHERE beacon_id = ?) AS mine, count(*) AS all FROM offers WHERE session_id = ?`,
    [beaconId, sessionId],
  );
  return { mine: Number(found?.mine ?? 0), all: Number(found?.all ?? 0) };
}

/** Offers with what ranking needs: similarity to the request (cosine, by pgvector) and the seller's record. */
export interface OfferToRank extends Offer {
  cosine: number;
  merchantName: string;
}

export async function offersToRank(db: Queryable, sessionId: string): Promise<OfferToRank[]> {
  const found = await rows<OfferToRank>(
    db,
    `SELECT ${COLUMNS}, 1 - (o.embedding <=> r.embedding) AS cosine, p.name AS "merchantName"
     FROM offers o JOIN requests r ON r.session_id = o.session_id JOIN principals p ON p.id = o.principal_id
     WHERE o.session_id = ? ORDER BY o.id`,
    [sessionId],
  );
  return withNames(db, found);
}

/** Merchants go by the names of their principals, which are sealed. */
function withNames<Found extends Offer & { merchantName: string }>(db: Queryable, found: Found[]) {
  const fields = { merchantName: 'name' } as const;
  return open<Offer & { merchantName: string }, 'principals'>(
    db,
    'principals',
    found,
    fields,
    ({ principalId }) => principalId,
  ) as Promise<Found[]>;
}

export async function setRanking(
  trx: Trx,
  ranked: readonly { id: string; rank: number | null; ranking: OfferRanking }[],
): Promise<void> {
  await rows(
    trx,
    `UPDATE offers o SET rank = r.rank, ranking = r.ranking
     FROM jsonb_to_recordset(?::jsonb) AS r(id text, rank int, ranking jsonb) WHERE o.id = r.id`,
    [JSON.stringify(ranked)],
  );
}

export interface OfferView extends Offer {
  merchantName: string;
  merchantReputation: number | null;
}

export async function rankedOffers(db: Queryable, sessionId: string, limit: number): Promise<OfferView[]> {
  const found = await rows<OfferView>(
    db,
    `SELECT ${COLUMNS}, p.name AS "merchantName", (o.ranking->>'baseReputation')::float8 AS "merchantReputation"
     FROM offers o JOIN principals p ON p.id = o.principal_id
     WHERE o.session_id = ? AND o.rank IS NOT NULL ORDER BY o.rank LIMIT ?`,
    [sessionId, limit],
  );
  return withNames(db, found);
}

export interface OfferForReader extends OfferView {
  scoutId: string;
  /** Whether the scout wants to see what is said of sellers. */
  showsReputation: boolean;
}

export async function findOffer(db: Queryable, id: string): Promise<OfferForReader | undefined> {
  const found = await rows<OfferForReader>(
    db,
    `SELECT ${COLUMNS}, p.name AS "merchantName", (o.ranking->>'baseReputation')::float8 AS "merchantReputation",
       s.scout_id AS "scoutId", s.shows_reputation AS "showsReputation"
     FROM offers o JOIN principals p ON p.id = o.principal_id JOIN sessions s ON s.id = o.session_id WHERE o.id = ?`,
    [id],
  );
  return (await withNames(db, found))[0];
}

/** An offer as the gate looks at it, with the key it was signed by and whether a deal took it already. */
export interface OfferForGate extends Offer {
  publicKey: string;
  keyValidTo: Date | null;
  committed: boolean;
}

export async function offerForGate(trx: Trx, id: string): Promise<OfferForGate | undefined> {
  const [found] = await rows<OfferForGate>(
    trx,
    `SELECT ${COLUMNS}, k.public_key AS "publicKey", k.valid_to AS "keyValidTo",
       EXISTS (SELECT 1 FROM transactions t WHERE t.offer_id = o.id) AS committed
     FROM offers o JOIN agent_keys k ON k.id = o.key_id WHERE o.id = ? FOR SHARE OF o`,
    [id],
  );
  return found;
}
