import { baseReputation, type AttestedRecord, type DealRecord } from '../domain/reputation';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable } from './db';

/**
 * The side a decided dispute went against, as `lostBy` in domain/clearing/disputes has it: money back is the seller's
 * loss, a deal that stands the buyer's, unless a deadline opened the dispute.
 */
const LOSER = `CASE WHEN d.remedy <> 'uphold' THEN 'seller'
  WHEN d.side <> 'aura' OR d.reason = 'reversal' THEN 'buyer' END`;

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
         CASE ${LOSER} WHEN 'seller' THEN t.seller_principal_id WHEN 'buyer' THEN t.buyer_principal_id END AS loser
       FROM disputes d JOIN transactions t ON t.id = d.transaction_id
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
