import { sqlLaw } from './law';

export const unreconciled = sqlLaw({
  name: 'unreconciled-is-explained',
  says: "per rail and asset, what is unreconciled is what was executed and is on no matched line of the rail's statement",
  checked: `SELECT count(*) FROM accounts WHERE kind = 'unreconciled'`,
  broken: `
    SELECT coalesce(a.owner, v.owner) AS subject, 'unreconciled ' || coalesce(a.balance_minor, 0) || ' '
      || coalesce(a.asset, v.asset) || ', movements without a line ' || coalesce(v.sum, 0) AS detail
    FROM (SELECT owner, asset, balance_minor FROM accounts WHERE kind = 'unreconciled') a
    FULL JOIN (
      SELECT 'rail:' || v.rail AS owner, v.asset,
        sum(CASE v.direction WHEN 'credit' THEN v.amount_minor ELSE -v.amount_minor END) AS sum
      FROM movements v
      WHERE NOT EXISTS (
        SELECT 1 FROM matched_movements m
        WHERE CASE v.source WHEN 'notice' THEN m.notice_id ELSE m.instruction_id END = v.id)
      GROUP BY 1, 2
    ) v ON v.owner = a.owner AND v.asset = a.asset
    WHERE coalesce(a.balance_minor, 0) <> coalesce(v.sum, 0)`,
});
