/** The laws of netting, as queries that find what breaks them. */
import { rows, type Queryable } from './db';

export interface NettingFault {
  law: 'position_left' | 'obligation_left';
  cycleId: string;
  /** The principal, or the deal. */
  subject: string;
  asset: string;
  amountMinor: string;
}

/**
 * Once a cycle has ended nothing is left on the netting accounts of it, principal by principal; and no deal that it
 * settled is owed anything by its buyer. Empty where both hold.
 */
export function nettingFaults(db: Queryable): Promise<NettingFault[]> {
  return rows<NettingFault>(
    db,
    `WITH ended AS (
       SELECT id FROM netting_cycles WHERE status IN ('settled', 'failed_over')
     ), entries_of AS (
       SELECT c.id AS cycle, e.id AS entry FROM ended c JOIN entries e ON split_part(e.key, ':', 2) = c.id
       WHERE e.event IN ('netting_closed', 'netting_undone', 'net_in_proved', 'net_out_proved', 'net_out_to_balance')
       UNION ALL
       SELECT c.id, e.id FROM ended c JOIN netting_payments n ON n.cycle_id = c.id
       JOIN entries e ON e.key = 'reversal:' || n.notice_id
     )
     SELECT 'position_left' AS law, x.cycle AS "cycleId", a.owner AS subject, a.asset,
       sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END)::text AS "amountMinor"
     FROM entries_of x JOIN postings p ON p.entry_id = x.entry JOIN accounts a ON a.id = p.account_id AND a.kind = 'netting'
     GROUP BY x.cycle, a.owner, a.asset
     HAVING sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0
     UNION ALL
     SELECT 'obligation_left', d.cycle_id, d.transaction_id, a.asset,
       sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END)::text
     FROM netting_deals d JOIN entries e ON e.transaction_id = d.transaction_id
     JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id AND a.kind = 'obligation'
     WHERE d.status IN ('netted', 'settled', 'cleared')
     GROUP BY d.cycle_id, d.transaction_id, a.asset
     HAVING sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0
     ORDER BY 1, 2, 3`,
  );
}
