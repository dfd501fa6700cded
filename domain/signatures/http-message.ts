/**
 * HTTP Message Signatures (RFC 9421) on requests, with the digest of the body (RFC 9530). One signature a request; it
 * covers method, path, authority, the query and the body where there are any, and carries created, expires, nonce and
 * the agent's id as `keyid`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { httpbis } from 'http-message-signatures';
import { verifySignature, type PublicKey } from '../keys';
import { SIGNATURE_WINDOW_MS } from '../request-signature';

export interface HttpMessage {
  method: string;
  /** Path and query exactly as sent. */
  target: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

export interface HttpSignature {
  keyId: string;
  nonce: string;
  createdMs: number;
  expiresMs: number;
  /** Names of the covered components. */
  covered: readonly string[];
  /** What was signed, and by what. */
  base: string;
  signature: string;
}

/** What is wrong with a signature, for the caller to read. */
export class HttpSignatureError extends Error {
  override name = 'HttpSignatureError';
  constructor(
    readonly field: 'Signature' | 'Signature-Input' | 'Content-Digest',
    message: string,
  ) {
    super(message);
  }
}

const REQUIRED_PARAMS = ['created', 'expires', 'nonce', 'keyid'];
const NONCE = /^[\x21-\x7e]{8,128}$/;
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Long enough for the library to leave the times to the check below, which knows the clock. */
const LIBRARY_TOLERANCE_SECONDS = 10 * 365 * 86_400;

/** Reads the one signature and the bytes it is over. Throws `HttpSignatureError`; proves nothing yet. */
export async function readHttpSignature(message: HttpMessage, authority: string): Promise<HttpSignature> {
  const seen: { params: Record<string, unknown>[]; covered: string[]; base: string; signature: string } = {
    params: [],
    covered: [],
    base: '',
    signature: '',
  };
  const { method, target } = message;
  await parse(() =>
    httpbis.verifyMessage(
      {
        tolerance: LIBRARY_TOLERANCE_SECONDS,
        requiredParams: REQUIRED_PARAMS,
        componentParser(name, params) {
          if (params.size > 0) throw new HttpSignatureError('Signature-Input', `${name} has parameters`);
          seen.covered.push(name);
          return componentOf(message, authority, name);
        },
        keyLookup(params) {
          seen.params.push(params);
          return Promise.resolve({
            algs: ['ed25519'],
            verify(base, signature) {
              seen.base = base.toString('utf8');
              seen.signature = signature.toString('base64');
              return Promise.resolve(true);
            },
          });
        },
      },
      { method, url: 'http://unused', headers: definedHeaders(message) },
    ),
  );
  const [params] = seen.params;
  if (!params || seen.params.length > 1) throw wrongInput('exactly one signature is taken');
  checkCoverage(seen.covered, { hasQuery: target.includes('?'), hasBody: message.body !== '' });
  return { ...readParams(params), covered: seen.covered, base: seen.base, signature: seen.signature };
}

/** The library throws plain errors for what it cannot parse; all of them are the caller's. */
async function parse(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof HttpSignatureError) throw error;
    throw wrongInput(error instanceof Error ? error.message : 'malformed');
  }
}

const wrongInput = (reason: string) => new HttpSignatureError('Signature-Input', reason);

function componentOf({ method, target, headers }: HttpMessage, authority: string, name: string): string[] {
  const at = target.indexOf('?');
  switch (name) {
    case '@method':
      return [method.toUpperCase()];
    case '@path':
      return [at < 0 ? target : target.slice(0, at)];
    case '@query':
      return [at < 0 ? '?' : target.slice(at)];
    case '@authority':
      return [authority];
  }
  const value = FIELD_NAME.test(name) ? headers[name] : undefined;
  if (value === undefined) throw wrongInput(`${name} is covered, but is not there or not supported`);
  return [value.trim()];
}

