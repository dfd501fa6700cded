import { sqlLaw } from './law';

export const entriesBalance = sqlLaw({
  name: 'entries-balance',
  says: 'every entry has postings, and its debits equal its credits in every asset',
  checked: 'SELECT count(*) FROM entries',
  broken: `
    SELECT p.entry_id AS subject, e.key || ' is off by '
      || sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) || ' ' || a.asset AS detail
    FROM postings p JOIN accounts a ON a.id = p.account_id LEFT JOIN entries e ON e.id = p.entry_id
    GROUP BY p.entry_id, e.key, a.asset
    HAVING sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0
    UNION ALL
    SELECT e.id, e.key || ' has no postings' FROM entries e
    WHERE NOT EXISTS (SELECT 1 FROM postings p WHERE p.entry_id = e.id)`,
});
