import { sqlLaw } from './law';

const KEY = `p.statement->>'rail', p.statement->>'network', p.statement->>'business_date', p.statement->>'reference',
  p.statement->>'line'`;

export const referencesOnce = sqlLaw({
  name: 'references-count-once',
  says: "a rail's reference counts for one accepted proof, ever",
  checked: 'SELECT count(*) FROM rail_references',
  broken: `
    SELECT concat_ws('/', ${KEY}) AS subject, 'counts for ' || string_agg(p.id, ', ' ORDER BY p.id) AS detail
    FROM proofs p WHERE p.accepted GROUP BY ${KEY} HAVING count(*) > 1
    UNION ALL
    SELECT p.id, 'was accepted, and its reference is not counted'
    FROM proofs p WHERE p.accepted AND NOT EXISTS (SELECT 1 FROM rail_references r WHERE r.proof_id = p.id)
    UNION ALL
    SELECT r.proof_id, 'the reference ' || r.reference || ' is counted for it, and is not its own'
    FROM rail_references r LEFT JOIN proofs p ON p.id = r.proof_id
    WHERE p.id IS NULL OR NOT p.accepted
      OR (r.rail, r.network, r.business_date::text, r.reference, r.line) IS DISTINCT FROM (${KEY})`,
});
