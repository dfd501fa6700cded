import { sqlLaw } from './law';

export const executedOnce = sqlLaw({
  name: 'executed-once',
  says: 'an instruction executes at most once, by one accepted proof, and its subject has one that executed or still may',
  checked: 'SELECT count(*) FROM instructions',
  broken: `
    SELECT instruction_id AS subject, count(*) || ' proofs of it were accepted' AS detail
    FROM proofs WHERE accepted GROUP BY instruction_id HAVING count(*) > 1
    UNION ALL
    SELECT subject_id, count(*) || ' live instructions of kind ' || kind || ': ' || string_agg(id, ', ' ORDER BY id)
    FROM instructions WHERE status IN ('signed', 'executed', 'unknown', 'nonconforming')
    GROUP BY kind, subject_id HAVING count(*) > 1
    UNION ALL
    SELECT i.id, 'is ' || i.status || CASE WHEN p.proved THEN ' with an accepted proof' ELSE ' without an accepted proof' END
    FROM instructions i CROSS JOIN LATERAL (
      SELECT EXISTS (SELECT 1 FROM proofs q WHERE q.instruction_id = i.id AND q.accepted) AS proved
    ) p
    WHERE p.proved <> (i.status IN ('executed', 'reversed'))`,
});
