import { sqlLaw } from './law';

/** What an entry moved at the rail, minor units of the rail's asset, positive where money came. */
const atRail = (key: string) => `(
    SELECT sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END)
    FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
    WHERE e.key = ${key} AND a.kind = 'unreconciled' AND a.owner = 'rail:' || n.rail AND a.asset = n.statement->>'asset')`;
const amount = `(n.statement->>'amount_minor')::numeric`;
const fee = `(n.statement->>'fee_minor')::numeric`;
const taken = `-(${amount} + ${fee})`;

/** The sums of the sources that a reversal keeps, in the books' asset. */
const SOURCES = `(SELECT coalesce(sum(value::numeric), 0) FROM jsonb_each_text(n.sources))`;
const DEBITED = `(
    SELECT coalesce(sum(p.amount_minor), 0) FROM entries e JOIN postings p ON p.entry_id = e.id
    JOIN accounts a ON a.id = p.account_id
    WHERE e.key = 'reversal:' || n.id AND p.side = 'debit'
      AND a.kind IN ('entitlement', 'fees_deferred', 'collateral', 'recoverable'))`;

export const reversals = sqlLaw({
  name: 'reversals-are-booked',
  says: 'what rails took back, and gave again, is booked once and for what they said',
  checked: 'SELECT count(*) FROM rail_notices WHERE accepted',
  broken: `
    SELECT x.id AS subject, x.effect || ' for ' || x.due || ', its entry moved ' || coalesce(x.moved, 0) AS detail
    FROM (
      SELECT n.id, n.effect, ${taken} AS due, ${atRail(`'reversal:' || n.id`)} AS moved
      FROM rail_notices n WHERE n.accepted AND n.effect IN ('reversed', 'reversed and undone')
      UNION ALL
      SELECT n.id, n.effect, ${taken}, ${atRail(`'deposit_returned:' || n.id`)}
      FROM rail_notices n WHERE n.accepted AND n.effect = 'deposit returned'
      UNION ALL
      SELECT n.id, n.effect, ${amount}, ${atRail(`'payout_returned:' || n.id`)}
      FROM rail_notices n WHERE n.accepted AND n.effect = 'payout returned'
      UNION ALL
      SELECT n.id, n.effect, ${amount}, ${atRail(`'reversal_undone:' || n.id`)}
      FROM rail_notices n WHERE n.accepted AND n.effect = 'reversal undone'
    ) x WHERE x.due IS DISTINCT FROM x.moved
    UNION ALL
    SELECT n.id, 'its sources are ' || ${SOURCES} || ', its entry took ' || ${DEBITED}
    FROM rail_notices n
    WHERE n.accepted AND n.effect IN ('reversed', 'reversed and undone') AND ${SOURCES} <> ${DEBITED}
    UNION ALL
    SELECT h.transaction_id, h.key || ' has no accepted notice'
    FROM state_history h LEFT JOIN rail_notices n ON n.id = split_part(h.key, ':', 2) AND n.accepted
    WHERE h.transition = 'X5' AND n.id IS NULL
    UNION ALL
    SELECT h.transaction_id, h.key || ' has no entry that gives back' FROM state_history h
    WHERE h.transition = 'X7'
      AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.key = 'reversal_undone:' || split_part(h.key, ':', 2))
    UNION ALL
    SELECT e.id, e.key || ' stands on no accepted notice'
    FROM entries e LEFT JOIN rail_notices n ON n.id = split_part(e.key, ':', 2) AND n.accepted
    WHERE e.event IN ('reversal', 'deposit_returned', 'payout_returned') AND n.id IS NULL`,
});
