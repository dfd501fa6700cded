/** One question to the processor, one signed answer. The only place that talks to it. */
import type { Pool } from 'undici';
import { verifySignature, type PublicKey } from '../../domain/keys';
import { createPool, lossOf, notSentCode, readBounded } from '../transport';
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

export function createProcessorClient(deps: ProcessorClientDeps): ProcessorClient {
  const base = new URL(deps.networkUrl);
  const { timeoutMs } = deps;
  const pool = createPool({ origin: base.origin, connections: MAX_CONNECTIONS, timeoutMs });
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
    const content = await readBounded(answer.body, MAX_ANSWER_BYTES, tooLarge);
    const message = content.toString('utf8');
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
  const code = notSentCode(error, aborted);
  if (code) return { kind: 'unreached', detail: `the processor was not reached: ${code}` };
  return { kind: 'unknown', detail: lossOf(error, aborted) };
}

class AnswerTooLargeError extends Error {
  override name = 'AnswerTooLargeError';
  readonly code = 'TOO_LARGE';
}

const tooLarge = () => new AnswerTooLargeError('the answer is too large');
