/** The trust framework's issuers and the keys registered for rails. */
import type { TrustedIssuer, TrustFramework } from '../domain/credentials/types';
import type { RailKey } from '../domain/clearing/proof';
import { rows, type Queryable } from './db';

export async function loadTrustFramework(db: Queryable): Promise<TrustFramework> {
  const found = await rows<{ data: TrustedIssuer; updated_at: Date }>(
    db,
    'SELECT data, updated_at FROM trust_issuers ORDER BY issuer_id',
  );
  const newest = found.reduce((latest, { updated_at }) => Math.max(latest, updated_at.getTime()), 0);
  return { version: new Date(newest).toISOString(), issuers: found.map(({ data }) => data) };
}

export async function upsertIssuer(db: Queryable, issuer: TrustedIssuer): Promise<void> {
  await db.raw(
    `INSERT INTO trust_issuers (issuer_id, kind, data) VALUES (?, ?, ?::jsonb)
     ON CONFLICT (issuer_id) DO UPDATE SET data = excluded.data, updated_at = now()`,
    [issuer.issuerId, issuer.kind, JSON.stringify(issuer)],
  );
}

export async function railKeys(db: Queryable, rail: string): Promise<RailKey[]> {
  return rows<RailKey>(
    db,
    `SELECT key_id AS "keyId", public_key AS "publicKey", valid_from AS "validFrom", valid_to AS "validTo"
     FROM rail_keys WHERE rail = ?`,
    [rail],
  );
}

/** Registers a rail adapter's signing key; registering it again changes nothing. */
export async function registerRailKey(
  db: Queryable,
  key: { keyId: string; rail: string; publicKey: string },
): Promise<void> {
  await db.raw('INSERT INTO rail_keys (key_id, rail, public_key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', [
    key.keyId,
    key.rail,
    key.publicKey,
  ]);
}
