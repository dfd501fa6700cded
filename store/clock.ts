import { rows, type Queryable } from './db';

/** The instant of the current transaction on the database's clock. */
export async function databaseNow(db: Queryable): Promise<Date> {
  const [found] = await rows<{ now: Date }>(db, 'SELECT now()');
  if (!found) throw new Error('the database has no clock');
  return found.now;
}
