import { DISPUTE_REASONS, DISPUTE_SIDES, lostBy, REMEDIES } from '../domain/clearing/disputes';
import { baseReputation, type AttestedRecord, type DealRecord } from '../domain/reputation';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable } from './db';

/** Which decision goes against whom, as rows for SQL. */
const LOSSES = DISPUTE_SIDES.flatMap((side) =>
  DISPUTE_REASONS.flatMap((reason) =>
    REMEDIES.flatMap((remedy) => {
      const loser = lostBy({ side, reason, remedy });
      return loser ? [`('${side}', '${reason}', '${remedy}', '${loser}')`] : [];
    }),
  ),
).join(', ');

/**
 * Base reputation (0–100) of principals, from their sales' outcomes, the disputes they lost on either side, and any
 * attested record.
 */
export async function reputations(
  db: Queryable,
  principalIds: readonly string[],
): Promise<Map<string, number>> {
  const found = await rows<
    { id: string; trust: TrustLevel; attested: AttestedRecord | null } & Record<keyof DealRecord, string>
  >(
    db,
    `WITH lost AS (
       SELECT DISTINCT t.id,
         CASE x.loser WHEN 'seller' THEN t.seller_principal_id ELSE t.buyer_principal_id END AS loser
       FROM disputes d JOIN transactions t ON t.id = d.transaction_id
       JOIN (VALUES ${LOSSES}) AS x(side, reason, remedy, loser)
         ON x.side = d.side AND x.reason = d.reason AND x.remedy = d.remedy
       WHERE d.decided_at IS NOT NULL
         AND (t.seller_principal_id = ANY(:principals) OR t.buyer_principal_id = ANY(:principals))
     )
     SELECT p.id, p.trust_level AS trust, p.attested_record AS attested,
       count(*) FILTER (WHERE s.market_state IN ('fulfilled', 'completed', 'resolved') AND l.id IS NULL) AS fulfilled,
       count(*) FILTER (WHERE s.failure->'details'->>'defaulter' = p.id) AS failed,
       count(*) FILTER (WHERE s.market_state = 'disputed') AS disputed,
       (SELECT count(*) FROM lost WHERE lost.loser = p.id) AS lost
     FROM principals p
     LEFT JOIN transactions t ON t.seller_principal_id = p.id
     LEFT JOIN sessions s ON s.id = t.session_id
     LEFT JOIN lost l ON l.id = t.id AND l.loser = p.id
     WHERE p.id = ANY(:principals) GROUP BY p.id`,
    { principals: [...principalIds] },
  );
  return new Map(
    found.map(({ id, trust, attested, fulfilled, failed, disputed, lost }) => [
      id,
      baseReputation(
        trust,
        {
          fulfilled: Number(fulfilled),
          failed: Number(failed),
          disputed: Number(disputed),
          lost: Number(lost),
        },
        attested ?? undefined,
      ),
    ]),
  );
}
