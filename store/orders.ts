/** What was ordered, of whom, and under which number the merchant has it. */
import type { OfferDocument } from '../domain/market/offer';
import { rows, type Queryable } from './db';

export interface OrderOfDeal {
  transactionId: string;
  /** Null where the merchant gave none. */
  merchantOrderId: string | null;
  merchantName: string;
  offer: OfferDocument;
}

/** The orders of these deals, by transaction id. */
export async function ordersOf(
  db: Queryable,
  transactionIds: readonly string[],
): Promise<Map<string, OrderOfDeal>> {
  const found = await rows<OrderOfDeal>(
    db,
    `SELECT t.id AS "transactionId", c.merchant_order_id AS "merchantOrderId",
       coalesce(a.merchant_name, p.name) AS "merchantName", o.document AS offer
     FROM transactions t JOIN offers o ON o.id = t.offer_id JOIN agents a ON a.id = t.beacon_id
       JOIN principals p ON p.id = t.seller_principal_id LEFT JOIN order_confirmations c ON c.transaction_id = t.id
     WHERE t.id = ANY(?)`,
    [[...transactionIds]],
  );
  return new Map(found.map((order) => [order.transactionId, order]));
}

export async function orderOf(db: Queryable, transactionId: string): Promise<OrderOfDeal> {
  const order = (await ordersOf(db, [transactionId])).get(transactionId);
  if (!order) throw new Error(`no order of ${transactionId}`);
  return order;
}