function checkCoverage(covered: readonly string[], request: { hasQuery: boolean; hasBody: boolean }): void {
  const needed = [
    '@method',
    '@path',
    '@authority',
    ...(request.hasQuery ? ['@query'] : []),
    ...(request.hasBody ? ['content-digest'] : []),
  ];
  const missing = needed.filter((name) => !covered.includes(name));
  if (missing.length > 0) throw wrongInput(`does not cover ${missing.join(', ')}`);
  if (new Set(covered).size < covered.length) throw wrongInput('covers a component twice');
}

function readParams(params: Readonly<Record<string, unknown>>) {
  const { created, expires, nonce, keyid, alg } = params;
  if (!(created instanceof Date) || Number.isNaN(created.getTime())) throw wrongInput('created: seconds');
  if (typeof expires !== 'number' || !Number.isSafeInteger(expires)) throw wrongInput('expires: seconds');
  if (typeof keyid !== 'string' || keyid === '') throw wrongInput('keyid: the id of the agent');
  if (typeof nonce !== 'string' || !NONCE.test(nonce)) {
    throw wrongInput('nonce: 8 to 128 visible ASCII characters');
  }
  if (alg !== undefined && alg !== 'ed25519') throw wrongInput('alg: ed25519');
  return { keyId: keyid, nonce, createdMs: created.getTime(), expiresMs: expires * 1_000 };
}

/** Checks times and digest. Throws `HttpSignatureError`. */
export function checkHttpSignature(read: HttpSignature, message: HttpMessage, now: Date): void {
  const { createdMs, expiresMs } = read;
  if (Math.abs(now.getTime() - createdMs) > SIGNATURE_WINDOW_MS) {
    throw wrongInput('created is not within 5 minutes of now');
  }
  if (expiresMs <= now.getTime()) throw wrongInput('expired');
  if (expiresMs <= createdMs || expiresMs - createdMs > SIGNATURE_WINDOW_MS) {
    throw wrongInput('expires is not within 5 minutes after created');
  }
  if (message.body !== '' || read.covered.includes('content-digest')) checkDigest(message);
}

function checkDigest({ headers, body }: HttpMessage): void {
  const [, given] =
    /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:,|$)/.exec(headers['content-digest'] ?? '') ?? [];
  if (!given) throw new HttpSignatureError('Content-Digest', 'sha-256=:<base64>: is required');
  const digest = createHash('sha256').update(body).digest();
  if (!timingSafeEqual(digest, Buffer.from(given, 'base64'))) {
    throw new HttpSignatureError('Content-Digest', 'is not that of the body');
  }
}

export function verifyHttpSignature({ base, signature }: HttpSignature, key: PublicKey): boolean {
  return verifySignature(key, base, signature);
}

function definedHeaders({ headers }: HttpMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** The authority of a URL as RFC 9421 has it: lower case, without the port that its scheme implies. */
export function authorityOf(url: string): string {
  return new URL(url).host;
}

/** The headers that carry such a signature on a request. `created` is now, and it lasts five minutes. */
export async function signHttpMessage(
  message: Omit<HttpMessage, 'headers'> & {
    authority: string;
    keyId: string;
    nonce: string;
    sign(bytes: Uint8Array): string;
  },
  now = new Date(),
): Promise<Record<string, string>> {
  const { method, target, body, authority, keyId, nonce } = message;
  const digest = createHash('sha256').update(body).digest('base64');
  const headers: Record<string, string> = body === '' ? {} : { 'content-digest': `sha-256=:${digest}:` };
  const hasQuery = target.includes('?');
  const signed = await httpbis.signMessage(
    {
      key: {
        id: keyId,
        alg: 'ed25519',
        sign: (base) => Promise.resolve(Buffer.from(message.sign(base), 'base64')),
      },
      params: ['created', 'expires', 'nonce', 'keyid', 'alg'],
      paramValues: { created: now, expires: new Date(now.getTime() + SIGNATURE_WINDOW_MS), nonce },
      fields: [
        '@method',
        '@path',
        '@authority',
        ...(hasQuery ? ['@query'] : []),
        ...(body === '' ? [] : ['content-digest']),
      ],
      componentParser: (name) => componentOf({ method, target, headers, body }, authority, name),
    },
    { method, url: 'http://unused', headers },
  );
  return { ...headers, ...signed.headers };
}
