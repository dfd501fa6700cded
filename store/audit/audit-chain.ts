import { sqlLaw } from './law';

export const auditChain = sqlLaw({
  name: 'audit-is-chained',
  says: 'the audit records of a subject are numbered without a gap, each sealed with the one before, up to its known end',
  checked: 'SELECT count(*) FROM audit',
  broken: `
    WITH chained AS (
      SELECT a.id, a.subject, a.position, a.hash, row_number() OVER chain AS place,
        audit_seal(lag(a.hash) OVER chain, a) AS sealed
      FROM audit a WINDOW chain AS (PARTITION BY a.subject ORDER BY a.position)
    )
    SELECT id AS subject, 'is number ' || position || ' and comes as number ' || place AS detail
    FROM chained WHERE position <> place
    UNION ALL
    SELECT id, 'was changed after it was sealed' FROM chained WHERE position = place AND hash <> sealed
    UNION ALL
    SELECT coalesce(h.subject, l.subject), 'its chain ends at ' || coalesce(l.position, 0) || ', and is known to '
      || coalesce(h.position, 0)
    FROM audit_heads h FULL JOIN (
      SELECT DISTINCT ON (subject) subject, position, hash FROM audit ORDER BY subject, position DESC
    ) l USING (subject)
    WHERE h.position IS DISTINCT FROM l.position OR h.hash IS DISTINCT FROM l.hash`,
});
