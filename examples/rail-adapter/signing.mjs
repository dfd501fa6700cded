/** Canonical JSON (RFC 8785) and Ed25519 (RFC 8032), with nothing but what Node brings along. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

/**
 * The one text a value has: no white space, keys sorted by UTF-16 code units, numbers and strings as ECMAScript writes
 * them. JSON.stringify of a number or string and the default sort are exactly that.
 */
export function canonicalJson(value) {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw new TypeError('half of a surrogate pair cannot be signed');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is not JSON`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} is not JSON`);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

export function sha256Hex(text) {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Signs texts with a PKCS#8 PEM private key: base64. */
export function createSigner(privateKeyPem, keyId) {
  const key = createPrivateKey(privateKeyPem);
  return {
    keyId,
    publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12).toString('base64'),
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), key).toString('base64'),
  };
}

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** `publicKey` is 32 raw bytes in base64, as AURA gives it. */
export function isSignedBy(publicKey, text, signature) {
  if (!/^[A-Za-z0-9+/]{86}==$/.test(signature)) return false;
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, 'base64')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
}
