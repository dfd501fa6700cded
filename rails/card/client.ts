/** One question to the processor, one signed answer. The only place that talks to it. */
import { Pool } from 'undici';
import { verifySignature, type PublicKey } from '../../domain/keys';
import type { SignedText } from './evidence';
import { IDEMPOTENCY_HEADER, KEY_ID_HEADER, SIGNATURE_HEADER } from './wire';

export interface Question {
  method: 'GET' | 'POST';
  /** Below the base address, with its query. */
  path: string;
  body?: Record<string, unknown>;
  /** The same key and body are carried out once, however often they are sent. */
  idempotencyKey?: string;
}

/**
 * `answered` only with what the processor signed, refusals included. `unreached`: nothing was sent. Anything else that
 * may have been carried out is `unknown`.
 */
export type Exchange =
  | { kind: 'answered'; status: number; body: unknown; signed: SignedText }
  | { kind: 'unreached'; detail: string }
  | { kind: 'unknown'; detail: string };

export interface ProcessorClient {
  ask(question: Question, signal?: AbortSignal): Promise<Exchange>;
  close(): Promise<void>;
}

export interface ProcessorClientDeps {
  /** The processor's base address, e.g. `https://host/card`. */
  networkUrl: string;
  networkKey: PublicKey;
  apiKey: string;
  /** For one question with its answer. */
  timeoutMs: number;
}

const MAX_CONNECTIONS = 128;
const MAX_ANSWER_BYTES = 8_000_000;
/** Errors of opening a connection: no byte of the question has left. */
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

export function createProcessorClient(deps: ProcessorClientDeps): ProcessorClient {
  const base = new URL(deps.networkUrl);
  const pool = new Pool(base.origin, {
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    // Shorter than the deadline of the whole, so that a processor that is down is told apart from one that is slow.
    connect: { timeout: Math.ceil(deps.timeoutMs / 2) },
    headersTimeout: deps.timeoutMs,
    bodyTimeout: deps.timeoutMs,
  });
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    ask: (question, signal) => ask(deps, pool, prefix, question, signal),
    close: () => pool.close(),
  };
}

async function ask(
  deps: ProcessorClientDeps,
  pool: Pool,
  prefix: string,
  question: Question,
  signal: AbortSignal | undefined,
): Promise<Exchange> {
  if (signal?.aborted) return { kind: 'unreached', detail: 'cancelled before anything was sent' };
  const { method, path, body, idempotencyKey } = question;
  const deadline = AbortSignal.any([AbortSignal.timeout(deps.timeoutMs), ...(signal ? [signal] : [])]);
  try {
    const answer = await pool.request({
      path: prefix + path,
      method,
      headers: {
        authorization: `Bearer ${deps.apiKey}`,
        accept: 'application/json',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(idempotencyKey ? { [IDEMPOTENCY_HEADER]: idempotencyKey } : {}),
      },
      body: body && JSON.stringify(body),
      signal: deadline,
    });
    const message = await readBounded(answer.body);
    return readAnswer(deps.networkKey, answer.statusCode, answer.headers, message);
  } catch (error) {
    return interpretFailure(error, deadline.aborted);
  }
}

function readAnswer(
  networkKey: PublicKey,
  status: number,
  headers: Record<string, string | string[] | undefined>,
  message: string,
): Exchange {
  const keyId = headers[KEY_ID_HEADER];
  const signature = headers[SIGNATURE_HEADER];
  if (typeof keyId !== 'string' || typeof signature !== 'string')
    return { kind: 'unknown', detail: `the processor answered ${status}, unsigned` };
  if (!verifySignature(networkKey, message, signature))
    return { kind: 'unknown', detail: `the processor answered ${status}, its signature does not verify` };
  try {
    const body: unknown = JSON.parse(message);
    return { kind: 'answered', status, body, signed: { message, keyId, signature } };
  } catch {
    return { kind: 'unknown', detail: `the processor answered ${status}, not in JSON` };
  }
}

function interpretFailure(error: unknown, aborted: boolean): Exchange {
  const { code } = error as { code?: string };
  if (!aborted && code !== undefined && NOT_SENT.has(code)) {
    return { kind: 'unreached', detail: `the processor was not reached: ${code}` };
  }
  const detail = aborted ? 'no answer in time' : `the answer was lost or unusable: ${code ?? 'unknown'}`;
  return { kind: 'unknown', detail };
}

class AnswerTooLargeError extends Error {
  override name = 'AnswerTooLargeError';
  readonly code = 'TOO_LARGE';
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new AnswerTooLargeError('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
