/** Small generators, so that checks in the database come from the domain's own lists. */
import { ID_PREFIXES, type IdKind } from '../domain/ids';

export function oneOf(column: string, values: readonly string[]): string {
  return `${column} IN (${values.map((value) => `'${value}'`).join(', ')})`;
}

/** An id column's type and check; the prefix is part of the value. */
export function id(column: string, ...kinds: IdKind[]): string {
  const prefixes = kinds.map((kind) => ID_PREFIXES[kind]).join('|');
  return `${column} text CHECK (${column} ~ '^(${prefixes})_[0-9A-HJKMNP-TV-Z]{26}$')`;
}

/** Minor units of an asset. 38 digits hold every token. */
export const AMOUNT = 'numeric(38, 0)';

export const ASSET = `text CHECK (asset ~ '^[A-Z]{3}$' OR asset ~ '^[-a-z0-9]{3,8}:')`;

/** Refuses every change to what was written, TRUNCATE included. */
export function appendOnly(table: string): string {
  return `
    CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER ${table}_no_truncate BEFORE TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`;
}
