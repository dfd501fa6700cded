/** JSON questions over HTTP with one deadline each, telling "never sent" from "answer lost". */
import type { Pool } from 'undici';
import { RailUnreachableError } from '../port';
import { createPool, lossOf, notSentCode, readBounded } from '../transport';

/** The question may have arrived, its answer did not, or cannot be used. */
export class AnswerLostError extends Error {
  override name = 'AnswerLostError';
}

export interface JsonAnswer {
  status: number;
  body: unknown;
}

export interface JsonClient {
  /** Throws `RailUnreachableError` where nothing was sent, `AnswerLostError` where something may have been. */
  post(path: string, body: unknown, signal?: AbortSignal): Promise<JsonAnswer>;
  close(): Promise<void>;
}

export interface JsonClientOptions {
  url: string;
  timeoutMs: number;
}

const MAX_CONNECTIONS = 64;
const MAX_ANSWER_BYTES = 32_000_000;

export function createJsonClient({ url, timeoutMs }: JsonClientOptions): JsonClient {
  const base = new URL(url);
  const pool = createPool({ origin: base.origin, connections: MAX_CONNECTIONS, timeoutMs });
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    post: (path, body, signal) =>
      post(pool, `${prefix}${path}${base.search}` || '/', body, { timeoutMs, signal }),
    close: () => pool.close(),
  };
}

async function post(
  pool: Pool,
  path: string,
  body: unknown,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<JsonAnswer> {
  if (signal?.aborted) throw new RailUnreachableError('cancelled before anything was sent');
  const timeout = AbortSignal.timeout(timeoutMs);
  const deadline = signal ? AbortSignal.any([timeout, signal]) : timeout;
  try {
    const answer = await pool.request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      signal: deadline,
    });
    const content = await readBounded(answer.body, MAX_ANSWER_BYTES, tooLarge);
    return { status: answer.statusCode, body: parsed(content.toString('utf8')) };
  } catch (error) {
    if (error instanceof AnswerLostError) throw error;
    const code = notSentCode(error, deadline.aborted);
    if (code) throw new RailUnreachableError(`not reached: ${code}`, { cause: error });
    throw new AnswerLostError(lossOf(error, deadline.aborted), { cause: error });
  }
}

const tooLarge = () => new AnswerLostError('the answer is too large');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AnswerLostError('the answer is not JSON');
  }
}
