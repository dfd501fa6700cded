/** A certificate authority of a root and an intermediate, with their revocation lists. */
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { GrantRule, TrustedX509Issuer } from '../../domain/credentials';
import { publicKeyPem, type PublicKey } from '../../domain/keys';
import { generateAuthorityKeys, signBinding, type AuthorityKeys, type KeyAlgorithm } from './authority-keys';
import { encodeQcStatements } from './qc-statements';

const DAY_MS = 86_400_000;
const CERT_SIGN = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
const ANY_POLICY = '2.5.29.32.0';

/** Example policies; a real framework lists those of real authorities. */
export const POLICY_OID = {
  organizationValidated: '2.23.140.1.2.2',
  qualifiedLegal: '0.4.0.194112.1.1',
} as const;
/** ETSI EN 319 412-5: the certificate is qualified. */
export const QC_COMPLIANCE_OID = '0.4.0.1862.1.1';

export const DEFAULT_X509_GRANTS: readonly GrantRule[] = [
  { policyOid: POLICY_OID.organizationValidated, level: 'L2' },
  { policyOid: POLICY_OID.qualifiedLegal, qcStatementOid: QC_COMPLIANCE_OID, level: 'L3' },
];

export interface CertificateOptions {
  policyOids?: readonly string[];
  qcStatementOids?: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
  keyUsage?: number;
  ca?: boolean;
  pathLength?: number;
  extensions?: readonly x509.Extension[];
}

export interface AuthorityOptions {
  name: string;
  /** P-256 by default. */
  algorithm?: KeyAlgorithm;
  now?: () => Date;
  grants?: readonly GrantRule[];
  /** Overrides, to build chains that must be refused. */
  root?: CertificateOptions;
  intermediate?: CertificateOptions;
}

export type LeafOptions = CertificateOptions & { organization: string };

export interface IssuedCertificate {
  /** As `POST /v1/principals` takes it. */
  credential: { certificate_chain: string[]; key_signature?: string };
  certificate: x509.X509Certificate;
}

export interface CertificateAuthority {
  readonly rootCertificate: x509.X509Certificate;
  readonly intermediateCertificate: x509.X509Certificate;
  /** Certifies the principal's own Ed25519 key. */
  certify(principalKey: PublicKey, leaf: LeafOptions): Promise<IssuedCertificate>;
  /** Certifies a new key (P-256 by default), which then vouches for the principal's. */
  certifyOther(
    principalKey: PublicKey,
    leaf: LeafOptions & { algorithm?: KeyAlgorithm },
  ): Promise<IssuedCertificate & { countersign: (principalKey: PublicKey) => string }>;
  /** Revokes a leaf or the intermediate; `trustedIssuer()` has to be taken anew. */
  revoke(certificate: x509.X509Certificate): void;
  /** This authority as a trust framework lists it, with fresh revocation lists (7 days by default). */
  trustedIssuer(options?: { crlValidForDays?: number }): Promise<TrustedX509Issuer>;
}

/** One authority in the chain: its name, keys, certificate and what it revoked. */
interface Tier {
  readonly name: string;
  readonly keys: AuthorityKeys;
  readonly revoked: x509.X509CrlEntryParams[];
}

export async function createCertificateAuthority(options: AuthorityOptions): Promise<CertificateAuthority> {
  const now = options.now ?? (() => new Date());
  const root = await createTier(`CN=${options.name} Root, O=${options.name}`, options.algorithm);
  const middle = await createTier(`CN=${options.name} Issuing, O=${options.name}`, options.algorithm);
  const rootCertificate = await issue(root, root.name, root.keys.publicKey, {
    ...period(now, -30, 3_650),
    ca: true,
    keyUsage: CERT_SIGN,
    ...options.root,
  });
  const intermediateCertificate = await issue(root, middle.name, middle.keys.publicKey, {
    ...period(now, -20, 1_825),
    ca: true,
    keyUsage: CERT_SIGN,
    policyOids: [ANY_POLICY],
    ...options.intermediate,
  });
  const issueLeaf = async (publicKey: PublicKeyInput, { organization, ...leaf }: LeafOptions) => {
    const subject = `CN=${organization}, O=${organization}`;
    const certificate = await issue(middle, subject, publicKey, { ...period(now, -1, 365), ...leaf });
    return { certificate, chain: [certificate, intermediateCertificate].map((each) => each.toString('pem')) };
  };
  return {
    rootCertificate,
    intermediateCertificate,
    certify: async (principalKey, leaf) => {
      const key = new x509.PublicKey(publicKeyPem(principalKey));
      const { certificate, chain } = await issueLeaf(key, leaf);
      return { certificate, credential: { certificate_chain: chain } };
    },
    certifyOther: async (principalKey, { algorithm, ...leaf }) => {
      const keys = await generateAuthorityKeys(algorithm ?? 'P-256');
      const { certificate, chain } = await issueLeaf(keys.publicKey, leaf);
      const countersign = (about: PublicKey) => signBinding(keys, about);
      const credential = { certificate_chain: chain, key_signature: countersign(principalKey) };
      return { certificate, countersign, credential };
    },
    revoke: ({ issuer, serialNumber }) => {
      const tier = issuer === middle.name ? middle : root;
      tier.revoked.push({ serialNumber, revocationDate: now() });
    },
    trustedIssuer: async ({ crlValidForDays = 7 } = {}) => ({
      issuerId: options.name,
      kind: 'x509',
      name: options.name,
      status: 'trusted',
      keys: [rootCertificate.toString('pem')],
      validFrom: period(now, -30, 0).notBefore.toISOString(),
      validUntil: period(now, 0, 3_650).notAfter.toISOString(),
      grants: options.grants ?? DEFAULT_X509_GRANTS,
      revocation: {
        revokedCredentialIds: [],
        crls: await Promise.all([root, middle].map((tier) => revocationList(tier, now, crlValidForDays))),
      },
    }),
  };
}

type PublicKeyInput = x509.PublicKey | webcrypto.CryptoKey;

async function createTier(name: string, algorithm: KeyAlgorithm = 'P-256'): Promise<Tier> {
  return { name, keys: await generateAuthorityKeys(algorithm), revoked: [] };
}

function period(now: () => Date, fromDays: number, untilDays: number): { notBefore: Date; notAfter: Date } {
  const inDays = (days: number) => new Date(now().getTime() + days * DAY_MS);
  return { notBefore: inDays(fromDays), notAfter: inDays(untilDays) };
}

function issue(
  issuer: Tier,
  subject: string,
  publicKey: PublicKeyInput,
  options: CertificateOptions,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject,
    issuer: issuer.name,
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: issuer.keys.signing,
    extensions: extensionsOf(options),
  });
}

function extensionsOf(options: CertificateOptions): x509.Extension[] {
  const { policyOids = [], qcStatementOids = [] } = options;
  return [
    new x509.BasicConstraintsExtension(options.ca ?? false, options.pathLength, true),
    new x509.KeyUsagesExtension(options.keyUsage ?? x509.KeyUsageFlags.digitalSignature, true),
    ...(policyOids.length ? [new x509.CertificatePolicyExtension([...policyOids])] : []),
    ...(qcStatementOids.length ? [encodeQcStatements(qcStatementOids)] : []),
    ...(options.extensions ?? []),
  ];
}

async function revocationList(tier: Tier, now: () => Date, validForDays: number): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: tier.name,
    thisUpdate: now(),
    nextUpdate: period(now, 0, validForDays).notAfter,
    entries: tier.revoked,
    signingAlgorithm: tier.keys.signing,
    signingKey: tier.keys.privateKey,
  });
  return list.toString('pem');
}
