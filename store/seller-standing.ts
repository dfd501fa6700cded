/** What AURA itself says of a seller, whatever the seller may have said. */
import { rows, type Queryable } from './db';
import { reputations } from './reputation';

export interface SellerStanding {
  /** 0–100. */
  score: number;
  /** Sales that were delivered. */
  transactions: number;
}

export async function sellerStanding(db: Queryable, principalId: string): Promise<SellerStanding> {
  const [scores, [sold]] = await Promise.all([
    reputations(db, [principalId]),
    rows<{ count: string }>(
      db,
      `SELECT count(*) FROM transactions t JOIN sessions s ON s.id = t.session_id
       WHERE t.seller_principal_id = ? AND s.market_state IN ('fulfilled', 'completed')`,
      [principalId],
    ),
  ]);
  return { score: scores.get(principalId) ?? 0, transactions: Number(sold?.count ?? 0) };
}
