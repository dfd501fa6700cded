/**
 * Signatures of protocol 1.0.0: `X-AURA-Signature: sig_<base64>` with `X-AURA-Timestamp` (RFC 3339), beside an API key.
 * Ed25519 by the agent's key; in the sandbox HMAC-SHA256 by the API secret as well.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { verifySignature, type PublicKey } from '../keys';
import type { SignableRequest } from '../request-signature';

const ED25519 = /^sig_([A-Za-z0-9+/]{86}==)$/;
const HMAC_SHA256 = /^sig_([A-Za-z0-9+/]{43}=)$/;

/** The bytes to sign: four lines. `target` is the path, with `?` and the query where there is one. */
export function apiSigningBytes({ method, target, timestamp, body }: SignableRequest): string {
  const digest = createHash('sha256').update(body).digest('hex');
  return `${method.toUpperCase()}\n${target}\n${timestamp}\n${digest}`;
}

export function signatureAlgorithm(signature: string): 'ed25519' | 'hmac-sha256' | undefined {
  if (ED25519.test(signature)) return 'ed25519';
  return HMAC_SHA256.test(signature) ? 'hmac-sha256' : undefined;
}

export function verifyApiSignature(signed: string, signature: string, key: PublicKey): boolean {
  return verifySignature(key, signed, ED25519.exec(signature)?.[1] ?? '');
}

/** `sig_` and the base64 of the HMAC by the secret's UTF-8 bytes. */
export function apiHmac(signed: string, apiSecret: string): string {
  return `sig_${createHmac('sha256', apiSecret).update(signed).digest('base64')}`;
}

export function verifyApiHmac(signed: string, signature: string, apiSecret: string): boolean {
  const expected = Buffer.from(apiHmac(signed, apiSecret));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
