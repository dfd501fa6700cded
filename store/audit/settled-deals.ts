/** Every deal that settled did so by an accepted proof of its whole total, or by a netting cycle that had its payers' money. */
import { exponentOf, isAsset } from '../../domain/money';
import { pages, tally, type Law } from './law';

interface Row {
  id: string;
  total: string;
  asset: string;
  detail: { instruction_id?: string; cycle_id?: string };
  provedMinor: string | null;
  provedAsset: string | null;
  cycle: string | null;
}

/** `proved` is the accepted proof of the pay-in that the step names; `cycle` the one that settled it, if all is there. */
const SETTLED = `
  SELECT t.id, t.total_minor AS total, t.asset, h.detail, p.statement->>'amount_minor' AS "provedMinor",
    p.statement->>'asset' AS "provedAsset", (
      SELECT c.id FROM netting_deals d JOIN netting_cycles c ON c.id = d.cycle_id
      WHERE d.transaction_id = t.id AND c.id = h.detail->>'cycle_id' AND d.status IN ('settled', 'cleared')
        AND c.deals_settled_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM entries e WHERE e.key = 'netting_closed:' || c.id || ':' || t.id)
        AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.key = 'netting_undone:' || c.id || ':' || t.id)
        AND NOT EXISTS (
          SELECT 1 FROM netting_payments n WHERE n.cycle_id = c.id AND n.direction = 'in'
            AND (n.status = 'pending' OR n.status IN ('proved', 'returned') AND NOT EXISTS (
              SELECT 1 FROM instructions i JOIN proofs q ON q.instruction_id = i.id AND q.accepted
              WHERE i.subject_id = n.id AND i.kind = 'net_in')))
    ) AS cycle
  FROM state_history h JOIN transactions t ON t.id = h.transaction_id
  LEFT JOIN instructions i ON i.id = h.detail->>'instruction_id' AND i.kind = 'pay_in' AND i.subject_id = t.id
  LEFT JOIN proofs p ON p.instruction_id = i.id AND p.accepted
  WHERE h.transition = 'T21'`;

export const settledDeals: Law = {
  name: 'settled-deals-are-proved',
  says: 'every deal that settled has an accepted proof of its whole total, or a netting cycle that was paid',
  async check(trx) {
    const found = tally();
    for await (const page of pages<Row>(trx, SETTLED)) {
      for (const row of page) found.add(row.id, problemOf(row));
    }
    return found.finding();
  },
};

function problemOf({ detail, cycle, total, asset, provedMinor, provedAsset }: Row): string | undefined {
  if (detail.cycle_id !== undefined) return cycle ? undefined : `${detail.cycle_id} did not settle it`;
  if (provedMinor === null || provedAsset === null) {
    return `settled by ${detail.instruction_id ?? 'nothing'}, which has no accepted proof`;
  }
  const same = worth(provedMinor, provedAsset) === worth(total, asset);
  return same ? undefined : `${provedMinor} ${provedAsset} was proved, its total is ${total} ${asset}`;
}

/** Minor units and exponent as one number of a fine common unit; a token that is not known has no worth. */
function worth(minor: string, asset: string): bigint | undefined {
  const FINEST = 30;
  return isAsset(asset) ? BigInt(minor) * 10n ** BigInt(FINEST - exponentOf(asset)) : undefined;
}
