/** W3C Verifiable Credentials, data model 2.0 (and the shape of 1.1), secured with eddsa-jcs-2022. */
import { didKey, multikey, parsePublicKey, type PublicKey } from '../keys';
import { verifyProof } from './eddsa-jcs';
import { grantedLevel, issuerProblem } from './grants';
import { isObject, listOf, shown, type Json, type JsonObject } from './snapshot';
import { statusProblem } from './status-list';
import { readTradeRecord, TRADE_RECORD_TYPE } from './trade-record';
import {
  refused,
  type CredentialContext,
  type CredentialVerdict,
  type RefusedCredential,
  type TradeRecord,
  type TrustedVcIssuer,
} from './types';
import { earliest, statedEnds, validityProblem } from './validity';

const CONTEXTS: readonly Json[] = [
  'https://www.w3.org/ns/credentials/v2',
  'https://www.w3.org/2018/credentials/v1',
];
const MAX_TYPES = 16;

export function verifyVc(secured: JsonObject, context: CredentialContext): CredentialVerdict {
  const shape = shapeProblem(secured);
  if (shape) return shape;
  const issuerId = issuerOf(secured);
  const issuer = context.framework.issuers.find(
    (candidate): candidate is TrustedVcIssuer =>
      candidate.kind === 'w3c_vc' && candidate.issuerId === issuerId,
  );
  if (!issuer) return refused('unknown_issuer', `${shown(issuerId)} is not in the trust framework`, 'issuer');
  const distrust = issuerProblem(issuer, context.now);
  if (distrust) return distrust;
  const keyOf = keyResolver(issuer);
  const proof = verifyProof(secured, keyOf, context.now);
  if (!proof.ok) return proof;
  const credential = proof.verified;
  // The signed document can differ from what was sent in its contexts only, but it is the one that counts.
  const problem =
    shapeProblem(credential) ??
    validityProblem(credential, context.now) ??
    subjectProblem(credential, context.principalKey) ??
    revocationProblem(credential, proof.hashHex, issuer) ??
    statusProblem(credential.credentialStatus, { issuer, keyOf, now: context.now });
  if (problem) return problem;
  return grant(credential, proof.hashHex, issuer, context.now);
}

function shapeProblem(credential: JsonObject): RefusedCredential | undefined {
  if (!CONTEXTS.includes(listOf(credential['@context'])[0] ?? null)) {
    return refused('malformed', 'the first context is not that of verifiable credentials', '@context');
  }
  const types = listOf(credential.type);
  const named = types.every((type) => typeof type === 'string');
  if (!named || types.length > MAX_TYPES || !types.includes('VerifiableCredential')) {
    return refused('malformed', 'type is not a list with VerifiableCredential', 'type');
  }
  if (credential.id !== undefined && (typeof credential.id !== 'string' || credential.id.length > 500)) {
    return refused('malformed', 'id is not a short string', 'id');
  }
  if (
    !isObject(listOf(credential.credentialSubject)[0]) ||
    listOf(credential.credentialSubject).length !== 1
  ) {
    return refused('malformed', 'there is not exactly one credentialSubject', 'credentialSubject');
  }
  if (typeof issuerOf(credential) !== 'string') return refused('malformed', 'issuer has no id', 'issuer');
  return undefined;
}

function issuerOf({ issuer }: JsonObject): Json | undefined {
  return isObject(issuer) ? issuer.id : issuer;
}

function subjectOf(credential: JsonObject): JsonObject {
  return listOf(credential.credentialSubject)[0] as JsonObject;
}

/** Verification methods of an issuer: the ids its keys were given, and the did:key ids that follow from them. */
function keyResolver(issuer: TrustedVcIssuer): (verificationMethod: string) => PublicKey | undefined {
  return (method) => {
    const match = issuer.keys.find(({ id, publicKeyMultibase: key }) =>
      [id, `${issuer.issuerId}#${key}`, `did:key:${key}#${key}`].includes(method),
    );
    try {
      return match && parsePublicKey(match.publicKeyMultibase);
    } catch {
      return undefined;
    }
  };
}

function subjectProblem(credential: JsonObject, key: PublicKey): RefusedCredential | undefined {
  const subject = subjectOf(credential);
  if (subject.id === didKey(key)) return undefined;
  // A subject that is a did:key of its own is that key, whatever else it lists.
  const isOtherKey = typeof subject.id === 'string' && subject.id.startsWith('did:key:');
  if (!isOtherKey && subject.publicKeyMultibase === multikey(key)) return undefined;
  return refused(
    'subject_mismatch',
    "the credential is about another key than the principal's; its subject must be the key's did:key or name it as publicKeyMultibase",
    'credentialSubject.id',
  );
}

const credentialIdOf = (credential: JsonObject, hashHex: string): string =>
  typeof credential.id === 'string' ? credential.id : `urn:sha256:${hashHex}`;

function revocationProblem(
  credential: JsonObject,
  hashHex: string,
  { revocation: { revokedCredentialIds } }: TrustedVcIssuer,
): RefusedCredential | undefined {
  const names = [credentialIdOf(credential, hashHex), `urn:sha256:${hashHex}`];
  if (!names.some((name) => revokedCredentialIds.includes(name))) return undefined;
  return refused('revoked', 'the credential is on the list of revoked ones', 'id');
}

function grant(
  credential: JsonObject,
  hashHex: string,
  issuer: TrustedVcIssuer,
  now: Date,
): CredentialVerdict {
  const types = listOf(credential.type) as string[];
  const subject = subjectOf(credential);
  let tradeRecord: TradeRecord | undefined;
  if (types.includes(TRADE_RECORD_TYPE)) {
    if (!issuer.attestsTradeRecord) {
      return refused('not_granted', `${issuer.issuerId} may not attest trade records`, 'type');
    }
    const read = readTradeRecord(subject.tradeRecord, now);
    if ('ok' in read) return read;
    tradeRecord = read.record;
  }
  // A trade record alone says nothing about who the principal is.
  const level = grantedLevel(issuer.grants, { types }) ?? (tradeRecord ? 'L0' : undefined);
  if (!level) return refused('not_granted', `${issuer.issuerId} grants no level for ${shown(types)}`, 'type');
  const subjectName = nameOf(subject);
  const validUntil = earliest([issuer.validUntil, ...statedEnds(credential)]);
  const what = types.filter((type) => type !== 'VerifiableCredential').join(', ') || 'VerifiableCredential';
  return {
    ok: true,
    level,
    kind: 'w3c_vc',
    issuerId: issuer.issuerId,
    credentialId: credentialIdOf(credential, hashHex),
    subjectName,
    validUntil,
    summary: `${what} of ${issuer.name ?? issuer.issuerId}${subjectName ? ` for ${subjectName}` : ''}`.slice(
      0,
      300,
    ),
    ...(tradeRecord && { tradeRecord }),
  };
}

function nameOf(subject: JsonObject): string | null {
  const name = [subject.legalName, subject.name, subject.domain, subject.email].find(
    (value) => typeof value === 'string' && value.length > 0,
  );
  return typeof name === 'string' ? name.slice(0, 200) : null;
}
