/**
 * What the card processor says, as JSON. Amounts are decimal strings of minor units, instants RFC 3339 UTC, business
 * dates `YYYY-MM-DD`. Unknown fields are tolerated, as with any processor that keeps adding some.
 */
import { z } from 'zod';

/** The `network` of proofs, notices and statement lines. */
export const CARD_NETWORK = 'SCP';

/** Headers of every answer: who signed it, and the base64 Ed25519 signature over the body's UTF-8 bytes. */
export const KEY_ID_HEADER = 'x-processor-key-id';
export const SIGNATURE_HEADER = 'x-processor-signature';
export const IDEMPOTENCY_HEADER = 'idempotency-key';

const minor = z.string().regex(/^\d{1,18}$/);
const instant = z.iso.datetime();
const businessDate = z.iso.date();
const currency = z.string().regex(/^[A-Z]{3}$/);

export const agreementSchema = z.object({
  object: z.literal('agreement'),
  id: z.string(),
  status: z.enum(['active', 'requires_action', 'declined']),
  token: z.string(),
  /** The most that one authorisation may ask for. */
  ceiling_minor: minor,
  currency,
  expires_at: instant,
  reference: z.string(),
  decline_code: z.string().nullable(),
  challenge_url: z.string().nullable(),
  created_at: instant,
});
export type Agreement = z.infer<typeof agreementSchema>;

export const authorizationSchema = z.object({
  object: z.literal('authorization'),
  id: z.string(),
  status: z.enum([
    'authorized',
    'captured',
    'declined',
    /** The cardholder has a 3-D Secure challenge to pass. */
    'requires_action',
    /** The issuer has not decided. */
    'pending',
    'voided',
    'expired',
  ]),
  agreement: z.string(),
  token: z.string(),
  amount_minor: minor,
  currency,
  /** The client's own id. */
  reference: z.string(),
  commitment_hash: z.string(),
  capture: z.string().nullable(),
  decline_code: z.string().nullable(),
  challenge_url: z.string().nullable(),
  created_at: instant,
  expires_at: instant,
});
export type Authorization = z.infer<typeof authorizationSchema>;

export const captureSchema = z.object({
  object: z.literal('capture'),
  id: z.string(),
  status: z.literal('succeeded'),
  authorization: z.string(),
  token: z.string(),
  authorized_minor: minor,
  amount_minor: minor,
  /** Kept back by the processor when it settles. */
  fee_minor: minor,
  refunded_minor: minor,
  charged_back_minor: minor,
  currency,
  reference: z.string(),
  commitment_hash: z.string(),
  business_date: businessDate,
  captured_at: instant,
});
export type Capture = z.infer<typeof captureSchema>;

export const refundSchema = z.object({
  object: z.literal('refund'),
  id: z.string(),
  status: z.enum(['succeeded', 'pending', 'failed']),
  capture: z.string(),
  amount_minor: minor,
  currency,
  reference: z.string(),
  commitment_hash: z.string(),
  failure_code: z.string().nullable(),
  business_date: businessDate.nullable(),
  settled_at: instant.nullable(),
  created_at: instant,
});
export type Refund = z.infer<typeof refundSchema>;

export const chargebackSchema = z.object({
  object: z.literal('chargeback'),
  id: z.string(),
  status: z.enum(['needs_response', 'under_review', 'won', 'lost']),
  capture: z.string(),
  /** The reference of the capture. */
  reference: z.string(),
  amount_minor: minor,
  fee_minor: minor,
  currency,
  /** The card network's own code, e.g. Visa `10.4`. */
  reason_code: z.string(),
  reason: z.string(),
  respond_by: instant,
  opened_at: instant,
  business_date: businessDate,
  representment: z
    .object({ statement: z.string(), evidence_sha256: z.string(), submitted_at: instant })
    .nullable(),
  /** The movement that brought the money back, once won. */
  resolution: z.object({ id: z.string(), business_date: businessDate, at: instant }).nullable(),
});
export type Chargeback = z.infer<typeof chargebackSchema>;

export const EVENT_TYPES = [
  'agreement.active',
  'agreement.declined',
  'authorization.authorized',
  'authorization.declined',
  'authorization.voided',
  'authorization.expired',
  'capture.succeeded',
  'refund.succeeded',
  'refund.failed',
  'chargeback.opened',
  'chargeback.won',
  'chargeback.lost',
] as const;
export type CardEventType = (typeof EVENT_TYPES)[number];

/** `signature` is over the canonical JSON (RFC 8785) of the rest. New types may appear at any time. */
export const eventSchema = z.object({
  object: z.literal('event'),
  /** Sorts as text in the order of the log. */
  id: z.string(),
  type: z.string(),
  created_at: instant,
  data: z.record(z.string(), z.json()),
});
export const signedEventSchema = eventSchema.extend({ key_id: z.string(), signature: z.string() });
export type CardEvent = z.infer<typeof eventSchema>;
export type SignedCardEvent = z.infer<typeof signedEventSchema>;

export const SETTLEMENT_LINE_TYPES = [
  'capture',
  'refund',
  'chargeback',
  'chargeback_fee',
  'representment',
  'adjustment',
] as const;

export const settlementLineSchema = z.object({
  type: z.enum(SETTLEMENT_LINE_TYPES),
  /** The id of the capture, refund, chargeback or representment. */
  id: z.string(),
  /** Tells lines of one id apart. */
  line: z.string(),
  reference: z.string().nullable(),
  direction: z.enum(['credit', 'debit']),
  gross_minor: minor,
  /** Taken out of the gross amount of a credit. */
  fee_minor: minor,
  currency,
  business_date: businessDate,
  booked_at: instant,
});
export type SettlementLine = z.infer<typeof settlementLineSchema>;

export const settlementReportSchema = z.object({
  object: z.literal('settlement_report'),
  currency,
  from: instant,
  /** Closed: nothing is booked before this instant any more. */
  to: instant,
  opening_balance_minor: z.string().regex(/^-?\d{1,18}$/),
  closing_balance_minor: z.string().regex(/^-?\d{1,18}$/),
  lines: z.array(settlementLineSchema),
  /** Where the next page starts; null on the last. */
  next: z.number().int().nullable(),
});

export const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
});

/** `as_of` is the processor's clock: what is not in `data` was not there then. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ object: z.literal('list'), as_of: instant, data: z.array(item) });
}
