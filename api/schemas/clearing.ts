import { z } from 'zod';
import { CLEARING_STATES, MARKET_STATES } from '../../domain/lifecycle';
import { categorySchema } from '../../domain/constraints';
import { buyerSchema, shippingSchema } from './clearing-1';
import {
  amountsSchema,
  asset,
  day,
  decimal,
  extensions,
  failureSchema,
  id,
  instant,
  rail,
  text,
} from './common';
import { paymentMethod, paymentTermsSchema } from './payment-methods';

const delegation = z.object({
  delegation: z.object({
    type: z.literal('aura.delegation.v1'),
    delegation_id: text(100),
    agent_id: z.string(),
    categories: z.array(categorySchema).max(50),
    asset,
    ceiling: z.string().max(30),
    budget: z.string().max(30),
    expires_at: instant,
  }),
  signature: z.string().max(100),
});

export const commitRequest = z
  .object({
    offer_id: id('offer'),
    quantity: z.int().min(1).max(1_000_000).default(1),
    authority: z
      .discriminatedUnion('kind', [
        z.object({ kind: z.literal('owner') }),
        z.object({ kind: z.literal('delegated'), credential: delegation }),
      ])
      .default({ kind: 'owner' }),
    consent: z.object({
      share_identity_with_merchant: z.boolean().optional(),
      share_email_for_order_updates: z.boolean().optional(),
      share_phone_for_delivery: z.boolean().optional(),
      marketing_opt_in: z.boolean().optional(),
      share_behavioral_data: z.boolean().optional(),
      share_purchase_history: z.boolean().optional(),
      consent_timestamp: instant.optional(),
      consent_method: z.enum(['explicit_user_action', 'pre_configured_policy']).optional(),
    }),
    buyer_identity: z.object({
      name: text(200),
      email: z.email().max(320).optional(),
      phone: text(50).optional(),
    }),
    shipping_address: z
      .object({
        line1: text(200),
        line2: text(200).optional(),
        city: text(100),
        state: text(100).optional(),
        postal_code: text(20).optional(),
        country: z.string().regex(/^[A-Z]{2}$/),
      })
      .optional(),
    shipping_preference: text(50).optional(),
    payment_method: paymentMethod.prefault({}),
    expected_total: decimal.optional(),
    extensions,
  })
  .meta({ id: 'CommitRequest' });

export const transactionParams = z.object({ transaction_id: z.string().max(40) });

const check = z.object({ check: z.string(), passed: z.boolean(), detail: z.string() });

export const transactionResponse = z
  .object({
    transaction_id: id('transaction'),
    session_id: id('session'),
    offer_id: id('offer'),
    status: z.enum(MARKET_STATES),
    clearing_status: z.enum(CLEARING_STATES).nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    quantity: z.int(),
    amounts: amountsSchema,
    order: z.object({
      merchant_order_id: z.string().nullable(),
      merchant_name: z.string(),
      items: z.array(
        z.object({
          product_id: z.string(),
          product_name: z.string(),
          quantity: z.int(),
          unit_price: z.string(),
        }),
      ),
      shipping: shippingSchema,
    }),
    payment: z.object({
      ...paymentTermsSchema.shape,
      rail,
      finality: z.string(),
      instruction_id: z.string().nullable(),
      /** How far a settlement is that takes its time, e.g. 5 of 12 confirmations. */
      progress: z.object({ done: z.int(), of: z.int(), unit: z.string() }).nullable(),
      /** Where the payer has to confirm, e.g. a 3-D Secure challenge. */
      action_url: z.string().nullable(),
      reference: z.string().nullable(),
      proof: z.object({ proof_id: z.string(), accepted: z.boolean(), checks: z.array(check) }).nullable(),
    }),
    margin_call: z.object({ until: z.string() }).nullable(),
    gate: z.array(z.object({ step: z.int(), name: z.string(), passed: z.boolean(), detail: z.string() })),
    /** Only to the seller, and only once the deal is authorised. */
    buyer: buyerSchema.optional(),
    fulfillment: z.array(z.object({ status: z.string(), reported_by: z.string(), at: z.string() })),
    refunds: z.array(
      z.object({
        refund_id: z.string(),
        amount: z.string(),
        cause: z.string(),
        status: z.string(),
        created_at: z.string(),
      }),
    ),
    /** What the rail said of its own accord: returns, chargebacks. */
    notices: z.array(
      z.object({
        kind: z.string(),
        reason_code: z.string(),
        reason: z.string(),
        occurred_at: z.string(),
        respond_by: z.string().nullable(),
        effect: z.string().nullable(),
      }),
    ),
    payout: z.object({ payout_id: z.string(), status: z.string(), amount: z.string() }).nullable(),
    status_history: z.array(
      z.object({
        transition: z.string(),
        region: z.string(),
        from: z.string().nullable(),
        to: z.string(),
        at: z.string(),
      }),
    ),
    /** Balances this deal left on accounts that the caller may see. */
    ledger: z.array(
      z.object({ owner: z.string(), kind: z.string(), currency: z.string(), balance: z.string() }),
    ),
    failure: failureSchema,
    status_url: z.string(),
  })
  .meta({ id: 'Transaction' });

export const listQuery = z.object({ limit: z.coerce.number().int().min(1).max(200).default(50) });

export const dealsResponse = z
  .object({
    transactions: z.array(
      z.object({
        transaction_id: id('transaction'),
        session_id: id('session'),
        offer_id: id('offer'),
        status: z.enum(MARKET_STATES),
        clearing_status: z.enum(CLEARING_STATES).nullable(),
        total: z.string(),
        currency: z.string(),
        created_at: z.string(),
        status_url: z.string(),
      }),
    ),
  })
  .meta({ id: 'BeaconTransactions' });

export const fulfilmentRequest = z
  .object({
    status: z.enum(['shipped', 'delivered']),
    tracking_number: text(100).optional(),
    carrier: text(100).optional(),
    /** The day on which the goods should arrive. */
    estimated_delivery: day.optional(),
    evidence: z.record(z.string(), z.unknown()).default({}),
    extensions,
  })
  .meta({ id: 'FulfilmentRequest' });
