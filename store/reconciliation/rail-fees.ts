/** What rails kept of the pay-ins of deals that have just cleared is the sellers' to bear. */
import { railFeePassedOn } from '../../domain/ledger/postings';
import { rows, type Trx } from '../db';
import { postEntries } from '../ledger';

interface Fee {
  transactionId: string;
  seller: string;
  rail: string;
  asset: string;
  fee: string;
  entitlement: string;
}

/** A deal that is released, or refunded so far that its seller has nothing left in it, leaves the fee with AURA. */
export async function passOnRailFees(trx: Trx, transactionIds: readonly string[]): Promise<void> {
  if (transactionIds.length === 0) return;
  const fees = await rows<Fee>(
    trx,
    `SELECT f.transaction_id AS "transactionId", t.seller_principal_id AS seller, f.rail, f.asset, f.fee, coalesce((
       SELECT sum(CASE q.side WHEN 'credit' THEN q.amount_minor ELSE -q.amount_minor END)
       FROM entries e JOIN postings q ON q.entry_id = e.id JOIN accounts a ON a.id = q.account_id
       WHERE e.transaction_id = t.id AND a.kind = 'entitlement' AND a.asset = f.asset), 0) AS entitlement
     FROM (
       SELECT e.transaction_id, substr(a.owner, 6) AS rail, a.asset,
         sum(CASE q.side WHEN 'debit' THEN q.amount_minor ELSE -q.amount_minor END) AS fee
       FROM entries e JOIN postings q ON q.entry_id = e.id JOIN accounts a ON a.id = q.account_id
       WHERE e.transaction_id = ANY(?::text[]) AND a.kind = 'rail_fees'
       GROUP BY 1, 2, 3
     ) f JOIN transactions t ON t.id = f.transaction_id AND t.asset = f.asset
     WHERE f.fee > 0
       AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.key = 'rail_fee_passed_on:' || f.transaction_id)`,
    [[...transactionIds]],
  );
  const entries = fees
    .filter(({ fee, entitlement }) => BigInt(entitlement) >= BigInt(fee))
    .map(({ fee, ...about }) => railFeePassedOn({ ...about, amountMinor: BigInt(fee) }));
  await postEntries(trx, entries);
}
