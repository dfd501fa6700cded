/** The buyer of a deal: who it is and where the goods go. Read only where it is shown or checked. */
import { canonicalHash } from '../domain/canonical';
import { rows, type Queryable } from './db';
import { openOne } from './vault';

export interface BuyerIdentity {
  name: string;
  email?: string;
  phone?: string;
}

export interface Buyer {
  identity: BuyerIdentity;
  shippingAddress: Record<string, unknown> | null;
  /** What bundles say of it, whether it was erased since or not. */
  sha256: string;
}

export async function buyerOf(db: Queryable, transactionId: string): Promise<Buyer> {
  const [found] = await rows<Omit<Buyer, 'sha256'> & { sha256: string | null }>(
    db,
    `SELECT buyer_identity AS identity, shipping_address AS "shippingAddress", payer_sha256 AS sha256
     FROM transactions WHERE id = ?`,
    [transactionId],
  );
  if (!found) throw new Error(`no transaction ${transactionId}`);
  const fields = { identity: 'buyer_identity', shippingAddress: 'shipping_address' } as const;
  await openOne(db, 'transactions', found, fields, () => transactionId);
  return { ...found, sha256: found.sha256 ?? payerHash({ id: transactionId, ...found }) };
}

/** What a bundle says of the payer: enough for whoever knows it to check that it is meant. */
export function payerHash(payer: { id: string } & Omit<Buyer, 'sha256'>): string {
  return canonicalHash({
    type: 'aura.payer.v1',
    transaction_id: payer.id,
    identity: payer.identity,
    shipping_address: payer.shippingAddress,
  });
}
