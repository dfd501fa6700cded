/** What was ordered, of whom, and under which number the merchant has it. */
import type { OfferDocument } from '../domain/market/offer';
import { rows, type Queryable } from './db';
import { namesOf } from './principals';

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
  const found = await rows<Omit<OrderOfDeal, 'merchantName'> & { merchant: string | null; seller: string }>(
    db,
    `SELECT t.id AS "transactionId", c.merchant_order_id AS "merchantOrderId",
       a.merchant_name AS merchant, t.seller_principal_id AS seller, o.document AS offer
     FROM transactions t JOIN offers o ON o.id = t.offer_id JOIN agents a ON a.id = t.beacon_id
       LEFT JOIN order_confirmations c ON c.transaction_id = t.id
     WHERE t.id = ANY(?)`,
    [[...transactionIds]],
  );
  const nameless = found.filter(({ merchant }) => merchant === null).map(({ seller }) => seller);
  const names = nameless.length > 0 ? await namesOf(db, nameless) : new Map<string, string>();
  return new Map(
    found.map(({ merchant, seller, ...order }) => [
      order.transactionId,
      { ...order, merchantName: merchant ?? names.get(seller) ?? seller },
    ]),
  );
}

export async function orderOf(db: Queryable, transactionId: string): Promise<OrderOfDeal> {
  const order = (await ordersOf(db, [transactionId])).get(transactionId);
  if (!order) throw new Error(`no order of ${transactionId}`);
  return order;
}
