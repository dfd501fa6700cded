/** What a rail's adapter may see and do of AURA's books over the wire: its keys, its instructions, its claims. */
import type { PublicKey } from '../domain/keys';
import type { RailName, SignedInstruction } from '../domain/settlement';
import { inTransaction, rows, type Db, type Queryable, type Trx } from './db';
import { findAccount, findMandate, type Mandate, type PaymentAccount } from './payment-accounts';
import { recordAudit } from './states';

/** A key registered for a rail. It signs the adapter's requests, proofs and notices. */
export interface RegisteredRailKey {
  rail: RailName;
  keyId: string;
  publicKey: PublicKey;
  validFrom: Date;
  /** Null while it stands. */
  validTo: Date | null;
}

const KEY = `rail, key_id AS "keyId", public_key AS "publicKey", valid_from AS "validFrom", valid_to AS "validTo"`;

export function allRailKeys(db: Queryable): Promise<RegisteredRailKey[]> {
  return rows<RegisteredRailKey>(db, `SELECT ${KEY} FROM rail_keys ORDER BY rail, valid_from, key_id`);
}

/** The rail key with this id, if it is valid now on the database's clock. */
export async function validRailKey(db: Queryable, keyId: string): Promise<RegisteredRailKey | undefined> {
  const [found] = await rows<RegisteredRailKey>(
    db,
    `SELECT ${KEY} FROM rail_keys
     WHERE key_id = ? AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now())`,
    [keyId],
  );
  return found;
}

export type Registered =
  | { outcome: 'registered'; key: RegisteredRailKey }
  /** The same rail, id and key were registered before, and nothing changed. */
  | { outcome: 'known'; key: RegisteredRailKey }
  | { outcome: 'conflict'; reason: 'key_id' | 'public_key' | 'agent_key' };

/**
 * Registers a key, once: neither its id nor the key itself can be used again, so that a revoked key never comes back.
 * An agent's key is refused too: one signature should not speak for two.
 */
export async function addRailKey(
  db: Db,
  key: { rail: RailName; keyId: string; publicKey: PublicKey; validFrom: Date | null },
  actor: string,
): Promise<Registered> {
  return inTransaction(db, async (trx) => {
    // Registrations are rare; one at a time sees every key that another one adds.
    await trx.raw('LOCK TABLE rail_keys IN SHARE ROW EXCLUSIVE MODE');
    const taken = await rows<RegisteredRailKey>(
      trx,
      `SELECT ${KEY} FROM rail_keys WHERE key_id = ? OR public_key = ? ORDER BY key_id = ? DESC`,
      [key.keyId, key.publicKey, key.keyId],
    );
    const [first] = taken;
    if (first) {
      const same = first.keyId === key.keyId && first.publicKey === key.publicKey && first.rail === key.rail;
      if (same) return { outcome: 'known', key: first };
      return { outcome: 'conflict', reason: first.keyId === key.keyId ? 'key_id' : 'public_key' };
    }
    const agents = await rows(trx, 'SELECT 1 FROM agent_keys WHERE public_key = ? LIMIT 1', [key.publicKey]);
    if (agents.length > 0) return { outcome: 'conflict', reason: 'agent_key' };
    const [stored] = await rows<RegisteredRailKey>(
      trx,
      `INSERT INTO rail_keys (rail, key_id, public_key, valid_from) VALUES (?, ?, ?, coalesce(?::timestamptz, now()))
       RETURNING ${KEY}`,
      [key.rail, key.keyId, key.publicKey, key.validFrom],
    );
    if (!stored) throw new Error('the key was not stored');
    await recordAudit(trx, {
      actor,
      action: 'rail_key.registered',
      subject: key.keyId,
      detail: { rail: key.rail, public_key: key.publicKey, valid_from: stored.validFrom.toISOString() },
    });
    return { outcome: 'registered', key: stored };
  });
}

/**
 * Ends a key's validity now. What it proved before stands; what is said to be executed from now on it cannot prove. A
 * key that was to become valid later is forgotten. Undefined where the rail has no such key.
 */
