/** The state of each rail's circuit breaker, as its worker last reported it. */
import type { RailName } from '../domain/settlement';
import { inTransaction, rows, type Db, type Queryable } from './db';
import { recordEvents } from './states';

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface RailHealth {
  rail: RailName;
  state: BreakerState;
  detail: string | null;
  since: Date;
}

export function railHealth(db: Queryable): Promise<RailHealth[]> {
  return rows<RailHealth>(db, 'SELECT rail, state, detail, since FROM rail_health ORDER BY rail');
}

/** Rails that take no new payments. A half-open one is on probation and takes some. */
export async function unhealthyRails(db: Queryable): Promise<Set<RailName>> {
  const found = await rows<{ rail: RailName }>(db, `SELECT rail FROM rail_health WHERE state = 'open'`);
  return new Set(found.map(({ rail }) => rail));
}

export async function setRailHealth(
  db: Db,
  { rail, state, detail }: Pick<RailHealth, 'rail' | 'state' | 'detail'>,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const changed = await rows(
      trx,
      `INSERT INTO rail_health AS h (rail, state, detail) VALUES (?, ?, ?)
       ON CONFLICT (rail) DO UPDATE SET state = excluded.state, detail = excluded.detail, since = now()
       WHERE h.state <> excluded.state RETURNING 1`,
      [rail, state, detail],
    );
    if (changed.length === 0) return;
    await recordEvents(trx, [
      { type: 'rail.health_changed', correlationId: `rail:${rail}`, payload: { rail, state, detail } },
    ]);
  });
}
