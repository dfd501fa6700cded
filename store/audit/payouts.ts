import { sqlLaw } from './law';

const booked = (event: string) => `coalesce((
    SELECT sum(p.amount_minor) FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
    WHERE e.key = '${event}:' || o.id AND a.kind = 'payout_pending' AND a.owner = o.principal_id AND a.asset = o.asset), 0)`;
const when = (...states: string[]) =>
  `CASE WHEN o.status IN (${states.map((state) => `'${state}'`).join(', ')}) THEN o.amount_minor ELSE 0 END`;

/**
 * A payout may be less than the payables in it: a debt to AURA goes before. One that failed has given its payables up.
 */
export const payouts = sqlLaw({
  name: 'payouts-add-up',
  says: 'a payout is covered by its payables and booked as far as it is, and a deal released what is payable of it',
  checked: 'SELECT (SELECT count(*) FROM payouts) + (SELECT count(*) FROM payables)',
  broken: `
    SELECT x.id AS subject, x.status || ' for ' || x.amount || '; entries say sent ' || x.sent || ', rejected '
      || x.rejected || ', proved ' || x.proved AS detail
    FROM (
      SELECT o.id, o.status, o.amount_minor AS amount, ${booked('payout_sent')} AS sent,
        ${booked('payout_rejected')} AS rejected, ${booked('payout_proved')} AS proved,
        ${when('rejected')} AS due_rejected, ${when('proved', 'returned')} AS due_proved
      FROM payouts o
    ) x WHERE (x.sent, x.rejected, x.proved) <> (x.amount, x.due_rejected, x.due_proved)
    UNION ALL
    SELECT o.id, o.status || ' for ' || o.amount_minor || ' with payables of ' || coalesce(sum(b.amount_minor), 0)
    FROM payouts o LEFT JOIN payables b ON b.payout_id = o.id AND b.principal_id = o.principal_id AND b.asset = o.asset
    GROUP BY o.id
    HAVING CASE WHEN o.status IN ('pending', 'proved') THEN coalesce(sum(b.amount_minor), 0) < o.amount_minor
                ELSE count(b.seq) > 0 END
    UNION ALL
    SELECT b.transaction_id, 'payable ' || b.amount_minor || ' ' || b.asset || ', released ' || coalesce(r.sum, 0)
    FROM payables b LEFT JOIN LATERAL (
      SELECT sum(p.amount_minor) AS sum FROM entries e JOIN postings p ON p.entry_id = e.id
      JOIN accounts a ON a.id = p.account_id
      WHERE e.key = 'release:' || b.transaction_id AND a.kind = 'collateral' AND p.side = 'credit'
        AND a.owner = b.principal_id AND a.asset = b.asset
    ) r ON true
    WHERE b.transaction_id IS NOT NULL AND b.amount_minor <> coalesce(r.sum, 0)
    UNION ALL
    SELECT a.owner, a.balance_minor || ' ' || a.asset || ' waits to be paid out, payouts under way are ' || coalesce(o.sum, 0)
    FROM accounts a LEFT JOIN (
      SELECT principal_id, asset, sum(amount_minor) AS sum FROM payouts WHERE status = 'pending' GROUP BY 1, 2
    ) o ON o.principal_id = a.owner AND o.asset = a.asset
    WHERE a.kind = 'payout_pending' AND a.balance_minor <> coalesce(o.sum, 0)`,
});
