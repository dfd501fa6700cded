/** Certification paths: finding one from the leaf to a trusted anchor, and validating it (RFC 5280, section 6). */
import 'reflect-metadata';
import { KeyUsageFlags } from '@peculiar/x509';
import { certificatesIn, readCertificate, type Certificate } from './x509-certificate';
import { isStrongKey, verifySignedDer } from './x509-signature';
import { refused, type CredentialRefusal, type RefusedCredential, type TrustedX509Issuer } from './types';

export const MAX_CHAIN = 6;
/** Bounds the search where many certificates share a name. */
const MAX_SIGNATURE_CHECKS = 64;
const ANY_POLICY = '2.5.29.32.0';

export interface CertificationPath {
  readonly issuer: TrustedX509Issuer;
  /** Leaf first, anchor last. */
  readonly certificates: readonly Certificate[];
}

interface Anchor {
  readonly issuer: TrustedX509Issuer;
  readonly certificate: Certificate;
}

/** Anchors of the framework. One that can't be read is left out: it can't have issued anything we could check. */
export function anchorsOf(issuers: readonly TrustedX509Issuer[]): Anchor[] {
  return issuers.flatMap((issuer) =>
    issuer.keys.flatMap((pem) => {
      try {
        return (certificatesIn(pem) ?? []).map((raw) => ({ issuer, certificate: readCertificate(raw) }));
      } catch {
        return [];
      }
    }),
  );
}

/** Follows names and signatures upwards from the leaf. */
export function findPath(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  anchors: readonly Anchor[],
): CertificationPath | RefusedCredential {
  let checks = 0;
  let failure: CredentialRefusal | undefined;
  const issued = (child: Certificate, parent: Certificate): boolean => {
    if (child.issuerDer !== parent.subjectDer || checks >= MAX_SIGNATURE_CHECKS) return false;
    checks += 1;
    const verdict = verifySignedDer(child.raw, parent.key);
    if (verdict !== 'verified') failure = verdict;
    return verdict === 'verified';
  };
  const climb = (path: Certificate[]): CertificationPath | undefined => {
    const top = path[path.length - 1];
    if (!top || path.length >= MAX_CHAIN) return undefined;
    const anchor = anchors.find(({ certificate }) => issued(top, certificate));
    if (anchor) return { issuer: anchor.issuer, certificates: [...path, anchor.certificate] };
    for (const next of intermediates) {
      if (path.some(({ raw }) => Buffer.compare(raw, next.raw) === 0) || !issued(top, next)) continue;
      const found = climb([...path, next]);
      if (found) return found;
    }
    return undefined;
  };
  const found = climb([leaf]);
  if (found) return found;
  if (failure)
    return refused(failure, 'no signature in the chain leads to a trusted anchor', 'certificate_chain');
  const selfIssued = [leaf, ...intermediates].find(({ subjectDer, issuerDer }) => subjectDer === issuerDer);
  if (selfIssued) {
    return refused(
      'unknown_issuer',
      `${selfIssued.subject} is not in the trust framework`,
      'certificate_chain',
    );
  }
  return refused(
    'chain_incomplete',
    `no certificate of ${leaf.issuer} leads to a trusted anchor`,
    'certificate_chain',
  );
}

export function pathProblem({ certificates }: CertificationPath, now: Date): RefusedCredential | undefined {
  for (const [index, certificate] of certificates.entries()) {
    const problem =
      periodProblem(certificate, now) ??
      contentProblem(certificate) ??
      (index === 0 ? leafProblem(certificate) : authorityProblem(certificate, certificates.slice(1, index)));
    if (problem) return problem;
  }
  return undefined;
}

function periodProblem(
  { subject, notBefore, notAfter }: Certificate,
  now: Date,
): RefusedCredential | undefined {
  if (now.getTime() < notBefore.getTime()) {
    return refused('not_yet_valid', `${subject} begins ${notBefore.toISOString()}`, 'certificate_chain');
  }
  if (now.getTime() >= notAfter.getTime()) {
    return refused('expired', `${subject} ended ${notAfter.toISOString()}`, 'certificate_chain');
  }
  return undefined;
}

const invalid = (detail: string) => refused('chain_invalid', detail, 'certificate_chain');

function contentProblem({ subject, notUnderstood, key }: Certificate): RefusedCredential | undefined {
  if (notUnderstood.length) {
    const list = notUnderstood.join(', ');
    return refused(
      'unsupported',
      `${subject} has extensions that can't be checked: ${list}`,
      'certificate_chain',
    );
  }
  if (!isStrongKey(key))
    return refused('unsupported', `${subject} has a weak or unknown key`, 'certificate_chain');
  return undefined;
}

function leafProblem({ subject, isCa, keyUsage }: Certificate): RefusedCredential | undefined {
  if (isCa) return invalid(`${subject} is an authority, not a principal`);
  const signs = KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation;
  if (keyUsage !== undefined && (keyUsage & signs) === 0) return invalid(`${subject} may not sign`);
  return undefined;
}

function authorityProblem(
  authority: Certificate,
  below: readonly Certificate[],
): RefusedCredential | undefined {
  const { subject, isCa, keyUsage, pathLength } = authority;
  if (!isCa) return invalid(`${subject} is not an authority`);
  if (keyUsage !== undefined && (keyUsage & KeyUsageFlags.keyCertSign) === 0) {
    return invalid(`${subject} may not sign certificates`);
  }
  const counted = below.filter(({ subjectDer, issuerDer }) => subjectDer !== issuerDer).length;
  if (pathLength !== undefined && counted > pathLength) {
    return invalid(`${subject} allows ${pathLength} authorities below it, there are ${counted}`);
  }
  return undefined;
}

/** Policies of the leaf that every authority between it and the anchor asserts too. */
export function policiesOf({ certificates }: CertificationPath): string[] {
  const [leaf, ...above] = certificates;
  const between = above.slice(0, -1);
  return (leaf?.policyOids ?? []).filter((oid) =>
    between.every(({ policyOids }) => policyOids.includes(oid) || policyOids.includes(ANY_POLICY)),
  );
}
