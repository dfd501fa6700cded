/** Idempotency keys at the door; what they promise is in store/idempotency. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'koa';
import { sha256Hex } from '../../domain/canonical';
import { AuraError, toError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import {
  claimKey,
  dropClaim,
  findKey,
  holdWork,
  setOutcome,
  takeWork,
  type IdempotencyRecord,
} from '../../store/idempotency';
import type { Db } from '../../store/db';
import type { ApiVersion } from '../../domain/versions';
import type { Answer, Route } from '../route';
import { addressOf } from './rate-limit';

export interface KeyedRequest {
  key: string | undefined;
  /** The agent or rail key; for a public route whoever asks, as far as that is known. */
  owner: string;
  operation: string;
  /** A key answers in one version: the same request in another one is another request. */
  version: ApiVersion;
  rawBody: string;
}

/** The turn to do the work, or the answer of whoever did it. */
export type Turn =
  | { answer: Answer }
  | {
      subjectId: string;
      /** The key was never used before. */
      fresh: boolean;
      /** Keeps the answer for retries. */
      keep(answer: Answer): Promise<void>;
      /** Lets a twin try; `forget` also frees the key. */
      release(how?: { forget: boolean }): Promise<void>;
    };

const MAX_KEY_LENGTH = 128;
/** So long after a crash its work is taken over. */
const HOLD_MS = 4_000;
const HOLD_ON_EVERY_MS = 1_000;
/** So long a twin waits for the answer. */
const WAIT_MS = 25_000;
const POLL_MS = 25;
const MAX_POLL_MS = 400;

/** Who asks where nobody is signed in: the holder of the key that is to be registered, else the client's address. */
export function publicOwner(ctx: Pick<Context, 'ip'>, rawBody: string): string {
  const key = publicKeyIn(rawBody);
  return `public:${key === undefined ? addressOf(ctx) : sha256Hex(JSON.stringify(key))}`;
}

function publicKeyIn(rawBody: string): unknown {
  try {
    return (JSON.parse(rawBody) as { public_key?: unknown } | null)?.public_key;
  } catch {
    return undefined;
  }
}

/** The stored answer of a request that was answered before. Checked before the signature's single use. */
export async function storedAnswer(db: Db, request: KeyedRequest): Promise<Answer | undefined> {
  if (request.key === undefined) return undefined;
  checkForm(request.key);
  const record = await findKey(db, request.owner, request.key);
  return record && replay(record, request);
}

function replay(record: IdempotencyRecord, request: KeyedRequest): Answer | undefined {
  if (record.operation !== operationOf(request) || record.bodyHash !== sha256Hex(request.rawBody)) {
    throw new AuraError('IDEMPOTENCY_CONFLICT', undefined, {
      field: 'X-Idempotency-Key',
      reason: 'used for another path, version or body',
    });
  }
  if (!record.outcome) return undefined;
  if ('refusal' in record.outcome) throw toError(record.outcome.refusal);
  // Work that was done but not answered yet has no body: the handler answers it from the books.
  return record.outcome.body === null ? undefined : { ...record.outcome };
}

const operationOf = ({ operation, version }: KeyedRequest) => `${operation} ${version}`;

/**
 * Gives the request its subject's id, a new one or the one its key was given before, and the turn to do the work. Of
 * requests under one key one works at a time; the others wait for its answer, or for the turn if it dies.
 */
export async function takeTurn(
  db: Db,
  creates: NonNullable<Route['creates']>,
  body: unknown,
  request: KeyedRequest,
): Promise<Turn> {
  const newSubjectId = newId(typeof creates.kind === 'function' ? creates.kind(body) : creates.kind);
  // What moves money always has a record, since the work itself is written into it.
  const key = request.key ?? (creates.movesMoney ? `auto:${newSubjectId}` : undefined);
  if (key === undefined) return { subjectId: newSubjectId, fresh: true, ...nothingKept };
  const claim = {
    agentId: request.owner,
    key,
    operation: operationOf(request),
    bodyHash: sha256Hex(request.rawBody),
    subjectId: newSubjectId,
    request: null,
    movesMoney: creates.movesMoney,
  };
  if (request.key === undefined) {
    await claimKey(db, claim);
    const release = async (how?: { forget: boolean }) => {
      if (how?.forget) await dropClaim(db, newSubjectId);
    };
    return { subjectId: newSubjectId, fresh: true, ...nothingKept, release };
  }
  const deadline = Date.now() + WAIT_MS;
  let { record, fresh } = await claimKey(db, { ...claim, holdMs: HOLD_MS });
  for (let pollMs = POLL_MS; ; pollMs = Math.min(MAX_POLL_MS, pollMs * 1.5)) {
    const answer = replay(record, request);
    if (answer) return { answer };
    if (fresh || (await takeWork(db, record.subjectId, HOLD_MS)))
      return holdTurn(db, record.subjectId, fresh);
    if (Date.now() >= deadline) {
      const message = 'Another request under this key is still being worked on; try again.';
      throw new AuraError('SERVICE_UNAVAILABLE', message, { field: 'X-Idempotency-Key' });
    }
    await sleep(pollMs * (0.5 + Math.random()));
    const known = await findKey(db, request.owner, key);
    ({ record, fresh } = known
      ? { record: known, fresh: false }
      : await claimKey(db, { ...claim, holdMs: HOLD_MS }));
  }
}

/** Holds on to the work until it is answered or let go. A process that dies stops holding on. */
function holdTurn(db: Db, subjectId: string, fresh: boolean): Turn {
  const timer = setInterval(() => {
    // Losing the hold is safe: whoever takes over speaks of the same subject.
    holdWork(db, subjectId, HOLD_MS).catch(() => undefined);
  }, HOLD_ON_EVERY_MS);
  return {
    subjectId,
    fresh,
    async keep({ status, body, headers }) {
      clearInterval(timer);
      await setOutcome(db, subjectId, { status, body, headers });
    },
    async release({ forget } = { forget: false }) {
      clearInterval(timer);
      await (forget ? dropClaim(db, subjectId) : holdWork(db, subjectId, 0)).catch(() => undefined);
    },
  };
}

const nothingKept = {
  keep: () => Promise.resolve(),
  release: () => Promise.resolve(),
};

function checkForm(key: string): void {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH || !/^[\x21-\x7e]+$/.test(key)) {
    const reason = `1 to ${MAX_KEY_LENGTH} visible ASCII characters`;
    throw new AuraError('INVALID_PARAMETER', `X-Idempotency-Key: ${reason}`, {
      field: 'X-Idempotency-Key',
      reason,
    });
  }
}
