/** The words of credential verification: what is trusted, and what a verdict says. */
import type { PublicKey } from '../keys';
import type { TrustLevel } from '../trust';

export type CredentialKind = 'w3c_vc' | 'x509';

/** Everything verification relies on, as data. A new version replaces it as a whole. */
export interface TrustFramework {
  readonly version: string;
  readonly issuers: readonly TrustedIssuer[];
}

interface IssuerBase {
  readonly issuerId: string;
  readonly name?: string;
  readonly status: 'trusted' | 'suspended';
  /** RFC 3339 instants; outside of them the issuer grants nothing. */
  readonly validFrom: string;
  readonly validUntil: string;
  /** What is granted, first match first does not matter: the highest level of the rules that match counts. */
  readonly grants: readonly GrantRule[];
}

/** A rule matches when every criterion it names matches. A rule without criteria matches any credential. */
export interface GrantRule {
  readonly level: TrustLevel;
  /** VC: one of the credential's `type`s. */
  readonly credentialType?: string;
  /** X.509: a certificate policy OID of the leaf. */
  readonly policyOid?: string;
  /** X.509: a QCStatement OID of the leaf, such as 0.4.0.1862.1.1 (qualified certificate). */
  readonly qcStatementOid?: string;
}

export interface TrustedVcIssuer extends IssuerBase {
  readonly kind: 'w3c_vc';
  /** Multikeys (`z6Mk…`). `id` is the verification method; for a did:key issuer it follows from the key. */
  readonly keys: readonly { readonly id?: string; readonly publicKeyMultibase: string }[];
  /** Whether a TradeRecordCredential of this issuer is believed. */
  readonly attestsTradeRecord: boolean;
  readonly revocation: {
    readonly revokedCredentialIds: readonly string[];
    /** Signed BitstringStatusListCredentials by their URL. */
    readonly statusLists: Readonly<Record<string, unknown>>;
  };
}

export interface TrustedX509Issuer extends IssuerBase {
  readonly kind: 'x509';
  /** PEM trust anchors. */
  readonly keys: readonly string[];
  readonly revocation: {
    /** Serial numbers (hex) revoked out of band, whoever issued them under these anchors. */
    readonly revokedCredentialIds: readonly string[];
    /** The latest CRL (PEM) of every authority below and at the anchor. */
    readonly crls: readonly string[];
  };
}

export type TrustedIssuer = TrustedVcIssuer | TrustedX509Issuer;

/** What an issuer attests of a principal's trade elsewhere. Shares are 0–1 of `transactions`. */
export interface TradeRecord {
  readonly transactions: number;
  readonly fulfilledShare: number;
  readonly disputeShare: number;
  readonly asOf: string;
}

export const CREDENTIAL_REFUSALS = [
  'malformed',
  'too_large',
  'unsupported',
  'unknown_issuer',
  'issuer_suspended',
  'not_granted',
  'bad_signature',
  'not_yet_valid',
  'expired',
  'revoked',
  'status_unavailable',
  'subject_mismatch',
  'chain_incomplete',
  'chain_invalid',
] as const;
export type CredentialRefusal = (typeof CREDENTIAL_REFUSALS)[number];

export interface AcceptedCredential {
  readonly ok: true;
  readonly level: TrustLevel;
  readonly kind: CredentialKind;
  readonly issuerId: string;
  readonly credentialId: string;
  readonly subjectName: string | null;
  /** RFC 3339: the earliest end of anything the verdict relies on (credential, chain, issuer's trust). */
  readonly validUntil: string;
  /** One sentence for the trust profile. */
  readonly summary: string;
  readonly tradeRecord?: TradeRecord;
}

export interface RefusedCredential {
  readonly ok: false;
  readonly reason: CredentialRefusal;
  readonly detail: string;
  /** The field at fault, where one is. */
  readonly field?: string;
}

export type CredentialVerdict = AcceptedCredential | RefusedCredential;

export interface CredentialContext {
  readonly framework: TrustFramework;
  /** The principal's key: the credential must be about it. */
  readonly principalKey: PublicKey;
  readonly now: Date;
}

export function refused(reason: CredentialRefusal, detail: string, field?: string): RefusedCredential {
  return field === undefined ? { ok: false, reason, detail } : { ok: false, reason, detail, field };
}
