/** Keys that sign by `node:crypto`: the load of a bench shall not be the signing of its clients. */
import { createPrivateKey, sign } from 'node:crypto';
import { newKeyPair, type KeyPair } from '../sdk';

/** An Ed25519 secret in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export function fastKeyPair(): KeyPair {
  const pair = newKeyPair();
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.from(pair.secretKey, 'base64')]);
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { ...pair, sign: (message) => sign(null, Buffer.from(message), secret).toString('base64') };
}
