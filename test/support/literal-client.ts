/**
 * A client of protocol 1.0.0 as somebody would write it who has nothing but the protocol's text: fetch and node:crypto.
 * It shares no code with the server.
 */
import { createHash, generateKeyPairSync, randomInt, sign } from 'node:crypto';

export type Body = Record<string, unknown>;

/** Parsed JSON to be looked into; what is not there is `undefined` when it is reached. */
export interface Answered<Json = Body> {
  status: number;
  headers: Headers;
  json: Json;
}

export interface LiteralKeys {
  /** SPKI, as the protocol's registration has it. */
  pem: string;
  /** `sig_` and the base64 of an Ed25519 signature. */
  sign(text: string): string;
}

export function literalKeys(): LiteralKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    sign: (text) => `sig_${sign(null, Buffer.from(text), privateKey).toString('base64')}`,
  };
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `{prefix}_{ulid}`, as agents give to what they name themselves. */
export function literalId(prefix: string): string {
  const letters = Array.from({ length: 24 }, () => ALPHABET[randomInt(ALPHABET.length)]);
  return `${prefix}_01${letters.join('')}`;
}

export interface LiteralClient {
  /** With the API key alone. */
  ask<Json = Body>(method: string, path: string, body?: unknown): Promise<Answered<Json>>;
  /** With X-AURA-Timestamp and X-AURA-Signature beside the key, as transactions and offers ask for. */
  signed<Json = Body>(method: string, path: string, body?: unknown): Promise<Answered<Json>>;
}

export type OnAnswer = (answered: Answered<unknown>) => void;

/** `seen` gets every answer, for what all of them have in common. */
export function literalClient(
  baseUrl: string,
  { apiKey, keys }: { apiKey: string; keys: LiteralKeys },
  seen: OnAnswer,
): LiteralClient {
  const send = async <Json>(
    method: string,
    path: string,
    body: unknown,
    isSigned: boolean,
  ): Promise<Answered<Json>> => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const timestamp = new Date().toISOString();
    const digest = createHash('sha256').update(text).digest('hex');
    const answered = await literalFetch<Json>(baseUrl + path, {
      method,
      headers: {
        Authorization: `Bearer ${apiKey}`,
        ...(text && { 'Content-Type': 'application/json' }),
        ...(isSigned && {
          'X-AURA-Timestamp': timestamp,
          'X-AURA-Signature': keys.sign(`${method}\n${path}\n${timestamp}\n${digest}`),
        }),
        ...(method === 'POST' && { 'X-Idempotency-Key': literalId('idem') }),
      },
      body: text || undefined,
    });
    seen(answered);
    return answered;
  };
  return {
    ask: (method, path, body) => send(method, path, body, false),
    signed: (method, path, body) => send(method, path, body, true),
  };
}

export async function literalFetch<Json = Body>(url: string, init: RequestInit): Promise<Answered<Json>> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, json: (await response.json()) as Json };
}
