/** What comes after a settlement: cancellation, refunds, exceptions, debts, payouts. */
import { z } from 'zod';
import { EXCEPTION_CAUSES, OPERATOR_ACTIONS } from '../../domain/clearing/exceptions';
import { PAYOUT_SCHEDULES } from '../../domain/settlement';
import { asset, decimal, extensions, id, rail, text } from './common';

export const cancelQuery = z.object({ reason: text(500).optional() });

/** May be left out; the reason may come in the query too. */
export const cancelRequest = z
  .object({
    reason: text(500).optional(),
    /** Kept for operators; told to nobody else. */
    comments: text(2_000).optional(),
    extensions,
  })
  .prefault({})
  .meta({ id: 'CancelRequest' });

export const refundRequest = z
  .object({
    /** All that is left of the total where no amount is named. */
    amount: decimal.optional(),
    reason: text(500),
    extensions,
  })
  .meta({ id: 'RefundRequest' });

export const refundResponse = z
  .object({
    refund_id: id('refund'),
    transaction_id: id('transaction'),
    amount: z.string(),
    currency: z.string(),
    cause: z.enum(['voluntary', 'cancellation', 'remedy']),
    reason: z.string(),
    status: z.enum(['pending', 'proved', 'to_balance', 'withdrawn']),
    created_at: z.string(),
  })
  .meta({ id: 'Refund' });

export const representmentRequest = z
  .object({
    statement: text(10_000),
    /** Of the evidence bundle that goes with it. */
    evidence_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    extensions,
  })
  .meta({ id: 'RepresentmentRequest' });

export const representmentResponse = z
  .object({
    transaction_id: id('transaction'),
    outcome: z.enum(['accepted', 'rejected', 'unknown']),
    detail: z.string(),
  })
  .meta({ id: 'Representment' });

export const exceptionsQuery = z.object({
  status: z.enum(['open', 'resolved']).optional(),
  rail: rail.optional(),
  transaction_id: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const exceptionView = z
  .object({
    exception_id: id('exception'),
    subject_id: z.string(),
    transaction_id: z.string().nullable(),
    instruction_id: z.string().nullable(),
    rail,
    cause: z.enum(EXCEPTION_CAUSES),
    detail: z.string(),
    /** The policy's current step, e.g. `inquire` or `operator`. */
    doing: z.string(),
    inquiries: z.int(),
    status: z.enum(['open', 'resolved']),
    resolution: z.string().nullable(),
    /** What an operator may decide right now. */
    allowed_actions: z.array(z.enum(OPERATOR_ACTIONS)),
    opened_at: z.string(),
    resolved_at: z.string().nullable(),
  })
  .meta({ id: 'PaymentException' });

export const exceptionsResponse = z
  .object({ exceptions: z.array(exceptionView) })
  .meta({ id: 'PaymentExceptions' });

export const exceptionParams = z.object({ exception_id: z.string().max(40) });

export const decisionRequest = z
  .object({ action: z.enum(OPERATOR_ACTIONS), reason: text(2000), extensions })
  .meta({ id: 'OperatorDecisionRequest' });

export const decisionResponse = z
  .object({
    decision_id: id('decision'),
    exception_id: id('exception'),
    action: z.enum(OPERATOR_ACTIONS),
    reason: z.string(),
  })
  .meta({ id: 'OperatorDecision' });

export const recoveriesQuery = z.object({
  status: z.enum(['called', 'covered', 'defaulted', 'undone']).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** Every cent of a debt: what was owed, and what made up for it in which order. */
export const recoveriesResponse = z
  .object({
    recoveries: z.array(
      z.object({
        recovery_id: id('recovery'),
        transaction_id: z.string().nullable(),
        principal_id: id('principal'),
        currency: z.string(),
        cause: z.string(),
        status: z.enum(['called', 'covered', 'defaulted', 'undone']),
        owed: z.string(),
        from_margin: z.string(),
        from_collateral: z.string(),
        from_default_fund: z.string(),
        from_capital: z.string(),
        open: z.string(),
        call_until: z.string(),
        created_at: z.string(),
      }),
    ),
  })
  .meta({ id: 'Recoveries' });

export const reinstateParams = z.object({ id: z.string().max(40) });
export const reinstateRequest = z
  .object({ reason: text(2000), extensions })
  .meta({ id: 'ReinstatementRequest' });
export const reinstateResponse = z
  .object({ id: z.string(), status: z.literal('active') })
  .meta({ id: 'Reinstatement' });

export const withdrawalRequest = z
  .object({ amount: decimal, currency: asset.default('USD'), extensions })
  .meta({ id: 'WithdrawalRequest' });
export const withdrawalResponse = z
  .object({ amount: z.string(), currency: z.string(), status: z.literal('queued') })
  .meta({ id: 'Withdrawal' });

export const payoutScheduleRequest = z
  .object({ payout_schedule: z.enum(PAYOUT_SCHEDULES), extensions })
  .meta({ id: 'PayoutScheduleRequest' });
export const payoutScheduleResponse = z
  .object({ beacon_id: id('beacon'), payout_schedule: z.enum(PAYOUT_SCHEDULES) })
  .meta({ id: 'PayoutSchedule' });

export const payoutsResponse = z
  .object({
    payouts: z.array(
      z.object({
        payout_id: id('payout'),
        rail,
        amount: z.string(),
        currency: z.string(),
        status: z.enum(['pending', 'proved', 'rejected', 'returned']),
        created_at: z.string(),
        /** The deals in it; null for money withdrawn from the balance. */
        parts: z.array(z.object({ transaction_id: z.string().nullable(), amount: z.string() })),
      }),
    ),
  })
  .meta({ id: 'Payouts' });
