/** Requests: signed, sent again by the protocol's rules, and their answers read. */
import type { ApiVersion } from '../domain/versions';
import { learnTime } from './clock';
import { signatureCredentials, type Credentials } from './credentials';
import { AuraApiError, errorFrom } from './errors';
import type { KeyPair } from './keys';
import { isRetryable, nextPauseMs, pause, retryAfterMs, type RetryLimits } from './retry';

export { AuraApiError } from './errors';

export interface HttpOptions extends RetryLimits {
  /** Where AURA is, without a trailing slash. */
  baseUrl: string;
  /** Longest wait for one answer, milliseconds; default 40,000. */
  timeoutMs?: number;
  /** Ends whatever is under way with these options: requests, pauses, and waiting. */
  signal?: AbortSignal;
}

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  credentials?: Credentials;
  /** The short form of 2.2's credentials; a registration is signed before there is an agent id. */
  signer?: { agentId?: string; key: KeyPair };
  /** One key for all attempts, so that trying again can never do it twice. */
  idempotencyKey?: string;
  /** In whose names the answer is; default that of the agent. */
  version?: ApiVersion;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 40_000;

/**
 * Sends until there is an answer. Throws `AuraApiError` for a refusal, the cause of the last failure where no answer
 * came, and the signal's reason where it aborts.
 */
export async function call<T>(options: HttpOptions, request: Request): Promise<T> {
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  const signal = anyOf(options.signal, request.signal);
  const startedAt = Date.now();
  let isTimeKnown = false;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const outcome = await tryOnce<T>(options, { ...request, signal }, body);
    if ('answer' in outcome) return outcome.answer;
    const { failure, askedMs } = outcome;
    signal?.throwIfAborted();
    // Refused at the door, so nothing was done: signed by the right time it may be asked again, once.
    if (!isTimeKnown && learnTime(options.baseUrl, failure)) {
      isTimeKnown = true;
      continue;
    }
    const again = mayRepeat(request) && (!(failure instanceof AuraApiError) || isRetryable(failure.status));
    const pauseMs = again ? nextPauseMs(options, { attempt, startedAt, askedMs }) : undefined;
    if (pauseMs === undefined) throw failure;
    await pause(pauseMs, signal);
  }
}

/** The answer may be lost, not the work: what creates something is repeated under its key only. */
function mayRepeat({ method, idempotencyKey }: Request): boolean {
  return method !== 'POST' || idempotencyKey !== undefined;
}

type Outcome<T> = { answer: T } | { failure: unknown; askedMs?: number };

async function tryOnce<T>(options: HttpOptions, request: Request, body: string): Promise<Outcome<T>> {
  let response: Response;
  let text: string;
  const headers = await headersOf(options, request, body);
  try {
    response = await send(options, request, headers, body);
    text = await response.text();
  } catch (failure) {
    return { failure };
  }
  if (response.ok) return { answer: parse(response, text) as T };
  const askedMs = retryAfterMs(response.headers.get('retry-after'));
  const { status, statusText } = response;
  return { failure: errorFrom({ status, statusText, retryAfterMs: askedMs }, text), askedMs };
}

async function headersOf({ baseUrl }: HttpOptions, request: Request, body: string) {
  const { method, path, idempotencyKey, version, signer } = request;
  const credentials = request.credentials ?? (signer && signatureCredentials(signer));
  return {
    accept: 'application/json',
    ...(body && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'x-idempotency-key': idempotencyKey }),
    ...(version !== undefined && { 'aura-version': version }),
    ...(await credentials?.headers({ baseUrl, method, target: path, body })),
  };
}

function send(
  { baseUrl, timeoutMs = TIMEOUT_MS }: HttpOptions,
  { method, path, signal }: Request,
  headers: Record<string, string>,
  body: string,
): Promise<Response> {
  return fetch(baseUrl + path, {
    method,
    headers,
    body: body || undefined,
    // A signature is for one address: it is never carried to another.
    redirect: 'manual',
    signal: anyOf(signal, AbortSignal.timeout(timeoutMs)),
  });
}

export function anyOf(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

function parse(response: Response, text: string): unknown {
  return response.headers.get('content-type')?.includes('json') ? (JSON.parse(text) as unknown) : text;
}
