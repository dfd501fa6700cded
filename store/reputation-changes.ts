/** Tells agents when the outcome of a deal or a dispute has moved their principal's reputation. */
import type { EventType } from '../domain/events';
import { rows, type Trx } from './db';
import type { Facts, RoutedEvent } from './agent-events';
import { reputations } from './reputation';
import { recordEvents } from './states';

/** After these, the reputation of both sides may be another; a registration sets where it begins. */
const MOVES: ReadonlySet<EventType> = new Set<EventType>([
  'transaction.fulfilled',
  'transaction.declined',
  'session.failed',
  'dispute.opened',
  'dispute.resolved',
  'agent.registered',
]);

export async function tellReputations(trx: Trx, events: readonly RoutedEvent[], facts: Facts): Promise<void> {
  const moving = events.filter(({ type }) => MOVES.has(type));
  const principals = moving.flatMap((event) =>
    event.type === 'agent.registered' ? [String(event.payload.principal_id)] : facts.principalsOfDeal(event),
  );
  if (principals.length === 0) return;
  const now = await reputations(trx, [...new Set(principals)]);
  const changed = await remember(trx, now);
  if (changed.length === 0) return;
  const agents = await rows<{ id: string; principalId: string }>(
    trx,
    'SELECT id, principal_id AS "principalId" FROM agents WHERE principal_id = ANY(?) ORDER BY id',
    [changed.map(({ principalId }) => principalId)],
  );
  await recordEvents(
    trx,
    agents.map(({ id, principalId }) => ({
      type: 'agent.reputation_changed',
      correlationId: id,
      payload: {
        agent_id: id,
        principal_id: principalId,
        reputation: now.get(principalId),
        previous_reputation: changed.find((one) => one.principalId === principalId)?.before,
      },
    })),
  );
}

/** Stores what is told now; answers those that were told something else before. */
async function remember(
  trx: Trx,
  now: ReadonlyMap<string, number>,
): Promise<{ principalId: string; before: number }[]> {
  return rows(
    trx,
    `WITH now AS (
       SELECT n.id, n.reputation FROM jsonb_to_recordset(?::jsonb) AS n(id text, reputation numeric)
     ), before AS (
       SELECT t.principal_id, t.reputation FROM reputations_told t JOIN now n ON n.id = t.principal_id
     ), kept AS (
       INSERT INTO reputations_told (principal_id, reputation) SELECT id, reputation FROM now
       ON CONFLICT (principal_id) DO UPDATE SET reputation = EXCLUDED.reputation, told_at = now()
     )
     SELECT b.principal_id AS "principalId", b.reputation::float8 AS before
     FROM before b JOIN now n ON n.id = b.principal_id WHERE b.reputation <> n.reputation ORDER BY 1`,
    [JSON.stringify([...now].map(([id, reputation]) => ({ id, reputation })))],
  );
}
