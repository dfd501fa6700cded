/** Signed requests, and the protocol's rule for trying again. */
import { setTimeout } from 'node:timers/promises';
import { requestSigningBytes } from '../domain/request-signature';
import type { KeyPair } from './keys';

/** What the API answered instead of what was asked for. */
export class AuraApiError extends Error {
  override name = 'AuraApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>>,
    readonly requestId: string,
  ) {
    super(`${code}: ${message}`);
  }
}

export interface HttpOptions {
  baseUrl: string;
  /** Attempts in all; default 5. */
  attempts?: number;
  /** Longest wait for one answer, milliseconds; default 40,000. */
  timeoutMs?: number;
}

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  /** Who signs; a registration is signed before there is an agent id. */
  signer?: { agentId?: string; key: KeyPair };
  /** One key for all attempts, so that trying again can never do it twice. */
  idempotencyKey?: string;
}

const ATTEMPTS = 5;
const TIMEOUT_MS = 40_000;
const RETRYABLE = new Set([429, 502, 503, 504]);
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

export async function call<T>(
  { baseUrl, attempts = ATTEMPTS, timeoutMs = TIMEOUT_MS }: HttpOptions,
  request: Request,
): Promise<T> {
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  for (let attempt = 0; ; attempt++) {
    const last = attempt + 1 >= attempts;
    let response: Response;
    try {
      response = await send(baseUrl, request, body, timeoutMs);
    } catch (error) {
      // The answer may be lost, not the work. Without a key only reading is safe to repeat.
      if (last || !(request.method === 'GET' || request.idempotencyKey)) throw error;
      await setTimeout(delayMs(attempt));
      continue;
    }
    if (response.ok) return (await parse(response)) as T;
    if (!RETRYABLE.has(response.status) || last) throw await toError(response);
    await setTimeout(retryAfterMs(response) ?? delayMs(attempt));
  }
}

function send(
  baseUrl: string,
  { method, path, signer, idempotencyKey }: Request,
  body: string,
  timeoutMs: number,
) {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body) headers['content-type'] = 'application/json';
  if (idempotencyKey) headers['x-idempotency-key'] = idempotencyKey;
  if (signer) {
    const timestamp = nextTimestamp();
    if (signer.agentId) headers['x-agent-id'] = signer.agentId;
    headers['x-timestamp'] = timestamp;
    headers['x-signature'] = signer.key.sign(requestSigningBytes({ method, target: path, timestamp, body }));
  }
  return fetch(baseUrl + path, {
    method,
    headers,
    body: body || undefined,
    signal: AbortSignal.timeout(timeoutMs),
  });
}

let lastMicros = 0;

/** Now with microseconds, strictly increasing, so that two equal requests are never taken for a replay. */
function nextTimestamp(): string {
  lastMicros = Math.max(lastMicros + 1, Date.now() * 1_000);
  const micros = String(lastMicros % 1_000).padStart(3, '0');
  return new Date(Math.floor(lastMicros / 1_000)).toISOString().replace('Z', `${micros}Z`);
}

/** `min(2^attempt · 100 ms, 30 s)`, with half of it left to chance. */
function delayMs(attempt: number): number {
  const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return delay * (0.5 + Math.random() * 0.5);
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after'));
  return seconds > 0 ? seconds * 1_000 : undefined;
}

async function parse(response: Response): Promise<unknown> {
  const text = await response.text();
  return response.headers.get('content-type')?.includes('json') ? (JSON.parse(text) as unknown) : text;
}

async function toError(response: Response): Promise<AuraApiError> {
  const body = (await response.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string; details?: Record<string, unknown>; request_id?: string };
  };
  const { code = 'UNKNOWN', message = response.statusText, details = {}, request_id = '' } = body.error ?? {};
  return new AuraApiError(response.status, code, message, details, request_id);
}
