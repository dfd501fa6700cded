/** The W3C cryptosuite eddsa-jcs-2022 (Data Integrity EdDSA Cryptosuites 1.0, section 3.3). */
import { createHash } from 'node:crypto';
import { base58 } from '@scure/base';
import { canonicalJson } from '../canonical';
import { isDateTime } from '../constraints';
import { verifySignature, type PublicKey } from '../keys';
import { refused, type RefusedCredential } from './types';
import { isObject, listOf, shown, type JsonObject } from './snapshot';

/** How far a proof's `created` may lie ahead of our clock. */
const CLOCK_SKEW_MS = 2 * 60_000;

/** SHA-256 of the canonical proof configuration, then SHA-256 of the canonical document: 64 bytes. */
export function hashData(document: JsonObject, proofConfig: JsonObject): Buffer {
  const sha256 = (value: JsonObject) => createHash('sha256').update(canonicalJson(value), 'utf8').digest();
  return Buffer.concat([sha256(proofConfig), sha256(document)]);
}

export type ProofVerdict = { ok: true; verified: JsonObject; hashHex: string } | RefusedCredential;

/**
 * Checks the one proof of a secured document. `keyOf` resolves a verification method to a trusted key. What comes back
 * is the document as it was signed: nothing outside of the signature is ever acted upon.
 */
export function verifyProof(
  secured: JsonObject,
  keyOf: (verificationMethod: string) => PublicKey | undefined,
  now: Date,
): ProofVerdict {
  const { proof: proofField, ...unsecured } = secured;
  const [proof, ...others] = listOf(proofField);
  if (!isObject(proof)) return refused('malformed', 'the credential has no proof', 'proof');
  if (others.length) return refused('unsupported', 'only a single proof is supported', 'proof');
  const { proofValue, ...options } = proof;
  const problem = optionsProblem(options, now);
  if (problem) return problem;
  const key = keyOf(options.verificationMethod as string);
  if (!key) {
    return refused(
      'bad_signature',
      "the verification method is not a key of the credential's issuer",
      'proof.verificationMethod',
    );
  }
  const signature = decodeSignature(proofValue);
  if (!signature) return refused('malformed', 'proofValue is not base58btc of 64 bytes', 'proof.proofValue');

  if (options['@context'] !== undefined) {
    const signed = listOf(options['@context']);
    const shownContext = listOf(unsecured['@context']);
    if (
      signed.some((context, index) => canonicalJson(context) !== canonicalJson(shownContext[index] ?? null))
    ) {
      return refused(
        'bad_signature',
        'the document does not begin with the context that was signed',
        '@context',
      );
    }
    unsecured['@context'] = options['@context'];
  }
  const bytes = hashData(unsecured, options);
  if (!verifySignature(key, bytes, signature)) {
    return refused('bad_signature', 'the signature does not verify', 'proof.proofValue');
  }
  return { ok: true, verified: unsecured, hashHex: bytes.subarray(32).toString('hex') };
}

function optionsProblem(options: JsonObject, now: Date): RefusedCredential | undefined {
  if (options.type !== 'DataIntegrityProof' || options.cryptosuite !== 'eddsa-jcs-2022') {
    return refused(
      'unsupported',
      `the proof is ${shown(options.type)} ${shown(options.cryptosuite)}; eddsa-jcs-2022 is supported`,
      'proof.cryptosuite',
    );
  }
  if (options.proofPurpose !== 'assertionMethod') {
    return refused('bad_signature', 'the proof was not made as an assertion', 'proof.proofPurpose');
  }
  if (options.previousProof !== undefined) {
    return refused('unsupported', 'proof chains are not supported', 'proof.previousProof');
  }
  if (typeof options.verificationMethod !== 'string') {
    return refused('malformed', 'the proof names no verification method', 'proof.verificationMethod');
  }
  for (const field of ['created', 'expires'] as const) {
    const value = options[field];
    if (value !== undefined && (typeof value !== 'string' || !isDateTime(value))) {
      return refused('malformed', `${field} is not a date-time`, `proof.${field}`);
    }
  }
  const { created, expires } = options as { created?: string; expires?: string };
  if (created !== undefined && Date.parse(created) > now.getTime() + CLOCK_SKEW_MS) {
    return refused('not_yet_valid', `the proof was made at ${created}`, 'proof.created');
  }
  if (expires !== undefined && now.getTime() >= Date.parse(expires)) {
    return refused('expired', `the proof ended ${expires}`, 'proof.expires');
  }
  return undefined;
}

function decodeSignature(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^z[1-9A-HJ-NP-Za-km-z]{64,90}$/.test(value)) return undefined;
  const bytes = base58.decode(value.slice(1));
  return bytes.length === 64 ? Buffer.from(bytes).toString('base64') : undefined;
}

/** The multibase form of a base64 signature. */
export function encodeProofValue(signature: string): string {
  return `z${base58.encode(Uint8Array.from(Buffer.from(signature, 'base64')))}`;
}
