/** An agent's or principal's Ed25519 key. Made with @noble/ed25519, so that it works in any JavaScript runtime. */
import { getPublicKey, hashes, sign, utils } from '@noble/ed25519';
import { createHash } from 'node:crypto';

// Noble leaves the hash to its user where there is no WebCrypto in synchronous code.
hashes.sha512 = (message: Uint8Array) => createHash('sha512').update(message).digest();

export interface KeyPair {
  /** 32 raw bytes, base64: what AURA stores. */
  readonly publicKey: string;
  /** 32 raw bytes, base64. Keep it to yourself. */
  readonly secretKey: string;
  /** Ed25519 signature of the UTF-8 bytes, base64. */
  sign(message: string): string;
}

export function newKeyPair(): KeyPair {
  return keyPairFrom(Buffer.from(utils.randomSecretKey()).toString('base64'));
}

export function keyPairFrom(secretKey: string): KeyPair {
  const secret = Uint8Array.from(Buffer.from(secretKey, 'base64'));
  return {
    secretKey,
    publicKey: Buffer.from(getPublicKey(secret)).toString('base64'),
    sign: (message) => Buffer.from(sign(Buffer.from(message, 'utf8'), secret)).toString('base64'),
  };
}
