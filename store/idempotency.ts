/**
 * Idempotency keys. The record is written before the work and gives it its subject's id, so that a retry, even one
 * after a crash between work and answer, speaks of the same thing. One request at a time does the work: it holds it for
 * a while and holds on as long as it lives, so that its twins wait and a crash is taken over soon. Keys of what moves
 * money are kept for ever, others for a day.
 */
import type { Refusal } from '../domain/errors';
import { dayOf } from '../domain/personal-data';
import { rows, type Queryable, type Trx } from './db';
import { openOne, seal } from './vault';

/** `body` is null where the work is done but not answered yet. */
export type Outcome =
  { status: number; body: unknown; headers?: Readonly<Record<string, string>> } | { refusal: Refusal };

export interface IdempotencyRecord {
  agentId: string;
  key: string;
  operation: string;
  bodyHash: string;
  subjectId: string;
  request: unknown;
  outcome: Outcome | null;
}

export interface Claim extends Omit<IdempotencyRecord, 'outcome'> {
  movesMoney: boolean;
  /** How long a fresh claim holds the work, milliseconds; without it nobody holds it. */
  holdMs?: number;
}

const COLUMNS = `agent_id AS "agentId", key, operation, body_hash AS "bodyHash", subject_id AS "subjectId", request, outcome`;
const LAPSED = `NOT moves_money AND created_at < now() - interval '24 hours'`;
/** Lapsed keys of others that one claim clears away, so that none stay for ever. */
const SWEEP = 5;
const CLAIM_ATTEMPTS = 3;

/** Stores the record, or answers the one that is there; `fresh` says which. Old keys that moved no money lapse. */
export async function claimKey(
  db: Queryable,
  claim: Claim,
): Promise<{ record: IdempotencyRecord; fresh: boolean }> {
  // A twin may take the key, or let it go, between two statements.
  for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
    await sweep(db, claim);
    const record = await insertClaim(db, claim);
    if (record) return { record, fresh: true };
    const known = await findKey(db, claim.agentId, claim.key);
    if (known) return { record: known, fresh: false };
  }
  throw new Error('an idempotency key vanished');
}

async function sweep(db: Queryable, { agentId, key }: Claim): Promise<void> {
  await rows(
    db,
    `WITH oldest AS MATERIALIZED (
       SELECT subject_id FROM idempotency_keys WHERE ${LAPSED} ORDER BY created_at LIMIT ${SWEEP}
       FOR UPDATE SKIP LOCKED
     )
     DELETE FROM idempotency_keys WHERE ${LAPSED} AND subject_id = ANY(ARRAY(
       SELECT subject_id FROM oldest
       UNION SELECT subject_id FROM idempotency_keys WHERE agent_id = :agentId AND key = :key AND ${LAPSED}))`,
    { agentId, key },
  );
}

async function insertClaim(db: Queryable, claim: Claim): Promise<IdempotencyRecord | undefined> {
  const { request, holdMs = null, ...rest } = claim;
  const sealed = await sealedOf(db, claim.subjectId, { request });
  const [stored] = await rows<IdempotencyRecord>(
    db,
    `INSERT INTO idempotency_keys
       (agent_id, key, operation, body_hash, subject_id, request, moves_money, held_until)
     VALUES (:agentId, :key, :operation, :bodyHash, :subjectId, CAST(:request AS jsonb), :movesMoney,
       now() + CAST(:holdMs AS integer) * interval '1 millisecond')
     ON CONFLICT (agent_id, key) DO NOTHING RETURNING ${COLUMNS}`,
    { ...rest, request: sealed.request, holdMs },
  );
  return opened(db, stored);
}

export async function findKey(
  db: Queryable,
  agentId: string,
  key: string,
): Promise<IdempotencyRecord | undefined> {
  const [found] = await rows<IdempotencyRecord>(
    db,
    `SELECT ${COLUMNS} FROM idempotency_keys WHERE agent_id = ? AND key = ? AND NOT (${LAPSED})`,
    [agentId, key],
  );
  return opened(db, found);
}

/** Takes over work that nobody holds any more; false while somebody does. */
export async function takeWork(db: Queryable, subjectId: string, holdMs: number): Promise<boolean> {
  const taken = await rows(
    db,
    `UPDATE idempotency_keys SET held_until = now() + ? * interval '1 millisecond'
     WHERE subject_id = ? AND (held_until IS NULL OR held_until <= now()) RETURNING 1`,
    [holdMs, subjectId],
  );
  return taken.length > 0;
}

/** Holds on to work for so long from now; 0 lets go of it. */
export async function holdWork(db: Queryable, subjectId: string, holdMs: number): Promise<void> {
  await rows(
    db,
    `UPDATE idempotency_keys SET held_until = now() + ? * interval '1 millisecond' WHERE subject_id = ?`,
    [holdMs, subjectId],
  );
}

/** Forgets a claim that came to nothing, so that its key is as unused as before. */
export async function dropClaim(db: Queryable, subjectId: string): Promise<void> {
  await rows(db, 'DELETE FROM idempotency_keys WHERE subject_id = ? AND outcome IS NULL', [subjectId]);
}

/** The record that gave a subject its id, locked. */
export async function lockKeyOf(trx: Trx, subjectId: string): Promise<IdempotencyRecord | undefined> {
  const [found] = await rows<IdempotencyRecord>(
    trx,
    `SELECT ${COLUMNS} FROM idempotency_keys WHERE subject_id = ? FOR UPDATE`,
    [subjectId],
  );
  return opened(trx, found);
}

/** Stores what the work came to, and forgets the request, which may hold personal data. */
export async function setOutcome(trx: Queryable, subjectId: string, outcome: Outcome): Promise<void> {
  const body = 'refusal' in outcome ? null : outcome.body;
  const { outcome: sealed } = await sealedOf(trx, subjectId, { outcome: body });
  const stored = 'refusal' in outcome ? outcome : { ...outcome, body: parsed(sealed) };
  await rows(trx, 'UPDATE idempotency_keys SET outcome = ?::json, request = NULL WHERE subject_id = ?', [
    JSON.stringify(stored),
    subjectId,
  ]);
}

/** Keeps the request for the work to read, unless it has been decided already. */
export async function setRequest(db: Queryable, subjectId: string, request: unknown): Promise<void> {
  const sealed = await sealedOf(db, subjectId, { request });
  await rows(db, 'UPDATE idempotency_keys SET request = ?::jsonb WHERE subject_id = ? AND outcome IS NULL', [
    sealed.request,
    subjectId,
  ]);
}

const parsed = (json: string | null | undefined): unknown => (json ? (JSON.parse(json) as unknown) : null);

function sealedOf(db: Queryable, subjectId: string, values: { request?: unknown; outcome?: unknown }) {
  return seal(db, 'idempotency_keys', { row: subjectId, subject: dayOf(new Date()) }, values);
}

/**
 * A body that was erased reads as null, like that of work which was not answered yet: whoever comes again is answered
 * from the books.
 */
async function opened(
  db: Queryable,
  record: IdempotencyRecord | undefined,
): Promise<IdempotencyRecord | undefined> {
  await openOne(db, 'idempotency_keys', record, { request: 'request' }, ({ subjectId }) => subjectId);
  if (record?.outcome && !('refusal' in record.outcome)) {
    const { subjectId } = record;
    await openOne(db, 'idempotency_keys', record.outcome, { body: 'outcome' }, () => subjectId);
  }
  return record;
}
