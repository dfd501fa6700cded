/** A certificate, read once into what path validation asks about. */
import 'reflect-metadata';
import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  BasicConstraintsExtension,
  CertificatePolicyExtension,
  KeyUsagesExtension,
  X509Certificate,
} from '@peculiar/x509';
import { children, oidOf, readExactly } from './der';

export interface Certificate {
  readonly raw: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  /** DER of the names, hex: what is compared. */
  readonly subjectDer: string;
  readonly issuerDer: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly key: KeyObject;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** Bits of KeyUsageFlags; undefined where the extension is absent. */
  readonly keyUsage: number | undefined;
  readonly policyOids: readonly string[];
  readonly qcStatementOids: readonly string[];
  readonly names: { readonly organization: string | null; readonly common: string | null };
  /** Extensions that change what the certificate means and are not understood here. */
  readonly notUnderstood: readonly string[];
}

export const MAX_CERTIFICATE_BYTES = 16 * 1024;

const OID = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  qcStatements: '1.3.6.1.5.5.7.1.3',
} as const;
const UNDERSTOOD: ReadonlySet<string> = new Set(
  Object.values(OID).filter((oid) => oid !== OID.nameConstraints),
);

/** Reads a certificate from DER. Throws on anything that is not one. */
export function readCertificate(raw: Uint8Array): Certificate {
  if (raw.length > MAX_CERTIFICATE_BYTES) throw new RangeError('the certificate is too long');
  readExactly(raw);
  const parsed = new X509Certificate(Buffer.from(raw));
  const extensions = parsed.extensions;
  const oids = extensions.map(({ type }) => type);
  if (new Set(oids).size !== oids.length) throw new TypeError('an extension appears twice');
  const basic = parsed.getExtension(BasicConstraintsExtension);
  const [first = null] = parsed.subjectName.getField('O');
  const [common = null] = parsed.subjectName.getField('CN');
  return {
    raw,
    subject: parsed.subject,
    issuer: parsed.issuer,
    subjectDer: hex(parsed.subjectName.toArrayBuffer()),
    issuerDer: hex(parsed.issuerName.toArrayBuffer()),
    serial: normalSerial(parsed.serialNumber),
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    key: createPublicKey({ key: Buffer.from(parsed.publicKey.rawData), format: 'der', type: 'spki' }),
    isCa: basic?.ca ?? false,
    pathLength: basic?.pathLength,
    keyUsage: parsed.getExtension(KeyUsagesExtension)?.usages,
    policyOids: parsed.getExtension(CertificatePolicyExtension)?.policies ?? [],
    qcStatementOids: qcStatements(parsed),
    names: { organization: first, common },
    notUnderstood: extensions
      .filter(({ type, critical }) => !UNDERSTOOD.has(type) && (critical || type === OID.nameConstraints))
      .map(({ type }) => type),
  };
}

function qcStatements(parsed: X509Certificate): string[] {
  const extension = parsed.getExtension(OID.qcStatements);
  if (!extension) return [];
  return children(readExactly(new Uint8Array(extension.value))).map((statement) => {
    const [oid] = children(statement);
    if (!oid) throw new TypeError('a QCStatement without an id');
    return oidOf(oid);
  });
}

/** Serial numbers are compared as lower-case hex without leading zeros. */
export function normalSerial(serial: string): string {
  return serial
    .toLowerCase()
    .replace(/[^0-9a-f]/g, '')
    .replace(/^0+(?=.)/, '');
}

export function hex(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('hex');
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g;

/** The DER of every certificate in a text: PEM blocks, or base64 of one. Undefined for anything else. */
export function certificatesIn(text: string): Uint8Array[] | undefined {
  if (text.includes('-----BEGIN')) {
    const blocks = [...text.matchAll(PEM)].map(([, body = '']) => Buffer.from(body, 'base64'));
    return blocks.length ? blocks : undefined;
  }
  const compact = text.replace(/\s/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(compact) ? [Buffer.from(compact, 'base64')] : undefined;
}
