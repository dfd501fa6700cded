import { baseReputation, type AttestedRecord, type DealRecord } from '../domain/reputation';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable } from './db';

/** Base reputation (0–100) of principals as sellers, from their deals' outcomes and any attested record. */
export async function reputations(
  db: Queryable,
  principalIds: readonly string[],
): Promise<Map<string, number>> {
  const found = await rows<
    { id: string; trust: TrustLevel; attested: AttestedRecord | null } & Record<keyof DealRecord, string>
  >(
    db,
    `SELECT p.id, p.trust_level AS trust, p.attested_record AS attested,
       count(*) FILTER (WHERE s.market_state IN ('fulfilled', 'completed', 'resolved')) AS fulfilled,
       count(*) FILTER (WHERE s.failure->'details'->>'defaulter' = p.id) AS failed,
       count(*) FILTER (WHERE s.market_state = 'disputed') AS disputed
     FROM principals p
     LEFT JOIN transactions t ON t.seller_principal_id = p.id
     LEFT JOIN sessions s ON s.id = t.session_id
     WHERE p.id = ANY(?) GROUP BY p.id`,
    [[...principalIds]],
  );
  return new Map(
    found.map(({ id, trust, attested, fulfilled, failed, disputed }) => [
      id,
      baseReputation(
        trust,
        { fulfilled: Number(fulfilled), failed: Number(failed), disputed: Number(disputed) },
        attested ?? undefined,
      ),
    ]),
  );
}
