/** Which rails run here, and the state of each one's circuit breaker, as its worker last reported it. */
import { RAILS, type RailName } from '../domain/settlement';
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

/** `not_run`: no adapter of it holds a key that is valid now, so nothing could be proved. `down`: its breaker is open. */
export type OutOfUse = 'not_run' | 'down';

/** Rails that take no new payments. A half-open one is on probation and takes some. */
export async function railsOutOfUse(db: Queryable): Promise<Map<RailName, OutOfUse>> {
  const run = await rows<{ rail: RailName; down: boolean }>(
    db,
    `SELECT k.rail, bool_or(h.state IS NOT DISTINCT FROM 'open') AS down
     FROM rail_keys k LEFT JOIN rail_health h ON h.rail = k.rail
     WHERE k.valid_from <= now() AND (k.valid_to IS NULL OR k.valid_to > now()) GROUP BY k.rail`,
  );
  const found = new Map(run.map(({ rail, down }) => [rail, down]));
  return new Map(
    RAILS.flatMap((rail): [RailName, OutOfUse][] => {
      const down = found.get(rail);
      return down === undefined ? [[rail, 'not_run']] : down ? [[rail, 'down']] : [];
    }),
  );
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
