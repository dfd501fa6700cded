/**
 * Idempotency keys. The record is written before the work and gives it its subject's id, so that a retry, even one
 * after a crash between work and answer, speaks of the same thing. Keys of what moves money are kept for ever.
 */
import type { Refusal } from '../domain/errors';
import { rows, type Queryable, type Trx } from './db';

/** `body` is null where the work is done but not answered yet. */
export type Outcome = { status: number; body: unknown } | { refusal: Refusal };

export interface IdempotencyRecord {
  agentId: string;
  key: string;
  operation: string;
  bodyHash: string;
  subjectId: string;
  request: unknown;
  outcome: Outcome | null;
}

const COLUMNS = `agent_id AS "agentId", key, operation, body_hash AS "bodyHash", subject_id AS "subjectId", request, outcome`;

/** Stores the record, or answers the one that is there; `fresh` says which. Old keys that moved no money lapse. */
export async function claimKey(
  db: Queryable,
  claim: Omit<IdempotencyRecord, 'outcome'> & { movesMoney: boolean },
): Promise<{ record: IdempotencyRecord; fresh: boolean }> {
  await db.raw(
    `DELETE FROM idempotency_keys WHERE agent_id = ? AND key = ? AND NOT moves_money
       AND created_at < now() - interval '24 hours'`,
    [claim.agentId, claim.key],
  );
  const [stored] = await rows<IdempotencyRecord>(
    db,
    `INSERT INTO idempotency_keys (agent_id, key, operation, body_hash, subject_id, request, moves_money)
     VALUES (?, ?, ?, ?, ?, ?::jsonb, ?) ON CONFLICT (agent_id, key) DO NOTHING RETURNING ${COLUMNS}`,
    [
      claim.agentId,
      claim.key,
      claim.operation,
      claim.bodyHash,
      claim.subjectId,
      claim.request === null ? null : JSON.stringify(claim.request),
      claim.movesMoney,
    ],
  );
  if (stored) return { record: stored, fresh: true };
  const known = await findKey(db, claim.agentId, claim.key);
  if (!known) throw new Error('an idempotency key vanished');
  return { record: known, fresh: false };
}

export async function findKey(
  db: Queryable,
  agentId: string,
  key: string,
): Promise<IdempotencyRecord | undefined> {
  const [found] = await rows<IdempotencyRecord>(
    db,
    `SELECT ${COLUMNS} FROM idempotency_keys WHERE agent_id = ? AND key = ?`,
    [agentId, key],
  );
  return found;
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
  await trx.raw('UPDATE idempotency_keys SET outcome = ?::jsonb, request = NULL WHERE subject_id = ?', [
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
