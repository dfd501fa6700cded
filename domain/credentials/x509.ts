/** X.509 credentials: a chain to a trusted anchor, and the certified key's word for the principal's key. */
import { isDateTime } from '../constraints';
import type { PublicKey } from '../keys';
import { grantedLevel, issuerProblem } from './grants';
import { listOf, type JsonObject } from './snapshot';
import {
  refused,
  type CredentialContext,
  type CredentialVerdict,
  type RefusedCredential,
  type TrustedX509Issuer,
} from './types';
import { earliest } from './validity';
import { certificatesIn, readCertificate, type Certificate } from './x509-certificate';
import { certificateId, revocationProblem } from './x509-crl';
import { anchorsOf, findPath, MAX_CHAIN, pathProblem, policiesOf, type CertificationPath } from './x509-path';
import { ed25519Of, verifyBinding } from './x509-signature';

/** `{certificate_chain: string | string[], key_signature?}`; the leaf comes first, the order of the rest is free. */
export function verifyX509(input: JsonObject, context: CredentialContext): CredentialVerdict {
  const chain = readChain(input);
  if (!Array.isArray(chain)) return chain;
  const [leaf, ...intermediates] = chain;
  if (!leaf) return refused('malformed', 'the chain is empty', 'certificate_chain');
  const issuers = context.framework.issuers.filter(
    (issuer): issuer is TrustedX509Issuer => issuer.kind === 'x509',
  );
  const path = findPath(leaf, intermediates, anchorsOf(issuers));
  if ('ok' in path) return path;
  const problem =
    issuerProblem(path.issuer, context.now) ??
    pathProblem(path, context.now) ??
    bindingProblem(leaf, input.key_signature, context.principalKey) ??
    revocationProblem(path, context.now);
  return problem ?? grant(leaf, path);
}

function readChain(input: JsonObject): Certificate[] | RefusedCredential {
  const texts = listOf(input.certificate_chain);
  const raws: Uint8Array[] = [];
  for (const text of texts) {
    const found = typeof text === 'string' ? certificatesIn(text) : undefined;
    if (!found) return refused('malformed', 'a certificate is PEM or base64 of DER', 'certificate_chain');
    raws.push(...found);
    // The anchor may come along, although it isn't needed.
    if (raws.length > MAX_CHAIN + 1)
      return refused('too_large', 'the chain is too long', 'certificate_chain');
  }
  try {
    return raws.map(readCertificate);
  } catch (error) {
    const kind = error instanceof RangeError ? 'too_large' : 'malformed';
    return refused(kind, 'a certificate can not be read', 'certificate_chain');
  }
}

function bindingProblem(
  leaf: Certificate,
  signature: unknown,
  principalKey: PublicKey,
): RefusedCredential | undefined {
  if (ed25519Of(leaf.key) === principalKey) return undefined;
  if (signature === undefined) {
    return refused(
      'subject_mismatch',
      "the certified key is not the principal's and did not sign it",
      'key_signature',
    );
  }
  if (typeof signature === 'string' && verifyBinding(principalKey, signature, leaf.key)) return undefined;
  return refused(
    'subject_mismatch',
    "key_signature is not the certified key's over the principal's key",
    'key_signature',
  );
}

function grant(leaf: Certificate, path: CertificationPath): CredentialVerdict {
  const { issuer, certificates } = path;
  const policyOids = policiesOf(path);
  const level = grantedLevel(issuer.grants, { policyOids, qcStatementOids: leaf.qcStatementOids });
  if (!level) {
    const list = policyOids.join(', ') || 'none';
    return refused(
      'not_granted',
      `${issuer.issuerId} grants no level for these policies: ${list}`,
      'certificate_chain',
    );
  }
  const subjectName = (leaf.names.organization ?? leaf.names.common)?.slice(0, 200) ?? null;
  return {
    ok: true,
    level,
    kind: 'x509',
    issuerId: issuer.issuerId,
    credentialId: certificateId(leaf),
    subjectName,
    validUntil: earliest([
      ...[issuer.validUntil].filter(isDateTime),
      ...certificates.map(({ notAfter }) => notAfter.toISOString()),
    ]),
    summary:
      `Certificate of ${issuer.name ?? issuer.issuerId}${subjectName ? ` for ${subjectName}` : ''}`.slice(
        0,
        300,
      ),
  };
}
