/** T22 for many deals at once: what `store/states` writes for one, in a statement for all. */
import { newId } from '../../domain/ids';
import { findMove, type DealState } from '../../domain/lifecycle';
import { rows, type Trx } from '../db';

/** A movement that brought a deal's money. */
export interface DealMovement {
  id: string;
  transactionId: string;
  reference: string;
}

interface SettledDeal extends DealState {
  id: string;
  sessionId: string;
  clearedBefore: boolean;
}

/** Takes the settled ones of the deals to cleared and answers them. The deals' rows are locked. */
export async function clearDeals(
  trx: Trx,
  incoming: readonly DealMovement[],
  actor: string,
): Promise<string[]> {
  if (incoming.length === 0) return [];
  const movementOf = new Map(incoming.map((movement) => [movement.transactionId, movement]));
  const deals = await rows<SettledDeal>(
    trx,
    `SELECT t.id, t.session_id AS "sessionId", s.market_state AS market, t.clearing_state AS clearing,
       EXISTS (SELECT 1 FROM state_history h WHERE h.session_id = t.session_id AND h.key = 'T22') AS "clearedBefore"
     FROM transactions t JOIN sessions s ON s.id = t.session_id
     WHERE t.id = ANY(?::text[]) AND t.clearing_state = 'settled' ORDER BY t.id`,
    [[...movementOf.keys()]],
  );
  const cleared = deals.flatMap((deal) => {
    const move = findMove('T22', deal);
    return move ? [{ deal, move }] : [];
  });
  if (cleared.length === 0) return [];
  const changes = cleared.map(({ deal, move }) => ({
    session: deal.sessionId,
    transaction: deal.id,
    from: move.from,
    to: move.to,
    // A deal that was reversed and won back clears once more.
    key: deal.clearedBefore ? `T22:${movementOf.get(deal.id)?.id}` : 'T22',
    detail: { reference: movementOf.get(deal.id)?.reference },
    event: newId('event'),
    payload: { session_id: deal.sessionId, transaction_id: deal.id },
    audit: newId('audit'),
  }));
  await trx.raw(
    `WITH changes AS (
       SELECT * FROM jsonb_to_recordset(:changes::jsonb) AS c(session text, transaction text, "from" text, "to" text,
         key text, detail jsonb, event text, payload jsonb, audit text)
     ), steps AS (
       INSERT INTO state_history (session_id, transaction_id, region, transition, from_state, to_state, key, actor, detail)
       SELECT session, transaction, 'clearing', 'T22', "from", "to", key, :actor, detail FROM changes RETURNING seq
     ), told AS (
       INSERT INTO outbox (id, type, correlation_id, payload)
       SELECT event, 'transaction.cleared', session, payload FROM changes RETURNING seq
     ), audited AS (
       INSERT INTO audit (id, actor, action, subject, detail)
       SELECT audit, :actor, 'deal.cleared', transaction, detail FROM changes RETURNING id
     )
     SELECT (SELECT count(*) FROM steps), (SELECT count(*) FROM told), (SELECT count(*) FROM audited)`,
    { changes: JSON.stringify(changes), actor },
  );
  return cleared.map(({ deal }) => deal.id);
}
