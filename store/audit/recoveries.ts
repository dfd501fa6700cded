import { sqlLaw } from './law';

/** What the waterfall's entries of a recovery took from one kind of account. */
const took = (kind: string) =>
  `coalesce(sum(p.amount_minor) FILTER (WHERE a.kind = '${kind}' AND p.side = 'debit'), 0)`;

export const recoveries = sqlLaw({
  name: 'debts-are-booked',
  says: 'what made up for a debt is what its entries took, and what principals owe is what their debts leave open',
  checked: 'SELECT count(*) FROM recoveries',
  broken: `
    SELECT r.id AS subject, 'covered by ' || concat_ws('+', r.margin_minor, r.collateral_minor, r.default_fund_minor,
      r.capital_minor) || ', its entries took ' || concat_ws('+', w.margin, w.collateral, w.fund, w.capital) AS detail
    FROM recoveries r CROSS JOIN LATERAL (
      SELECT ${took('margin')} AS margin, ${took('collateral')} AS collateral, ${took('default_fund')} AS fund,
        ${took('capital')} AS capital
      FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
      WHERE e.event = 'waterfall' AND e.key LIKE 'waterfall:' || r.id || ':%'
    ) w
    WHERE (r.margin_minor, r.collateral_minor, r.default_fund_minor, r.capital_minor)
      IS DISTINCT FROM (w.margin, w.collateral, w.fund, w.capital)
    UNION ALL
    SELECT r.id, r.status || ' with ' || r.open || ' open of ' || r.owed_minor
    FROM (SELECT *, owed_minor - margin_minor - collateral_minor - default_fund_minor - capital_minor AS open
          FROM recoveries) r
    WHERE r.status IN ('covered', 'defaulted') AND r.open <> 0 OR r.status = 'called' AND r.open = 0
    UNION ALL
    SELECT coalesce(a.owner, d.principal_id), 'owes ' || coalesce(a.balance_minor, 0) || ' ' || coalesce(a.asset, d.asset)
      || ', its debts leave ' || coalesce(d.open, 0) || ' open'
    FROM (SELECT owner, asset, balance_minor FROM accounts WHERE kind = 'recoverable') a
    FULL JOIN (
      SELECT principal_id, asset,
        sum(owed_minor - margin_minor - collateral_minor - default_fund_minor - capital_minor) AS open
      FROM recoveries WHERE status <> 'undone' GROUP BY 1, 2
    ) d ON d.principal_id = a.owner AND d.asset = a.asset
    WHERE coalesce(a.balance_minor, 0) <> coalesce(d.open, 0)`,
});
