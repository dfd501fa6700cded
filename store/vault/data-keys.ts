/** Data keys: one for each subject and kind, stored under the newest key that is not in the database. */
import { randomBytes } from 'node:crypto';
import type { DataKind } from '../../domain/personal-data';
import {
  decrypt,
  encrypt,
  SEALING_KEY_BYTES,
  SealError,
  type KeyRing,
  type KeySource,
} from '../../domain/sealing';
import { rows, type Queryable } from '../db';

export interface DataKey {
  id: string;
  key: Uint8Array;
}

/** `index`: the one key of all blind indexes. */
export type KeyKind = DataKind | 'index';

interface StoredKey {
  id: string;
  kind: KeyKind;
  subject: string;
  kekId: string;
  wrapped: Buffer;
  /** Made by the transaction that reads it, so that it may never have been. */
  own: boolean | null;
}

/** So long a process may still read what was erased elsewhere. */
export const KEY_CACHE_MS = 60_000;
const CACHED_MAX = 20_000;
const REREAD_EVERY_MS = 2_000;

/** What a connection knows of keys: where they come from, and those it used lately. */
export class Keychain {
  private ring: KeyRing;
  private readAt = Date.now();
  private readonly byId = new Map<string, { key: Uint8Array; until: number }>();
  private readonly current = new Map<string, { key: DataKey; until: number }>();

  constructor(private readonly source: KeySource) {
    this.ring = source.read();
  }

  get newest(): KeyRing['newest'] {
    return this.ring.newest;
  }

  /** Reads the keys again, as after a rotation. */
  reread(): void {
    this.ring = this.source.read();
    this.readAt = Date.now();
  }

  keyOf(id: string): Uint8Array {
    const known = this.ring.find(id);
    if (known) return known;
    if (Date.now() - this.readAt > REREAD_EVERY_MS) this.reread();
    const key = this.ring.find(id);
    if (!key)
      throw new SealError(`personal data was sealed under the key ${id}, which this process was not given`);
    return key;
  }

  unwrap({ id, kind, subject, kekId, wrapped }: Omit<StoredKey, 'own'>): DataKey {
    return { id, key: decrypt(this.keyOf(kekId), `${kind}:${subject}`, wrapped) };
  }

  wrap(kind: KeyKind, subject: string, key: Uint8Array): { kekId: string; wrapped: Buffer } {
    const { id, key: kek } = this.newest;
    return { kekId: id, wrapped: encrypt(kek, `${kind}:${subject}`, key) };
  }

  cached(id: string): Uint8Array | undefined {
    const found = this.byId.get(id);
    return found && found.until > Date.now() ? found.key : undefined;
  }

  keep({ id, key }: DataKey): void {
    this.byId.delete(id);
    this.byId.set(id, { key, until: Date.now() + KEY_CACHE_MS });
    const [oldest] = this.byId.keys();
    if (this.byId.size > CACHED_MAX && oldest !== undefined) this.byId.delete(oldest);
  }

  currentOf(name: string): DataKey | undefined {
    const found = this.current.get(name);
    if (found && found.until > Date.now()) return found.key;
    this.current.delete(name);
    return undefined;
  }

  keepCurrent(name: string, key: DataKey): void {
    this.current.set(name, { key, until: Date.now() + KEY_CACHE_MS });
  }
}

export function keychainIn(db: Queryable): Keychain | undefined {
  return ((db.userParams ?? {}) as { keychain?: Keychain }).keychain;
}

export function keychainOf(db: Queryable): Keychain {
  const keychain = keychainIn(db);
  if (!keychain) throw new SealError('personal data is sealed, and this process was given no key to it');
  return keychain;
}

/** Kinds whose keys outlive every transaction by days, so that one that was seen once may be used for a while. */
const LASTING: ReadonlySet<KeyKind> = new Set(['answer', 'index']);

/** The key that a subject's data is sealed under now, made where there is none. */
export async function dataKey(db: Queryable, kind: KeyKind, subject: string): Promise<DataKey> {
  const keychain = keychainOf(db);
  const name = `${kind}:${subject}`;
  const known = LASTING.has(kind) ? keychain.currentOf(name) : undefined;
  if (known) return known;
  const { kekId, wrapped } = keychain.wrap(kind, subject, randomBytes(SEALING_KEY_BYTES));
  const [stored] = await rows<StoredKey>(
    db,
    `SELECT id, kek_id AS "kekId", wrapped, own FROM data_key(?, ?, ?, ?)`,
    [kind, subject, kekId, wrapped],
  );
  if (!stored) throw new Error(`no data key for ${name}`);
  const key = keychain.unwrap({ ...stored, kind, subject });
  if (!stored.own) {
    keychain.keep(key);
    if (LASTING.has(kind)) keychain.keepCurrent(name, key);
  }
  return key;
}

export const indexKey = (db: Queryable): Promise<DataKey> => dataKey(db, 'index', 'blind indexes');

/** The keys of these ids, without those that were destroyed. */
export async function dataKeys(db: Queryable, ids: readonly string[]): Promise<Map<string, DataKey>> {
  const keychain = keychainOf(db);
  const found = new Map<string, DataKey>();
  const missing = new Set<string>();
  for (const id of ids) {
    const key = keychain.cached(id);
    if (key) found.set(id, { id, key });
    else missing.add(id);
  }
  if (missing.size === 0) return found;
  const stored = await rows<StoredKey & { destroyed: boolean }>(
    db,
    `SELECT id, kind, subject, kek_id AS "kekId", wrapped, destroyed_at IS NOT NULL AS destroyed,
       made_in = pg_current_xact_id_if_assigned() AS own FROM data_keys WHERE id = ANY(?::bigint[])`,
    [[...missing]],
  );
  if (stored.length < missing.size)
    throw new SealError('a data key is not there, and it was never destroyed');
  for (const { destroyed, own, ...row } of stored) {
    if (destroyed) continue;
    const key = keychain.unwrap(row);
    if (!own) keychain.keep(key);
    found.set(key.id, key);
  }
  return found;
}
