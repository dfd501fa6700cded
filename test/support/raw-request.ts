/** Requests with every header, byte and signature in the test's hands. */
import { requestSigningBytes } from '../../domain/request-signature';
import type { AgentClient, KeyPair } from '../../sdk';

export interface Signer {
  /** Empty for whoever registers, and signs before it has an id. */
  agentId: string;
  key: KeyPair;
}

/** The agent of an SDK client, to sign requests that the client would not send. */
export function signerOf(client: AgentClient): Signer {
  return { agentId: client.agentId, key: (client as unknown as { key: KeyPair }).key };
}

export interface RawRequest {
  method: string;
  /** Path and query as they are sent. */
  path: string;
  /** Sent as JSON unless it is text already. */
  body?: unknown;
  signer?: Signer;
  headers?: Readonly<Record<string, string>>;
  /** Signed once: the same value sends the very same request again. */
  at?: Date;
}

export interface RawAnswer {
  status: number;
  text: string;
  /** Empty where the answer is not JSON. */
  json: Record<string, unknown> & {
    error?: {
      code: string;
      message: string;
      details: Record<string, unknown>;
      request_id: string;
      documentation_url: string;
    };
  };
  headers: Headers;
}

export async function send(baseUrl: string, request: RawRequest): Promise<RawAnswer> {
  const { method, path, signer, headers = {}, at = uniqueNow() } = request;
  const body = toText(request.body);
  const timestamp = at.toISOString();
  const signed = signer && {
    ...(signer.agentId && { 'x-agent-id': signer.agentId }),
    'x-timestamp': timestamp,
    'x-signature': signer.key.sign(requestSigningBytes({ method, target: path, timestamp, body })),
  };
  const response = await fetch(baseUrl + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...signed, ...headers },
    body: body || undefined,
    signal: AbortSignal.timeout(45_000),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    text,
    json: (isJson ? JSON.parse(text) : {}) as RawAnswer['json'],
    headers: response.headers,
  };
}

function toText(body: unknown): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

let last = 0;

/** Every millisecond once, so that two equal requests are not taken for a replay. */
export function uniqueNow(): Date {
  last = Math.max(last + 1, Date.now());
  return new Date(last);
}
