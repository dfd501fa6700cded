/** Idempotency keys at the door; what they promise is in store/idempotency. */
import { sha256Hex } from '../../domain/canonical';
import { AuraError, toError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { claimKey, findKey, setOutcome, type IdempotencyRecord } from '../../store/idempotency';
import type { Db } from '../../store/db';
import type { Answer, Route } from '../route';

export interface KeyedRequest {
  key: string | undefined;
  /** The agent, or for a public route the fixed name of it. */
  owner: string;
  operation: string;
  rawBody: string;
}

const MAX_KEY_LENGTH = 128;

/** The stored answer of a request that was answered before. Checked before the signature's single use. */
export async function storedAnswer(db: Db, request: KeyedRequest): Promise<Answer | undefined> {
  if (request.key === undefined) return undefined;
  checkForm(request.key);
  const record = await findKey(db, request.owner, request.key);
  return record && replay(record, request);
}

function replay(record: IdempotencyRecord, request: KeyedRequest): Answer | undefined {
  if (record.operation !== request.operation || record.bodyHash !== sha256Hex(request.rawBody)) {
    throw new AuraError('IDEMPOTENCY_CONFLICT', undefined, { field: 'X-Idempotency-Key' });
  }
  if (!record.outcome) return undefined;
  if ('refusal' in record.outcome) throw toError(record.outcome.refusal);
  // Work that was done but not answered yet has no body: the handler answers it from the books.
  return record.outcome.body === null ? undefined : { ...record.outcome };
}

/** Gives the request its subject's id: a new one, or the one its key was given before. */
export async function claimSubject(
  db: Db,
  creates: NonNullable<Route['creates']>,
  body: unknown,
  request: KeyedRequest,
): Promise<string> {
  const subjectId = newId(typeof creates.kind === 'function' ? creates.kind(body) : creates.kind);
  // What moves money always has a record, since the work itself is written into it.
  const key = request.key ?? (creates.movesMoney ? `auto:${subjectId}` : undefined);
  if (key === undefined) return subjectId;
  const { record } = await claimKey(db, {
    agentId: request.owner,
    key,
    operation: request.operation,
    bodyHash: sha256Hex(request.rawBody),
    subjectId,
    request: null,
    movesMoney: creates.movesMoney,
  });
  replay(record, request);
  return record.subjectId;
}

/** Keeps the answer for retries. */
export async function keepAnswer(db: Db, subjectId: string, { status, body }: Answer): Promise<void> {
  await setOutcome(db, subjectId, { status, body });
}

function checkForm(key: string): void {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !/^[\x21-\x7e]+$/.test(key)) {
    const reason = `1 to ${MAX_KEY_LENGTH} visible ASCII characters`;
    throw new AuraError('INVALID_PARAMETER', `X-Idempotency-Key: ${reason}`, {
      field: 'X-Idempotency-Key',
      reason,
    });
  }
}
