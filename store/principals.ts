import type { AttestedRecord } from '../domain/reputation';
import type { PublicKey } from '../domain/keys';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable, type Trx } from './db';

export interface Principal {
  id: string;
  name: string;
  publicKey: PublicKey;
  trustLevel: TrustLevel;
  trustProfile: unknown;
  attestedRecord: AttestedRecord | null;
  status: 'active' | 'suspended';
  createdAt: Date;
}

const COLUMNS = `id, name, public_key AS "publicKey", trust_level AS "trustLevel", trust_profile AS "trustProfile",
  attested_record AS "attestedRecord", status, created_at AS "createdAt"`;

export async function insertPrincipal(
  trx: Trx,
  principal: Pick<Principal, 'id' | 'name' | 'publicKey' | 'trustLevel' | 'trustProfile' | 'attestedRecord'>,
): Promise<void> {
  await trx('principals').insert({
    id: principal.id,
    name: principal.name,
    public_key: principal.publicKey,
    trust_level: principal.trustLevel,
    trust_profile: JSON.stringify(principal.trustProfile),
    attested_record: principal.attestedRecord && JSON.stringify(principal.attestedRecord),
  });
}

export interface StoredCredential {
  principalId: string;
  kind: 'w3c_vc' | 'x509';
  issuerId: string;
  credentialId: string;
  level: TrustLevel;
  validUntil: string;
  documentSha256: string;
}

export async function insertCredential(trx: Trx, credential: StoredCredential): Promise<void> {
  await trx('credentials')
    .insert({
      principal_id: credential.principalId,
      kind: credential.kind,
      issuer_id: credential.issuerId,
      credential_id: credential.credentialId,
      level: credential.level,
      valid_until: credential.validUntil,
      document_sha256: credential.documentSha256,
    })
    .onConflict()
    .ignore();
}

export async function findPrincipal(db: Queryable, id: string): Promise<Principal | undefined> {
  const [found] = await rows<Principal>(db, `SELECT ${COLUMNS} FROM principals WHERE id = ?`, [id]);
  return found;
}

export async function findPrincipalByKey(db: Queryable, key: PublicKey): Promise<Principal | undefined> {
  const [found] = await rows<Principal>(db, `SELECT ${COLUMNS} FROM principals WHERE public_key = ?`, [key]);
  return found;
}

/** Locks both principals of a deal in id order, so that no two deals wait for each other in a circle. */
export async function lockPrincipals(trx: Trx, ids: readonly string[]): Promise<Map<string, Principal>> {
  const found = await rows<Principal>(
    trx,
    `SELECT ${COLUMNS} FROM principals WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE`,
    [[...ids]],
  );
  return new Map(found.map((principal) => [principal.id, principal]));
}

export async function setTrust(
  trx: Trx,
  id: string,
  { trustLevel, trustProfile }: Pick<Principal, 'trustLevel' | 'trustProfile'>,
): Promise<void> {
  await trx('principals')
    .where({ id })
    .update({ trust_level: trustLevel, trust_profile: JSON.stringify(trustProfile) });
}

/** Whether an agent acts for it already. */
export async function hasAgents(db: Queryable, id: string): Promise<boolean> {
  return (await rows(db, 'SELECT 1 FROM agents WHERE principal_id = ? LIMIT 1', [id])).length > 0;
}

/** Where the principal is known by the old key, it is known by the new one from now on. */
export async function replacePrincipalKey(
  trx: Trx,
  id: string,
  key: { old: PublicKey; new: PublicKey },
): Promise<void> {
  await trx('principals').where({ id, public_key: key.old }).update({ public_key: key.new });
}

export async function suspendPrincipal(trx: Trx, id: string): Promise<void> {
  await trx('principals').where({ id }).update({ status: 'suspended' });
}

/** True where the principal was suspended. */
export async function reinstatePrincipal(trx: Trx, id: string): Promise<boolean> {
  return (await trx('principals').where({ id, status: 'suspended' }).update({ status: 'active' })) > 0;
}
