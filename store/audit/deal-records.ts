import { sqlLaw } from './law';

export const dealRecords = sqlLaw({
  name: 'records-add-up',
  says: "a principal's record is the sum of what its deals came to, and each deal's outcome is the one that is stored",
  checked: 'SELECT (SELECT count(*) FROM transactions) + (SELECT count(*) FROM deal_records)',
  broken: `
    SELECT t.id AS subject, 'counted as ' || coalesce(row(c.fulfilled, c.failed, c.disputed, c.lost_seller, c.lost_buyer), row(0, 0, 0, 0, 0))::text
      || ', is ' || row(o.fulfilled, o.failed, o.disputed, o.lost_seller, o.lost_buyer)::text AS detail
    FROM transactions t CROSS JOIN LATERAL deal_outcome(t.id) o LEFT JOIN deal_outcomes c ON c.transaction_id = t.id
    WHERE (o.fulfilled, o.failed, o.disputed, o.lost_seller, o.lost_buyer) IS DISTINCT FROM
      (coalesce(c.fulfilled, 0), coalesce(c.failed, 0), coalesce(c.disputed, 0), coalesce(c.lost_seller, 0), coalesce(c.lost_buyer, 0))
    UNION ALL
    SELECT coalesce(r.principal_id, s.principal), 'the record is not the sum of its deals'
    FROM deal_records r FULL JOIN (
      SELECT p.principal, sum(p.fulfilled) AS fulfilled, sum(p.failed) AS failed, sum(p.disputed) AS disputed, sum(p.lost) AS lost
      FROM deal_outcomes o JOIN transactions t ON t.id = o.transaction_id CROSS JOIN LATERAL (VALUES
        (t.seller_principal_id, o.fulfilled, o.failed, o.disputed, o.lost_seller),
        (t.buyer_principal_id, 0, 0, 0, o.lost_buyer)
      ) p(principal, fulfilled, failed, disputed, lost)
      GROUP BY 1
    ) s ON s.principal = r.principal_id
    WHERE (coalesce(r.fulfilled, 0), coalesce(r.failed, 0), coalesce(r.disputed, 0), coalesce(r.lost, 0)) IS DISTINCT FROM
      (coalesce(s.fulfilled, 0), coalesce(s.failed, 0), coalesce(s.disputed, 0), coalesce(s.lost, 0))`,
});
