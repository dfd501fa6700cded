/** JSON questions over HTTP with one deadline each, telling "never sent" from "answer lost". */
import { Pool } from 'undici';
import { RailUnreachableError } from '../port';

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
/** Errors of opening a connection: no byte of the message has left. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function createJsonClient({ url, timeoutMs }: JsonClientOptions): JsonClient {
  const base = new URL(url);
  const pool = new Pool(base.origin, {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    // Shorter than the deadline of the whole, so that a server that is down is told apart from one that is slow.
    connect: { timeout: Math.ceil(timeoutMs / 2) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
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
    const text = await readBounded(answer.body);
    return { status: answer.statusCode, body: parsed(text) };
  } catch (error) {
    if (error instanceof AnswerLostError) throw error;
    const { code, message } = error as { code?: string; message?: string };
    if (!deadline.aborted && code !== undefined && NOT_SENT.has(code)) {
      throw new RailUnreachableError(`not reached: ${code}`, { cause: error });
    }
    const why = deadline.aborted
      ? 'no answer in time'
      : `the answer was lost: ${code ?? message ?? 'unknown'}`;
    throw new AnswerLostError(why, { cause: error });
  }
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new AnswerLostError('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AnswerLostError('the answer is not JSON');
  }
}
