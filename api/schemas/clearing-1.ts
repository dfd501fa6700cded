/** Deals as protocol 1.0.0 shows them. */
import { z } from 'zod';
import { TRANSACTION_STATUSES_1 } from '../../domain/versions';
import { id } from './common';
import { paymentTermsSchema } from './payment-methods';

/** A JSON number; a decimal in a string where a float would lose digits. */
const amount = z.union([z.number(), z.string().regex(/^\d+\.\d+$/)]);
const status = z.enum(TRANSACTION_STATUSES_1);

/** Of a deal in another currency the names end with it, as `total_eur`. */
export const amounts1Schema = z
  .object({
    currency: z.string(),
    subtotal_usd: amount.optional(),
    shipping_usd: amount.optional(),
    tax_usd: amount.optional(),
    total_usd: amount.optional(),
  })
  .catchall(amount);

const head = {
  transaction_id: id('transaction'),
  session_id: id('session'),
  offer_id: id('offer'),
  status,
  created_at: z.string(),
  amounts: amounts1Schema,
  status_url: z.string(),
};

export const commitResponse1 = z
  .object({
    ...head,
    next_steps: z.object({
      action: z.enum(['await_confirmation', 'confirm_payment', 'await_margin', 'await_fulfillment', 'none']),
      expected_by: z.string().nullable(),
      /** Where the payer confirms, e.g. a 3-D Secure challenge. */
      url: z.string().optional(),
    }),
    order: z.object({ merchant_order_id: z.string().nullable() }),
  })
  .meta({ id: 'Commit1' });

export const shippingSchema = z.object({
  method: z.string().nullable(),
  estimated_delivery: z.string().nullable(),
  tracking_available: z.boolean(),
  tracking_number: z.string().optional(),
  carrier: z.string().optional(),
  shipped_at: z.string().optional(),
  delivered_at: z.string().optional(),
});

const refundSchema = z
  .object({
    status: z.enum(['processing', 'completed', 'not_required']),
    currency: z.string(),
    amount_usd: amount.optional(),
    /** The day by which the money is back; null where it is, or nothing was taken. */
    expected_by: z.string().nullable(),
  })
  .catchall(amount.or(z.string()).nullable());

export const buyerSchema = z.object({
  identity: z.record(z.string(), z.unknown()),
  shipping_address: z.record(z.string(), z.unknown()).nullable(),
  marketing_opt_in: z.boolean(),
});

export const transactionResponse1 = z
  .object({
    ...head,
    updated_at: z.string(),
    status_history: z.array(z.object({ status, timestamp: z.string() })),
    order: z.object({
      merchant_order_id: z.string().nullable(),
      merchant_name: z.string(),
      items: z.array(
        z
          .object({ product_name: z.string(), quantity: z.int(), unit_price_usd: amount.optional() })
          .catchall(amount),
      ),
      shipping: shippingSchema,
    }),
    payment: paymentTermsSchema,
    refund: refundSchema.optional(),
    /** Only to the seller, and only once the deal is authorised. */
    buyer: buyerSchema.optional(),
  })
  .meta({ id: 'Transaction1' });

export const cancelResponse1 = z
  .object({ transaction_id: id('transaction'), status, refund: refundSchema })
  .meta({ id: 'Cancelled1' });

export const dealsResponse1 = z
  .object({
    transactions: z.array(
      z.object({ ...head, order: z.object({ merchant_order_id: z.string().nullable() }) }),
    ),
  })
  .meta({ id: 'BeaconTransactions1' });
