/** Revocation lists: every link below the anchor needs a current one of its issuer that doesn't name it. */
import 'reflect-metadata';
import { KeyUsageFlags, X509Crl } from '@peculiar/x509';
import { hex, normalSerial, type Certificate } from './x509-certificate';
import type { CertificationPath } from './x509-path';
import { verifySignedDer } from './x509-signature';
import { refused, type RefusedCredential } from './types';

/** A CRL's number and its authority's key id say nothing about its scope; anything else critical might. */
const HARMLESS: ReadonlySet<string> = new Set(['2.5.29.20', '2.5.29.35']);

const SERIAL = /^[0-9a-f][0-9a-f:\s]*$/i;

const unavailable = (detail: string) => refused('status_unavailable', detail, 'certificate_chain');

export function revocationProblem(path: CertificationPath, now: Date): RefusedCredential | undefined {
  const { crls, revokedCredentialIds } = path.issuer.revocation;
  const lists = crls.flatMap(readCrl);
  const revokedSerials = new Set(revokedCredentialIds.filter((id) => SERIAL.test(id)).map(normalSerial));
  for (const [index, certificate] of path.certificates.slice(0, -1).entries()) {
    const authority = path.certificates[index + 1];
    if (!authority) return unavailable('the chain has no issuer');
    if (revokedCredentialIds.includes(certificateId(certificate)) || revokedSerials.has(certificate.serial)) {
      return refused('revoked', `${certificate.subject} is on the list of revoked ones`, 'certificate_chain');
    }
    const problem = crlProblem(certificate, authority, lists, now);
    if (problem) return problem;
  }
  return undefined;
}

/** A name that a holder can't vary, unlike a fingerprint over a malleable signature. */
export function certificateId({ issuer, serial }: Certificate): string {
  return `x509:${serial}:${issuer}`.slice(0, 500);
}

function readCrl(pem: string): X509Crl[] {
  try {
    return [new X509Crl(pem)];
  } catch {
    return [];
  }
}

function crlProblem(
  certificate: Certificate,
  authority: Certificate,
  lists: readonly X509Crl[],
  now: Date,
): RefusedCredential | undefined {
  const maySign = authority.keyUsage === undefined || (authority.keyUsage & KeyUsageFlags.cRLSign) !== 0;
  const own = lists
    .filter((list) => maySign && hex(list.issuerName.toArrayBuffer()) === authority.subjectDer)
    .filter((list) => verifySignedDer(new Uint8Array(list.rawData), authority.key) === 'verified')
    .sort((a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime());
  const latest = own[0];
  if (!latest) return unavailable(`there is no valid revocation list of ${authority.subject}`);
  const scoped = latest.extensions.find(({ type, critical }) => critical && !HARMLESS.has(type));
  if (scoped) return unavailable(`the revocation list of ${authority.subject} has a scope (${scoped.type})`);
  if (now.getTime() < latest.thisUpdate.getTime()) {
    return unavailable(`the revocation list of ${authority.subject} is of the future`);
  }
  if (!latest.nextUpdate || now.getTime() >= latest.nextUpdate.getTime()) {
    return unavailable(`the revocation list of ${authority.subject} is stale`);
  }
  const entry = latest.entries.find(({ serialNumber }) => normalSerial(serialNumber) === certificate.serial);
  if (!entry) return undefined;
  return refused(
    'revoked',
    `${certificate.subject} was revoked at ${entry.revocationDate.toISOString()}`,
    'certificate_chain',
  );
}
