import { sqlLaw } from './law';

export const assetsAddUp = sqlLaw({
  name: 'assets-add-up',
  says: 'in every asset all accounts together are zero',
  checked: 'SELECT count(DISTINCT asset) FROM accounts',
  broken: `
    SELECT asset AS subject, 'debits exceed credits by '
      || sum(CASE WHEN credit_normal(kind) THEN -balance_minor ELSE balance_minor END) AS detail
    FROM accounts GROUP BY asset
    HAVING sum(CASE WHEN credit_normal(kind) THEN -balance_minor ELSE balance_minor END) <> 0`,
});
