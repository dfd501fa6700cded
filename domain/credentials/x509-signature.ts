/** Signatures by X.509 keys: over certificates, over revocation lists, and over a principal's key. */
import { verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../canonical';
import { parsePublicKey, type PublicKey } from '../keys';
import { children, DER, oidOf, readExactly, type DerValue } from './der';

/** The statement with which a certified key vouches for a principal's Ed25519 key. */
export function principalKeyBinding(principalKey: PublicKey): string {
  return canonicalJson({ type: 'aura.principal-key-binding.v1', public_key: principalKey });
}

/** What may sign certificates and lists. SHA-1 and MD5 are absent on purpose. */
const ALGORITHMS: Readonly<Record<string, { key: 'rsa' | 'ec' | 'ed25519'; hash: string | null }>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
};
const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1'];
const RSA_MIN_BITS = 2048;
const RSA_MAX_BITS = 8192;

/** Whether a key is of a kind and strength that can be relied on. */
export function isStrongKey(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    return bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS;
  }
  if (key.asymmetricKeyType === 'ec') return CURVES.includes(details?.namedCurve);
  return key.asymmetricKeyType === 'ed25519' && ed25519Of(key) !== undefined;
}

/** The key in our form, where it is a safe Ed25519 key. */
export function ed25519Of(key: KeyObject): PublicKey | undefined {
  if (key.asymmetricKeyType !== 'ed25519') return undefined;
  try {
    return parsePublicKey(key.export({ format: 'der', type: 'spki' }).toString('base64'));
  } catch {
    return undefined;
  }
}

export type SignedDerVerdict = 'verified' | 'bad_signature' | 'unsupported';

/** Verifies a Certificate or CertificateList: both are (to be signed, algorithm, signature). */
export function verifySignedDer(raw: Uint8Array, key: KeyObject): SignedDerVerdict {
  const [tbs, algorithm, signature, ...others] = children(readExactly(raw));
  if (!tbs || !algorithm || signature?.tag !== DER.bitString || others.length || signature.content[0] !== 0) {
    return 'bad_signature';
  }
  // RFC 5280, 4.1.1.2: the algorithm inside what is signed is the same as the one outside.
  const inner = children(tbs).find(({ tag }) => tag === DER.sequence);
  if (!inner || Buffer.compare(inner.bytes, algorithm.bytes) !== 0) return 'bad_signature';
  const known = ALGORITHMS[algorithmOid(algorithm)];
  if (!known || !isStrongKey(key)) return 'unsupported';
  if (key.asymmetricKeyType !== known.key) return 'bad_signature';
  return verify(known.hash, tbs.bytes, key, signature.content.subarray(1)) ? 'verified' : 'bad_signature';
}

function algorithmOid(algorithm: DerValue): string {
  const [oid] = children(algorithm);
  return oid ? oidOf(oid) : '';
}

/** Verifies a base64 signature of the certified key over the principal's key: Ed25519, ECDSA or RSA PKCS#1 v1.5. */
export function verifyBinding(principalKey: PublicKey, signature: string, key: KeyObject): boolean {
  if (!isStrongKey(key) || signature.length > 2_048 || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature))
    return false;
  const message = Buffer.from(principalKeyBinding(principalKey), 'utf8');
  const bytes = Buffer.from(signature, 'base64');
  try {
    if (key.asymmetricKeyType === 'ed25519') return verify(null, message, key, bytes);
    if (key.asymmetricKeyType === 'rsa') return verify('sha256', message, key, bytes);
    const curve = key.asymmetricKeyDetails?.namedCurve;
    const hash = curve === 'secp384r1' ? 'sha384' : curve === 'secp521r1' ? 'sha512' : 'sha256';
    // WebCrypto writes r‖s, OpenSSL a DER sequence; both are in use.
    return (['ieee-p1363', 'der'] as const).some((dsaEncoding) =>
      verify(hash, message, { key, dsaEncoding }, bytes),
    );
  } catch {
    return false;
  }
}
