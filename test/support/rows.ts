/** Plain rows that the database would take, for tests that break them in one column. */
import { newId } from '../../domain/ids';
import { PERSONAL_DATA } from '../../domain/personal-data';
import type { Db } from '../../store/db';
import { isSealed } from '../../store/vault';
import { aDeal, anOffer, aScout } from './factories';

export type Row = Record<string, unknown>;

export async function sessionRow(db: Db): Promise<Row> {
  const scout = await aScout(db);
  return {
    id: newId('session'),
    scout_id: scout.id,
    principal_id: scout.principal.id,
    profile_id: 'retail',
    profile_version: 1,
    raw_intent: 'wireless headphones',
    asked: '{}',
    max_offers: 10,
    offer_timeout_ms: 30_000,
  };
}

/** A deal of 100.00 on a session and an offer of its own; another deal lends the rest. */
export async function dealRow(db: Db): Promise<Row> {
  const offer = await anOffer(db);
  const known = await storedRow(db, 'transactions', (await aDeal(db)).id);
  return {
    ...known,
    id: newId('transaction'),
    session_id: offer.session.id,
    offer_id: offer.id,
    subtotal_minor: '9000',
    shipping_minor: '500',
    tax_minor: '500',
    total_minor: '10000',
    total_usd_minor: '10000',
    fee_minor: '100',
  };
}

/** Columns of type jsonb whose value may be a sealed string. */
const SEALED_JSON = new Set(
  Object.values(PERSONAL_DATA).flatMap(({ columns }) =>
    Object.entries(columns).flatMap(([column, { as }]) => (as === 'json' ? [column] : [])),
  ),
);

/** A row as it is stored, ready to be inserted again. */
export async function storedRow(db: Db, table: string, id: string): Promise<Row> {
  const found: Row | undefined = await db<Row>(table).where({ id }).first();
  if (!found) throw new Error(`no ${id} in ${table}`);
  return Object.fromEntries(
    Object.entries(found).map(([column, value]) => [
      column,
      isJson(value) || (isSealed(value) && SEALED_JSON.has(column)) ? JSON.stringify(value) : value,
    ]),
  );
}

function isJson(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !isTextArray(value);
}

/** `text[]` comes as an array of strings, and no JSON column of ours does. */
function isTextArray(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}
