/** Key pairs of certificate authorities and of the keys they certify. */
import { createSign, KeyObject, sign, webcrypto } from 'node:crypto';
import { principalKeyBinding } from '../../domain/credentials';
import type { PublicKey } from '../../domain/keys';

export type KeyAlgorithm = 'Ed25519' | 'P-256' | 'RSA-2048';

export interface AuthorityKeys {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
  /** What WebCrypto calls a signature by this key. */
  readonly signing: { name: string; hash?: string };
}

export async function generateAuthorityKeys(algorithm: KeyAlgorithm): Promise<AuthorityKeys> {
  const { params, signing } = parameters(algorithm);
  const pair = await webcrypto.subtle.generateKey(params, true, ['sign', 'verify']);
  return { publicKey: pair.publicKey, privateKey: pair.privateKey, signing };
}

function parameters(algorithm: KeyAlgorithm): {
  params: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams;
  signing: AuthorityKeys['signing'];
} {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  switch (algorithm) {
    case 'Ed25519':
      return { params: { name: 'Ed25519', namedCurve: 'Ed25519' }, signing: { name: 'Ed25519' } };
    case 'P-256':
      return { params: { name: 'ECDSA', namedCurve: 'P-256' }, signing: { name: 'ECDSA', hash: 'SHA-256' } };
    case 'RSA-2048':
      return {
        params: { ...rsa, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
        signing: rsa,
      };
  }
}

/** The certified key's word for a principal's key, base64. */
export function signBinding({ privateKey }: AuthorityKeys, principalKey: PublicKey): string {
  const key = KeyObject.from(privateKey);
  const message = Buffer.from(principalKeyBinding(principalKey), 'utf8');
  if (key.asymmetricKeyType === 'ed25519') return sign(null, message, key).toString('base64');
  return createSign('sha256').update(message).sign(key).toString('base64');
}