export async function revokeRailKey(
  db: Db,
  { rail, keyId }: { rail: RailName; keyId: string },
  actor: string,
): Promise<RegisteredRailKey | undefined> {
  return inTransaction(db, async (trx) => {
    const [found] = await rows<RegisteredRailKey & { future: boolean }>(
      trx,
      `SELECT ${KEY}, valid_from >= now() AS future FROM rail_keys WHERE rail = ? AND key_id = ? FOR UPDATE`,
      [rail, keyId],
    );
    if (!found) return undefined;
    const { future, ...key } = found;
    if (key.validTo !== null) return key;
    const ended = await end(trx, key, future);
    await recordAudit(trx, {
      actor,
      action: 'rail_key.revoked',
      subject: keyId,
      detail: { rail, valid_to: ended.validTo?.toISOString() ?? null },
    });
    return ended;
  });
}

async function end(trx: Trx, key: RegisteredRailKey, future: boolean): Promise<RegisteredRailKey> {
  if (future) {
    await trx('rail_keys').where({ key_id: key.keyId }).delete();
    return { ...key, validTo: key.validFrom };
  }
  const [ended] = await rows<RegisteredRailKey>(
    trx,
    `UPDATE rail_keys SET valid_to = now() WHERE key_id = ? RETURNING ${KEY}`,
    [key.keyId],
  );
  if (!ended) throw new Error('the key vanished');
  return ended;
}

export type Claim =
  | { outcome: 'claimed'; at: Date }
  | { outcome: 'taken'; by: string; at: Date }
  | { outcome: 'expired'; expiresAt: Date }
  | { outcome: 'not_found' };

/**
 * Claims the right to transmit an instruction of this rail, as `claimTransmission` does: for the first caller ever.
 * After its expiry nobody gets it any more, so that an instruction that nobody holds provably never executes.
 */
export async function claimForRail(
  db: Queryable,
  { rail, instructionId, by }: { rail: RailName; instructionId: string; by: string },
): Promise<Claim> {
  const [claimed] = await rows<{ at: Date }>(
    db,
    `INSERT INTO transmissions (instruction_id, sent_by)
     SELECT id, :by FROM instructions WHERE id = :id AND rail = :rail AND expires_at > clock_timestamp()
     ON CONFLICT DO NOTHING RETURNING at`,
    { id: instructionId, rail, by },
  );
  if (claimed) return { outcome: 'claimed', at: claimed.at };
  const [found] = await rows<{ by: string | null; at: Date | null; expiresAt: Date }>(
    db,
    `SELECT t.sent_by AS "by", t.at, i.expires_at AS "expiresAt"
     FROM instructions i LEFT JOIN transmissions t ON t.instruction_id = i.id WHERE i.id = ? AND i.rail = ?`,
    [instructionId, rail],
  );
  if (!found) return { outcome: 'not_found' };
  if (found.by !== null && found.at) return { outcome: 'taken', by: found.by, at: found.at };
  return { outcome: 'expired', expiresAt: found.expiresAt };
}

export async function instructionOfRail(
  db: Queryable,
  rail: RailName,
  id: string,
): Promise<SignedInstruction | undefined> {
  const [found] = await rows<SignedInstruction>(
    db,
    'SELECT document AS instruction, key_id, signature FROM instructions WHERE id = ? AND rail = ?',
    [id, rail],
  );
  return found;
}

/** An account of this rail; another rail's is not found. */
export async function accountOfRail(
  db: Queryable,
  rail: RailName,
  id: string,
): Promise<PaymentAccount | undefined> {
  const account = await findAccount(db, id);
  return account?.rail === rail ? account : undefined;
}

/** A mandate of this rail with its account. */
export async function mandateOfRail(
  db: Queryable,
  rail: RailName,
  id: string,
): Promise<{ mandate: Mandate; account: PaymentAccount } | undefined> {
  const mandate = await findMandate(db, id);
  if (mandate?.rail !== rail) return undefined;
  const account = await accountOfRail(db, rail, mandate.accountId);
  return account && { mandate, account };
}

/** The rail whose reading of a statement this run is. */
export async function railOfRun(db: Queryable, runId: string): Promise<RailName | undefined> {
  const [found] = await rows<{ rail: RailName }>(db, 'SELECT rail FROM reconciliation_runs WHERE id = ?', [
    runId,
  ]);
  return found?.rail;
}
