/** Puts every data key under the newest key. It may be ended at any time, and goes on where it was. */
import { inTransaction, rows, type Db, type Trx } from '../db';
import { keychainOf, type KeyKind } from './data-keys';

const BATCH = 500;

export interface Rotation {
  rewrapped: number;
  /** What is left under each key. */
  under: Record<string, number>;
}

export async function rewrapAll(db: Db, onBatch?: (done: number) => void): Promise<Rotation> {
  keychainOf(db).reread();
  let rewrapped = 0;
  for (let batch = -1; batch !== 0;) {
    batch = await inTransaction(db, rewrapBatch);
    rewrapped += batch;
    onBatch?.(rewrapped);
  }
  const under = await rows<{ id: string; count: string }>(
    db,
    `SELECT kek_id AS id, count(*) FROM data_keys WHERE destroyed_at IS NULL GROUP BY kek_id ORDER BY kek_id`,
  );
  return { rewrapped, under: Object.fromEntries(under.map(({ id, count }) => [id, Number(count)])) };
}

async function rewrapBatch(trx: Trx): Promise<number> {
  const keychain = keychainOf(trx);
  const found = await rows<{ id: string; kind: KeyKind; subject: string; kekId: string; wrapped: Buffer }>(
    trx,
    `SELECT id, kind, subject, kek_id AS "kekId", wrapped FROM data_keys
     WHERE kek_id <> ? AND destroyed_at IS NULL ORDER BY id LIMIT ${BATCH} FOR UPDATE`,
    [keychain.newest.id],
  );
  if (found.length === 0) return 0;
  const again = found.map((row) => keychain.wrap(row.kind, row.subject, keychain.unwrap(row).key).wrapped);
  await trx.raw(
    `UPDATE data_keys d SET kek_id = ?, wrapped = decode(n.wrapped, 'hex')
     FROM unnest(?::bigint[], ?::text[]) AS n(id, wrapped) WHERE d.id = n.id`,
    [keychain.newest.id, found.map(({ id }) => id), again.map((wrapped) => wrapped.toString('hex'))],
  );
  return found.length;
}
