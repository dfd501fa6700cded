/** Requests in the three forms of signing, with every part in the test's hands. */
import { randomUUID } from 'node:crypto';
import { generateKeyPair, createSigner, type Signer } from '../../domain/keys';
import { requestSigningBytes } from '../../domain/request-signature';
import { apiHmac, apiSigningBytes } from '../../domain/signatures/api-key';
import { signHttpMessage } from '../../domain/signatures/http-message';

export interface Answer {
  status: number;
  headers: Headers;
  json: Record<string, unknown> & {
    error?: { code: string; message: string; details: Record<string, unknown> };
  };
}

export type Headers1 = Readonly<Record<string, string>>;

export interface Ask {
  method: string;
  target: string;
  body?: string;
}

/** What is signed where it is not what is sent. */
export interface Signing {
  by: Signer;
  at?: Date;
  as?: Partial<Ask>;
}

export const newSigner = (): Signer => createSigner(generateKeyPair().privateKeyPem, '');

export async function send(baseUrl: string, ask: Ask, headers: Headers1 = {}): Promise<Answer> {
  const { method, target, body } = ask;
  const response = await fetch(baseUrl + target, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: JSON.parse(text || '{}') as never };
}

let lastMs = 0;
/** Strictly increasing, so that two requests of a test are never the same one. */
function instant(at?: Date): string {
  if (at) return at.toISOString();
  lastMs = Math.max(lastMs + 1, Date.now());
  return new Date(lastMs).toISOString();
}

/** X-Agent-ID, X-Timestamp, X-Signature. */
export function agentForm(ask: Ask, agentId: string, { by, at, as }: Signing): Headers1 {
  const timestamp = instant(at);
  const { method, target, body = '' } = { ...ask, ...as };
  const bytes = requestSigningBytes({ method, target, timestamp, body });
  return { 'x-agent-id': agentId, 'x-timestamp': timestamp, 'x-signature': by.sign(bytes) };
}

/** An API key and a signature by the agent's key, or by the API secret. */
export function keyForm(
  ask: Ask,
  apiKey: string,
  { by, at, as }: Omit<Signing, 'by'> & { by: Signer | { apiSecret: string } },
): Headers1 {
  const timestamp = instant(at);
  const { method, target, body = '' } = { ...ask, ...as };
  const bytes = apiSigningBytes({ method, target, timestamp, body });
  const signature = 'apiSecret' in by ? apiHmac(bytes, by.apiSecret) : `sig_${by.sign(bytes)}`;
  return {
    authorization: `Bearer ${apiKey}`,
    'x-aura-timestamp': timestamp,
    'x-aura-signature': signature,
  };
}

/** RFC 9421. */
export function messageForm(
  ask: Ask,
  agentId: string,
  { by, at, as, authority, nonce = randomUUID() }: Signing & { authority: string; nonce?: string },
): Promise<Headers1> {
  const { method, target, body = '' } = { ...ask, ...as };
  const sign = (bytes: Uint8Array) => by.sign(bytes);
  return signHttpMessage({ method, target, body, authority, keyId: agentId, nonce, sign }, at);
}
