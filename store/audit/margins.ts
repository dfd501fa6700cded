import { SIGNED, sqlLaw } from './law';

export const margins = sqlLaw({
  name: 'margins-are-held',
  says: "a principal's margin is what its deals hold, and each deal's entries made what it holds",
  checked: "SELECT (SELECT count(*) FROM margins) + (SELECT count(*) FROM accounts WHERE kind = 'margin')",
  broken: `
    SELECT coalesce(a.owner, m.principal_id) AS subject, 'margin of ' || coalesce(a.balance_minor, 0) || ' '
      || coalesce(a.asset, m.asset) || ', its deals hold ' || coalesce(m.held, 0) AS detail
    FROM (SELECT owner, asset, balance_minor FROM accounts WHERE kind = 'margin') a
    FULL JOIN (SELECT principal_id, asset, sum(held_minor) AS held FROM margins GROUP BY 1, 2) m
      ON m.principal_id = a.owner AND m.asset = a.asset
    WHERE coalesce(a.balance_minor, 0) <> coalesce(m.held, 0)
    UNION ALL
    SELECT m.transaction_id, 'the ' || m.role || ' holds ' || m.held_minor || ' ' || m.asset || ', its entries say '
      || coalesce(x.sum, 0)
    FROM margins m LEFT JOIN LATERAL (
      SELECT sum(${SIGNED}) AS sum FROM entries e JOIN postings p ON p.entry_id = e.id
      JOIN accounts a ON a.id = p.account_id
      WHERE e.transaction_id = m.transaction_id AND a.owner = m.principal_id AND a.kind = 'margin'
        AND a.asset = m.asset
    ) x ON true
    WHERE m.held_minor <> coalesce(x.sum, 0)`,
});
