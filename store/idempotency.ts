/**
 * Idempotency keys. The record is written before the work and gives it its subject's id, so that a retry, even one
 * after a crash between work and answer, speaks of the same thing. One request at a time does the work: it holds it for
 * a while and holds on as long as it lives, so that its twins wait and a crash is taken over soon. Keys of what moves
 * money are kept for ever, others for a day.
 */
import type { Refusal } from '../domain/errors';
import { rows, type Queryable, type Trx } from './db';

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
  await db.raw(
    `DELETE FROM idempotency_keys WHERE ${LAPSED} AND ((agent_id = :agentId AND key = :key) OR subject_id IN (
       SELECT subject_id FROM idempotency_keys WHERE ${LAPSED} ORDER BY created_at LIMIT ${SWEEP}
       FOR UPDATE SKIP LOCKED))`,
    { agentId, key },
  );
}

async function insertClaim(db: Queryable, claim: Claim): Promise<IdempotencyRecord | undefined> {
  const { request, holdMs = null, ...rest } = claim;
  const [stored] = await rows<IdempotencyRecord>(
    db,
    `INSERT INTO idempotency_keys
       (agent_id, key, operation, body_hash, subject_id, request, moves_money, held_until)
     VALUES (:agentId, :key, :operation, :bodyHash, :subjectId, CAST(:request AS jsonb), :movesMoney,
       now() + CAST(:holdMs AS integer) * interval '1 millisecond')
     ON CONFLICT (agent_id, key) DO NOTHING RETURNING ${COLUMNS}`,
    { ...rest, request: request === null ? null : JSON.stringify(request), holdMs },
  );
  return stored;
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
  return found;
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
  await db.raw(
    `UPDATE idempotency_keys SET held_until = now() + ? * interval '1 millisecond' WHERE subject_id = ?`,
    [holdMs, subjectId],
  );
}

/** Forgets a claim that came to nothing, so that its key is as unused as before. */
export async function dropClaim(db: Queryable, subjectId: string): Promise<void> {
  await db.raw('DELETE FROM idempotency_keys WHERE subject_id = ? AND outcome IS NULL', [subjectId]);
}

/** The record that gave a subject its id, locked. */
export async function lockKeyOf(trx: Trx, subjectId: string): Promise<IdempotencyRecord | undefined> {
  const [found] = await rows<IdempotencyRecord>(
    trx,
    `SELECT ${COLUMNS} FROM idempotency_keys WHERE subject_id = ? FOR UPDATE`,
    [subjectId],
  );
  return found;
}

/** Stores what the work came to, and forgets the request, which may hold personal data. */
export async function setOutcome(trx: Queryable, subjectId: string, outcome: Outcome): Promise<void> {
  await trx.raw('UPDATE idempotency_keys SET outcome = ?::json, request = NULL WHERE subject_id = ?', [
    JSON.stringify(outcome),
    subjectId,
  ]);
}

/** Keeps the request for the work to read, unless it has been decided already. */
export async function setRequest(db: Queryable, subjectId: string, request: unknown): Promise<void> {
  await db.raw('UPDATE idempotency_keys SET request = ?::jsonb WHERE subject_id = ? AND outcome IS NULL', [
    JSON.stringify(request),
    subjectId,
  ]);
}
