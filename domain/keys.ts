/**
 * Ed25519 keys. They come as base64, PEM (SPKI), JWK or did:key. Small-order and non-canonical points are refused
 * here, once, because the platform's fast verifier accepts them and then one signature fits every message.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { Point } from '@noble/ed25519';
import { base58 } from '@scure/base';

/** A checked public key: 32 raw bytes in standard base64. The only form that is stored. */
export type PublicKey = string;

export class KeyError extends Error {
  override name = 'KeyError';
}

export interface Signer {
  readonly keyId: string;
  readonly publicKey: PublicKey;
  /** Ed25519 signature (RFC 8032) of the UTF-8 bytes, base64. */
  sign(message: string | Uint8Array): string;
}

const ED25519_MULTICODEC = [0xed, 0x01] as const;
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Reads a public key in any accepted form and refuses unsafe ones. */
export function parsePublicKey(input: unknown): PublicKey {
  const raw = rawPublicKey(input);
  if (raw.length !== 32) throw new KeyError('an Ed25519 public key has 32 bytes');
  let point: Point;
  try {
    point = Point.fromBytes(raw, false);
  } catch {
    throw new KeyError('not a canonical point of Ed25519');
  }
  if (point.isSmallOrder()) throw new KeyError('a small-order key is refused');
  if (!point.isTorsionFree()) throw new KeyError('a key outside the prime-order group is refused');
  return Buffer.from(raw).toString('base64');
}

function rawPublicKey(input: unknown): Uint8Array {
  if (typeof input === 'object' && input !== null) return rawFromJwk(input as Record<string, unknown>);
  if (typeof input !== 'string') throw new KeyError('a key is a string or a JWK object');
  const text = input.trim();
  if (text.startsWith('-----BEGIN')) return rawFromPem(text);
  if (text.startsWith('did:key:')) return rawFromMultibase(text.slice('did:key:'.length));
  if (text.startsWith('z6Mk')) return rawFromMultibase(text);
  if (text.startsWith('{')) return rawFromJwk(parseJwk(text));
  return rawFromBase64(text);
}

function parseJwk(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new KeyError('not a JWK');
  }
}

function rawFromBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]{43}=$|^[A-Za-z0-9+/]{59}=?$|^[A-Za-z0-9_-]{43}$/.test(text)) {
    throw new KeyError('not base64 of an Ed25519 key');
  }
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 44 && bytes.subarray(0, 12).equals(SPKI_PREFIX)) return bytes.subarray(12);
  return bytes;
}

function rawFromPem(text: string): Uint8Array {
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw new KeyError('not a PEM public key');
  }
  if (text.includes('PRIVATE KEY')) throw new KeyError('a private key was sent; send the public key');
  if (key.asymmetricKeyType !== 'ed25519') throw new KeyError('only Ed25519 keys are accepted');
  return key.export({ format: 'der', type: 'spki' }).subarray(12);
}

function rawFromJwk(jwk: Record<string, unknown>): Uint8Array {
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || typeof jwk.x !== 'string') {
    throw new KeyError('a JWK of an Ed25519 key has kty OKP, crv Ed25519 and x');
  }
  if ('d' in jwk) throw new KeyError('a private key was sent; send the public key');
  return Buffer.from(jwk.x, 'base64url');
}

function rawFromMultibase(text: string): Uint8Array {
  if (!text.startsWith('z')) throw new KeyError('only base58btc multibase is accepted');
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(text.slice(1));
  } catch {
    throw new KeyError('not base58btc');
  }
  if (bytes[0] !== ED25519_MULTICODEC[0] || bytes[1] !== ED25519_MULTICODEC[1]) {
    throw new KeyError('only Ed25519 multikeys are accepted');
  }
  return bytes.subarray(2);
}

/** The did:key form of a stored key (W3C did:key method, Ed25519 multicodec). */
export function didKey(publicKey: PublicKey): string {
  return `did:key:${multikey(publicKey)}`;
}

/** The Multikey form (`z6Mk…`) of a stored key. */
export function multikey(publicKey: PublicKey): string {
  return `z${base58.encode(Uint8Array.from([...ED25519_MULTICODEC, ...Buffer.from(publicKey, 'base64')]))}`;
}

/** The key as the PEM other tools read. */
export function publicKeyPem(publicKey: PublicKey): string {
  return keyObject(publicKey).export({ format: 'pem', type: 'spki' }).toString();
}

const KEY_OBJECTS = new Map<PublicKey, KeyObject>();
const KEY_OBJECTS_MAX = 10_000;

function keyObject(publicKey: PublicKey): KeyObject {
  const known = KEY_OBJECTS.get(publicKey);
  if (known) return known;
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, 'base64')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (KEY_OBJECTS.size >= KEY_OBJECTS_MAX) KEY_OBJECTS.clear();
  KEY_OBJECTS.set(publicKey, key);
  return key;
}

/** Verifies a base64 signature by a key that `parsePublicKey` has accepted. Malformed signatures are just false. */
export function verifySignature(
  publicKey: PublicKey,
  message: string | Uint8Array,
  signature: string,
): boolean {
  if (!/^[A-Za-z0-9+/]{86}==$/.test(signature)) return false;
  const bytes = typeof message === 'string' ? Buffer.from(message, 'utf8') : message;
  return verify(null, bytes, keyObject(publicKey), Buffer.from(signature, 'base64'));
}

/** A new key pair; the private key is PKCS#8 PEM. */
export function generateKeyPair(): { privateKeyPem: string; publicKey: PublicKey } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const privateKeyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { privateKeyPem, publicKey: createSigner(privateKeyPem, '').publicKey };
}

/** A signer over a PKCS#8 PEM private key. */
export function createSigner(privateKeyPem: string, keyId: string): Signer {
  const privateKey = createPrivateKey(privateKeyPem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new KeyError('only Ed25519 keys are accepted');
  const publicKey = createPublicKey(privateKey)
    .export({ format: 'der', type: 'spki' })
    .subarray(12)
    .toString('base64');
  return {
    keyId,
    publicKey,
    sign: (message) =>
      sign(null, typeof message === 'string' ? Buffer.from(message, 'utf8') : message, privateKey).toString(
        'base64',
      ),
  };
}
