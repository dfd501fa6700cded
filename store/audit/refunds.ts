import { sqlLaw } from './law';

/** What an entry of a refund moved on the buyer's `refund_due`. */
const moved = (event: string) => `coalesce((
    SELECT sum(p.amount_minor) FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
    WHERE e.key = '${event}:' || r.id AND e.transaction_id = r.transaction_id AND a.kind = 'refund_due'
      AND a.owner = t.buyer_principal_id AND a.asset = r.asset), 0)`;
const when = (status: string) => `CASE r.status WHEN '${status}' THEN r.amount_minor ELSE 0 END`;

export const refunds = sqlLaw({
  name: 'refunds-add-up',
  says: 'refunds never exceed the total, and their entries are of their amounts and as far as they are',
  checked: 'SELECT count(*) FROM refunds',
  broken: `
    SELECT t.id AS subject, 'refunds of ' || sum(r.amount_minor) || ' exceed the total of ' || t.total_minor AS detail
    FROM refunds r JOIN transactions t ON t.id = r.transaction_id GROUP BY t.id HAVING sum(r.amount_minor) > t.total_minor
    UNION ALL
    SELECT x.id, x.status || ' for ' || x.amount || '; entries say granted ' || x.granted || ', proved ' || x.proved
      || ', to the balance ' || x.kept
    FROM (
      SELECT r.id, r.status, r.amount_minor AS amount, ${moved('refund_granted')} AS granted,
        ${moved('refund_proved')} AS proved, ${moved('refund_to_balance')} AS kept, ${when('proved')} AS due_proved,
        ${when('to_balance')} AS due_kept
      FROM refunds r JOIN transactions t ON t.id = r.transaction_id
    ) x WHERE (x.granted, x.proved, x.kept) <> (x.amount, x.due_proved, x.due_kept)
    UNION ALL
    SELECT r.id, 'is proved, and no instruction of it executed' FROM refunds r
    WHERE r.status = 'proved' AND NOT EXISTS (
      SELECT 1 FROM instructions i WHERE i.subject_id = r.id AND i.kind = 'refund' AND i.status IN ('executed', 'reversed'))
    UNION ALL
    SELECT e.id, e.key || ' belongs to no refund' FROM entries e
    WHERE e.event IN ('refund_granted', 'refund_proved', 'refund_to_balance')
      AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.id = split_part(e.key, ':', 2))`,
});
