import { baseReputation, type AttestedRecord, type DealRecord } from '../domain/reputation';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable } from './db';

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
    `SELECT p.id, p.trust_level AS trust, p.attested_record AS attested, coalesce(r.fulfilled, 0) AS fulfilled,
       coalesce(r.failed, 0) AS failed, coalesce(r.disputed, 0) AS disputed, coalesce(r.lost, 0) AS lost
     FROM principals p LEFT JOIN deal_records r ON r.principal_id = p.id WHERE p.id = ANY(:principals)`,
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
