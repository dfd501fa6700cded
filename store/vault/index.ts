/**
 * Personal data at rest. A value is sealed under the data key of its subject and kind, which is itself sealed under a
 * key that is not in the database. Whoever destroys the data key has erased everything under it, backups included.
 */
import { createHmac } from 'node:crypto';
import { personalTable, type PersonalColumnOf, type PersonalTableName } from '../../domain/personal-data';
import { decrypt, encrypt, SealError } from '../../domain/sealing';
import type { Queryable } from '../db';
import { dataKey, dataKeys, indexKey, keychainIn, type DataKey } from './data-keys';

const MARK = 'aura:1:';
const SEALED = /^aura:1:(\d+):([A-Za-z0-9_-]+)$/;

const contextOf = (table: string, column: string, row: string) => `${table}.${column}:${row}`;

/** Where a row stands: what it is known by, and whose data it is. Both as in the table of personal data. */
export interface Place {
  row: string;
  subject: string;
}

/**
 * Columns of a row, sealed and ready to be stored. What is null or undefined stays null. With `db` in a transaction the
 * key is written in it too.
 */
export async function seal<Table extends PersonalTableName>(
  db: Queryable,
  table: Table,
  place: Place,
  values: Partial<Record<PersonalColumnOf<Table>, unknown>>,
): Promise<Record<PersonalColumnOf<Table>, string | null>> {
  const { kind, columns } = personalTable(table);
  const given = Object.entries(values).map(([column, value]) => [column, value ?? null] as const);
  const key = given.some(([, value]) => value !== null) ? await dataKey(db, kind, place.subject) : undefined;
  const stored = given.map(([column, value]) => {
    if (value === null || !key) return [column, null];
    const isJson = columns[column]?.as === 'json';
    const sealed = sealValue(
      key,
      contextOf(table, column, place.row),
      isJson || typeof value !== 'string' ? JSON.stringify(value) : value,
    );
    return [column, isJson ? JSON.stringify(sealed) : sealed];
  });
  return Object.fromEntries(stored) as Record<PersonalColumnOf<Table>, string | null>;
}

function sealValue({ id, key }: DataKey, context: string, plain: string): string {
  return `${MARK}${id}:${encrypt(key, context, Buffer.from(plain)).toString('base64url')}`;
}

export const isSealed = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(MARK);

/**
 * Opens columns of rows in place, and answers the rows. `fields` says which column each field was read from, `rowOf`
 * what each row is known by. What was erased reads as the table of personal data says; what was stored before there
 * were keys reads as it is.
 */
export async function open<Row extends object, Table extends PersonalTableName>(
  db: Queryable,
  table: Table,
  found: Row[],
  fields: Partial<Record<keyof Row & string, PersonalColumnOf<Table>>>,
  rowOf: (row: Row) => string,
): Promise<Row[]> {
  const { columns } = personalTable(table);
  const names = Object.entries(fields) as [keyof Row & string, string][];
  const ids = found.flatMap((row) => names.flatMap(([field]) => keyIdsOf(row[field])));
  if (ids.length === 0) return found;
  const keys = await dataKeys(db, ids);
  for (const row of found) {
    for (const [field, column] of names) {
      const value = row[field];
      if (!isSealed(value)) continue;
      const key = keys.get(keyIdOf(value));
      const plain = key && openValue(key, contextOf(table, column, rowOf(row)), value);
      const { as, erased } = columns[column] ?? { as: 'text', erased: null };
      row[field] = (
        plain === undefined ? erased : as === 'json' ? JSON.parse(plain) : plain
      ) as Row[typeof field];
    }
  }
  return found;
}

/** Whether this connection was given keys at all; without them only what is not sealed can be read. */
export const hasKeys = (db: Queryable): boolean => keychainIn(db) !== undefined;

/** The one row, where there is one. */
export async function openOne<Row extends object, Table extends PersonalTableName>(
  db: Queryable,
  table: Table,
  found: Row | undefined,
  fields: Partial<Record<keyof Row & string, PersonalColumnOf<Table>>>,
  rowOf: (row: Row) => string,
): Promise<Row | undefined> {
  if (found) await open(db, table, [found], fields, rowOf);
  return found;
}

const keyIdsOf = (value: unknown): string[] => (isSealed(value) ? [keyIdOf(value)] : []);

function keyIdOf(value: string): string {
  const [, id] = SEALED.exec(value) ?? [];
  if (id === undefined) throw new SealError('what was sealed is not in the form it was written in');
  return id;
}

function openValue({ key }: DataKey, context: string, value: string): string {
  const [, , sealed = ''] = SEALED.exec(value) ?? [];
  return decrypt(key, context, Buffer.from(sealed, 'base64url')).toString();
}

/** The same for the same value and nothing else: what a sealed column is looked up by. */
export async function blindIndex(db: Queryable, column: string, value: string): Promise<string> {
  const { key } = await indexKey(db);
  return createHmac('sha256', key).update(`${column}\n${value}`).digest('base64url');
}
