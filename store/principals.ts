import type { AttestedRecord } from '../domain/reputation';
import type { PublicKey } from '../domain/keys';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable, type Trx } from './db';
import { open, seal } from './vault';

export interface Principal {
  id: string;
  publicKey: PublicKey;
  trustLevel: TrustLevel;
  attestedRecord: AttestedRecord | null;
  status: 'active' | 'suspended';
  createdAt: Date;
}

const COLUMNS = `id, public_key AS "publicKey", trust_level AS "trustLevel",
  attested_record AS "attestedRecord", status, created_at AS "createdAt"`;

export async function insertPrincipal(
  trx: Trx,
  principal: Pick<Principal, 'id' | 'publicKey' | 'trustLevel' | 'attestedRecord'> & {
    name: string;
    /** Which credentials gave which level; they name their subject. */
    trustProfile: unknown;
  },
): Promise<void> {
  await trx('principals').insert({
    id: principal.id,
    ...(await seal(
      trx,
      'principals',
      { row: principal.id, subject: principal.id },
      { name: principal.name, trust_profile: principal.trustProfile },
    )),
    public_key: principal.publicKey,
    trust_level: principal.trustLevel,
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

export function findPrincipals(db: Queryable, ids: readonly string[]): Promise<Principal[]> {
  return rows<Principal>(db, `SELECT ${COLUMNS} FROM principals WHERE id = ANY(?)`, [[...ids]]);
}

export async function findPrincipalByKey(db: Queryable, key: PublicKey): Promise<Principal | undefined> {
  const [found] = await rows<Principal>(db, `SELECT ${COLUMNS} FROM principals WHERE public_key = ?`, [key]);
  return found;
}

/** The names of principals, by their ids. */
export async function namesOf(db: Queryable, ids: readonly string[]): Promise<Map<string, string>> {
  const found = await rows<{ id: string; name: string }>(
    db,
    'SELECT id, name FROM principals WHERE id = ANY(?)',
    [[...ids]],
  );
  await open(db, 'principals', found, { name: 'name' }, ({ id }) => id);
  return new Map(found.map(({ id, name }) => [id, name]));
}

/** Who a principal is, as far as it was told: only for itself and for operators. */
export async function identityOf(
  db: Queryable,
  id: string,
): Promise<{ name: string; trustProfile: unknown }> {
  const [found] = await rows<{ name: string; trustProfile: unknown }>(
    db,
    `SELECT name, trust_profile AS "trustProfile" FROM principals WHERE id = ?`,
    [id],
  );
  if (!found) throw new Error(`no principal ${id}`);
  await open(db, 'principals', [found], { name: 'name', trustProfile: 'trust_profile' }, () => id);
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
  { trustLevel, trustProfile }: Pick<Principal, 'trustLevel'> & { trustProfile: unknown },
): Promise<void> {
  await trx('principals')
    .where({ id })
    .update({
      trust_level: trustLevel,
      ...(await seal(trx, 'principals', { row: id, subject: id }, { trust_profile: trustProfile })),
    });
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
