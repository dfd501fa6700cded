import { SIGNED, sqlLaw } from './law';

export const accountsAddUp = sqlLaw({
  name: 'accounts-add-up',
  says: "an account's balance is the sum of its postings",
  checked: 'SELECT count(*) FROM accounts',
  broken: `
    SELECT b.owner || '/' || b.kind || '/' || b.asset AS subject,
      'says ' || b.balance_minor || ', its postings ' || coalesce(s.sum, 0) AS detail
    FROM accounts b LEFT JOIN (
      SELECT a.id, sum(${SIGNED}) AS sum FROM postings p JOIN accounts a ON a.id = p.account_id GROUP BY a.id
    ) s ON s.id = b.id
    WHERE b.balance_minor <> coalesce(s.sum, 0)`,
});
