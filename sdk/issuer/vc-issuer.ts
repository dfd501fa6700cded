/** Issues W3C verifiable credentials (eddsa-jcs-2022) and keeps their status list. */
import { randomUUID } from 'node:crypto';
import type { GrantRule, TradeRecord, TrustedVcIssuer } from '../../domain/credentials';
import { encodeProofValue, hashData } from '../../domain/credentials/eddsa-jcs';
import type { JsonObject } from '../../domain/credentials/snapshot';
import { createSigner, didKey, generateKeyPair, multikey, type PublicKey } from '../../domain/keys';
import { createStatusList } from './status-list';

const VC_CONTEXT = 'https://www.w3.org/ns/credentials/v2';
const DAY_MS = 86_400_000;
const STATUS_LIST_DAYS = 30;

export interface VcIssuerOptions {
  /** PKCS#8 PEM of an Ed25519 key; a new one by default. */
  privateKeyPem?: string;
  /** The did:key of the key by default. */
  issuerId?: string;
  name?: string;
  now?: () => Date;
  grants?: readonly GrantRule[];
  attestsTradeRecord?: boolean;
}

export interface IssueOptions {
  /** The key of the principal that the credential is about. */
  principalKey: PublicKey;
  /** Days until the credential ends, 365 by default. */
  validForDays?: number;
  id?: string;
  /** False leaves the status entry out. */
  revocable?: boolean;
}

export interface VcIssuer {
  readonly issuerId: string;
  readonly publicKey: PublicKey;
  readonly verificationMethod: string;
  readonly statusListUrl: string;
  /** Signs any document as this issuer. `proof` overrides parts of the proof before it is signed. */
  secure(document: JsonObject, proof?: JsonObject): JsonObject;
  issue(type: string, claims: JsonObject, to: IssueOptions): JsonObject;
  contact(to: IssueOptions & { email: string }): JsonObject;
  domain(to: IssueOptions & { domain: string }): JsonObject;
  organization(to: IssueOptions & { legalName: string }): JsonObject;
  /** As a vLEI: the legal entity identifier and the name. */
  legalEntity(to: IssueOptions & { legalName: string; lei: string }): JsonObject;
  tradeRecord(to: IssueOptions & { record: TradeRecord }): JsonObject;
  /** Revokes by the status list; `trustedIssuer()` has to be taken anew. */
  revoke(credentialId: string): void;
  /** Revokes by name, for credentials without a status entry. */
  revokeById(credentialId: string): void;
  statusList(): JsonObject;
  /** This issuer as a trust framework lists it, with its current status list. */
  trustedIssuer(): TrustedVcIssuer;
}

/** Levels as the design maps them: contact or domain L1, organisation L2, legal entity (as a vLEI) L3. */
export const DEFAULT_VC_GRANTS: readonly GrantRule[] = [
  { credentialType: 'ContactCredential', level: 'L1' },
  { credentialType: 'DomainCredential', level: 'L1' },
  { credentialType: 'OrganizationCredential', level: 'L2' },
  { credentialType: 'LegalEntityCredential', level: 'L3' },
];

export function createVcIssuer(options: VcIssuerOptions = {}): VcIssuer {
  const signer = createSigner(options.privateKeyPem ?? generateKeyPair().privateKeyPem, 'issuer');
  const key = multikey(signer.publicKey);
  const issuerId = options.issuerId ?? didKey(signer.publicKey);
  const verificationMethod = `${issuerId}#${key}`;
  const now = options.now ?? (() => new Date());
  const inDays = (days: number) => new Date(now().getTime() + days * DAY_MS).toISOString();
  const status = createStatusList(`https://issuer.example/status/${key}`);
  const revokedCredentialIds: string[] = [];

  const secure: VcIssuer['secure'] = (document, overrides = {}) => {
    const proof = { ...proofOptions(document, verificationMethod, inDays(0)), ...overrides };
    const proofValue = encodeProofValue(signer.sign(hashData(document, proof)));
    return { ...document, proof: { ...proof, proofValue } };
  };
  const head = { '@context': [VC_CONTEXT], issuer: issuerId };
  const issue: VcIssuer['issue'] = (type, claims, to) => {
    const id = to.id ?? `urn:uuid:${randomUUID()}`;
    return secure({
      ...head,
      id,
      type: ['VerifiableCredential', type],
      validFrom: inDays(0),
      validUntil: inDays(to.validForDays ?? 365),
      credentialSubject: { id: didKey(to.principalKey), ...claims },
      ...(to.revocable !== false && { credentialStatus: status.entryFor(id) }),
    });
  };
  const statusList = () =>
    secure({
      ...head,
      id: status.url,
      type: ['VerifiableCredential', 'BitstringStatusListCredential'],
      validFrom: inDays(0),
      validUntil: inDays(STATUS_LIST_DAYS),
      credentialSubject: status.subject(),
    });
  return {
    issuerId,
    publicKey: signer.publicKey,
    verificationMethod,
    statusListUrl: status.url,
    secure,
    issue,
    statusList,
    ...issuersOf(issue),
    revoke: (credentialId) => status.revoke(credentialId),
    revokeById: (credentialId) => void revokedCredentialIds.push(credentialId),
    trustedIssuer: () => ({
      issuerId,
      kind: 'w3c_vc',
      name: options.name,
      status: 'trusted',
      keys: [{ publicKeyMultibase: key }],
      validFrom: inDays(-1),
      validUntil: inDays(3_650),
      grants: options.grants ?? DEFAULT_VC_GRANTS,
      attestsTradeRecord: options.attestsTradeRecord ?? false,
      revocation: {
        revokedCredentialIds: [...revokedCredentialIds],
        statusLists: { [status.url]: statusList() },
      },
    }),
  };
}

function proofOptions(document: JsonObject, verificationMethod: string, created: string): JsonObject {
  return {
    type: 'DataIntegrityProof',
    cryptosuite: 'eddsa-jcs-2022',
    created,
    verificationMethod,
    proofPurpose: 'assertionMethod',
    '@context': document['@context'] ?? [],
  };
}

type NamedIssuers = Pick<VcIssuer, 'contact' | 'domain' | 'organization' | 'legalEntity' | 'tradeRecord'>;

function issuersOf(issue: VcIssuer['issue']): NamedIssuers {
  return {
    contact: (to) => issue('ContactCredential', { email: to.email }, to),
    domain: (to) => issue('DomainCredential', { domain: to.domain }, to),
    organization: (to) => issue('OrganizationCredential', { legalName: to.legalName }, to),
    legalEntity: (to) => issue('LegalEntityCredential', { legalName: to.legalName, lei: to.lei }, to),
    tradeRecord: (to) => issue('TradeRecordCredential', { tradeRecord: { ...to.record } }, to),
  };
}
