/** What the facilitator reads: x402 v2 verify and settle requests, and its own messages for payment tokens. */
import { z } from 'zod';
import type { PaymentPayload, PaymentRequirements } from '@x402/core/types';
import { canonicalHash } from '../../../domain/canonical';
import type { SignedAuthorization } from './books';
import { FACILITATOR_MISBEHAVIOURS, FACILITATOR_OCCASIONS, REFUSAL_REASONS } from './misbehaviour';

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const hash = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
export const atomic = z.string().regex(/^(0|[1-9]\d{0,38})$/);
const seconds = z.string().regex(/^(0|[1-9]\d{0,19})$/);

const requirements = z.object({
  scheme: z.string().min(1),
  network: z.string().regex(/^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/),
  amount: atomic,
  asset: z.string().min(1),
  payTo: z.string().min(1),
  maxTimeoutSeconds: z.number().positive(),
  extra: z.record(z.string(), z.unknown()).nullish(),
});

/** The `exact` scheme's payload on EVM with EIP-3009. */
export const exactPayload = z.object({
  signature: z.string().regex(/^0x([0-9a-fA-F]{2})+$/),
  authorization: z.object({
    from: address,
    to: address,
    value: atomic,
    validAfter: seconds,
    validBefore: seconds,
    nonce: hash,
  }),
});

const paymentIdentifier = z.object({ info: z.object({ id: z.string().optional() }).loose() }).loose();

const question = z.object({
  x402Version: z.number(),
  paymentPayload: z.object({
    x402Version: z.number(),
    resource: z.object({ url: z.string() }).loose().nullish(),
    accepted: requirements,
    payload: z.record(z.string(), z.unknown()),
    extensions: z.record(z.string(), z.unknown()).nullish(),
  }),
  paymentRequirements: requirements,
});

export interface Question {
  x402Version: number;
  payload: PaymentPayload;
  requirements: PaymentRequirements;
  /** Undefined where it is no EIP-3009 payload. */
  signed: SignedAuthorization | undefined;
  /** The payment-identifier extension's id, if the client gave one. */
  identifier: string | undefined;
  /** Names the payment: equal for equal authorizations of equal tokens. */
  key: string;
}

export function readQuestion(body: unknown): Question | undefined {
  const read = question.safeParse(body);
  if (!read.success) return undefined;
  const { x402Version, paymentPayload, paymentRequirements } = read.data;
  const exact = exactPayload.safeParse(paymentPayload.payload);
  const signed = exact.success ? (exact.data as SignedAuthorization) : undefined;
  const identified = paymentIdentifier.safeParse(paymentPayload.extensions?.['payment-identifier']);
  return {
    x402Version,
    payload: paymentPayload as PaymentPayload,
    requirements: paymentRequirements as PaymentRequirements,
    signed,
    identifier: identified.success ? identified.data.info.id : undefined,
    key: paymentKey(paymentRequirements.asset, signed ?? paymentPayload.payload),
  };
}

export function paymentKey(asset: string, payment: SignedAuthorization | Record<string, unknown>): string {
  const authorization = 'authorization' in payment ? payment.authorization : payment;
  return canonicalHash({ asset: asset.toLowerCase(), authorization });
}

export const issueRequest = z.strictObject({
  amount: atomic.refine((value) => value !== '0'),
  /** Whose custodial wallet pays; a wallet is made for every name. */
  payer: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .default('customer'),
  expiresInMs: z.number().int().min(1).max(31_536_000_000).default(900_000),
});

export const paymentRequest = z.strictObject({
  payment_token: z.string().min(8).max(200),
  amount: atomic,
  idempotency_key: z.string().regex(/^[\x21-\x7e]{1,128}$/),
});

export const ruleRequest = z.strictObject({
  kind: z.enum(FACILITATOR_MISBEHAVIOURS),
  reason: z.enum(REFUSAL_REASONS).optional(),
  on: z.enum(FACILITATOR_OCCASIONS).default('settle'),
  nextCount: z.number().int().min(1).max(1_000_000).optional(),
  rateBps: z.number().int().min(0).max(10_000).optional(),
  matching: z.strictObject({ payer: address.optional(), amount: atomic.optional() }).optional(),
});

export const payToRequest = z.strictObject({ payTo: address });
