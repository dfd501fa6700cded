/**
 * Payments by a facilitator's token: the payer holds an account with the facilitator, which pays AURA's wallet on the
 * chain for it. `POST {facilitator}/payments` is idempotent by its key; `GET {facilitator}/payments/{key}` tells what
 * became of it. What is told is not proof: that is the transaction's receipt.
 */
import { z } from 'zod';
import { RailUnreachableError, type FacilitatorTokenAuthorization } from '../port';
import { createPool, lossOf, notSentCode, readBounded } from '../transport';

/** What a mandate carries for this form of payment; `amount` in the token's atomic units. */
export const facilitatorTokenAuthorization: z.ZodType<FacilitatorTokenAuthorization> = z.object({
  form: z.literal('facilitator_token'),
  /** The facilitator's base address. */
  facilitator: z.string().refine((url) => URL.canParse(url)),
  payment_token: z.string(),
  amount: z.string().regex(/^\d{1,78}$/),
  idempotency_key: z.string(),
});
export type { FacilitatorTokenAuthorization };

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const told = z.object({
  payment_id: z.string().max(200),
  idempotency_key: z.string(),
  status: z.enum(['settled', 'pending', 'failed']),
  error_reason: z.string().max(200).nullable(),
  amount: z.string().regex(/^\d{1,78}$/),
  asset: address,
  /** CAIP-2. */
  network: z.string().max(64),
  payer: address,
  pay_to: address,
  transaction: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/)
    .nullable(),
  /** Unix seconds: after this it never executes. */
  valid_before: z.string().regex(/^\d{1,20}$/),
});
export type FacilitatorPayment = z.infer<typeof told>;

const refused = z.object({ error: z.object({ code: z.string().max(100), message: z.string().max(500) }) });

/** Refusals before any payment was made under the key: that it never executes is certain. */
const FINAL_REFUSALS = new Set([
  'token_unknown',
  'token_expired',
  'token_used',
  'amount_mismatch',
  'idempotency_conflict',
  'insufficient_funds',
]);

/**
 * - settled, pending: the payment, with the hash of its transaction once there is one
 * - refused: it was not made, or it failed
 * - not_found: the facilitator knows no payment of this key
 * - unknown: the answer was lost, late or not to be trusted
 */
export type TokenPaymentAnswer =
  | { outcome: 'settled' | 'pending'; payment: FacilitatorPayment }
  /** With the payment where one was made that failed: a transaction that it names may yet be mined. */
  | { outcome: 'refused'; code: string; detail: string; payment?: FacilitatorPayment }
  | { outcome: 'not_found' }
  | { outcome: 'unknown'; detail: string };

export interface FacilitatorTokenClient {
  /** Pays, or tells of the payment that was made under this key. Throws `RailUnreachableError` when nothing was sent. */
  pay(authorization: FacilitatorTokenAuthorization, signal?: AbortSignal): Promise<TokenPaymentAnswer>;
  /** Tells what became of it, and pays nothing. */
  inquire(authorization: FacilitatorTokenAuthorization, signal?: AbortSignal): Promise<TokenPaymentAnswer>;
  close(): Promise<void>;
}

export interface FacilitatorTokenClientDeps {
  /** The facilitator's base address. */
  facilitatorUrl: string;
  /** For one question with its answer. */
  timeoutMs: number;
}

const MAX_CONNECTIONS = 32;
const MAX_ANSWER_BYTES = 64 * 1024;

export function createFacilitatorTokenClient(deps: FacilitatorTokenClientDeps): FacilitatorTokenClient {
  const base = new URL(deps.facilitatorUrl);
  const prefix = base.pathname.replace(/\/$/, '');
  const { timeoutMs } = deps;
  const pool = createPool({ origin: base.origin, connections: MAX_CONNECTIONS, timeoutMs });
  const ask = async (
    question: { method: 'GET' | 'POST'; path: string; body?: string },
    authorization: FacilitatorTokenAuthorization,
    signal?: AbortSignal,
  ): Promise<TokenPaymentAnswer> => {
    if (signal?.aborted) throw new RailUnreachableError('cancelled before anything was sent');
    const deadline = AbortSignal.timeout(deps.timeoutMs);
    try {
      const answer = await pool.request({
        ...question,
        headers: question.body === undefined ? {} : { 'content-type': 'application/json' },
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      });
      const content = await readBounded(answer.body, MAX_ANSWER_BYTES, tooLarge);
      return read(answer.statusCode, content.toString('utf8'), authorization);
    } catch (error) {
      return interpret(error, deadline.aborted || signal?.aborted === true);
    }
  };
  return {
    pay: (authorization, signal) => {
      const { payment_token, amount, idempotency_key } = authorization;
      const body = JSON.stringify({ payment_token, amount, idempotency_key });
      return ask({ method: 'POST', path: `${prefix}/payments`, body }, authorization, signal);
    },
    inquire: (authorization, signal) => {
      const path = `${prefix}/payments/${encodeURIComponent(authorization.idempotency_key)}`;
      return ask({ method: 'GET', path }, authorization, signal);
    },
    close: () => pool.close(),
  };
}

function read(
  status: number,
  body: string,
  authorization: FacilitatorTokenAuthorization,
): TokenPaymentAnswer {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { outcome: 'unknown', detail: `the facilitator answered ${status} with no JSON` };
  }
  if (status >= 400) return readRefusal(status, json);
  const payment = told.safeParse(json);
  if (!payment.success)
    return { outcome: 'unknown', detail: `the facilitator's answer ${status} cannot be read` };
  return judge(payment.data, authorization);
}

function readRefusal(status: number, json: unknown): TokenPaymentAnswer {
  const refusal = refused.safeParse(json);
  if (!refusal.success) return { outcome: 'unknown', detail: `the facilitator answered ${status}` };
  const { code, message } = refusal.data.error;
  if (code === 'payment_unknown') return { outcome: 'not_found' };
  if (FINAL_REFUSALS.has(code)) return { outcome: 'refused', code, detail: message };
  return { outcome: 'unknown', detail: `the facilitator answered ${status}: ${code}` };
}

function judge(
  payment: FacilitatorPayment,
  authorization: FacilitatorTokenAuthorization,
): TokenPaymentAnswer {
  const same =
    payment.idempotency_key === authorization.idempotency_key && payment.amount === authorization.amount;
  if (!same) return { outcome: 'unknown', detail: 'the facilitator told of another payment' };
  if (payment.status === 'settled' && payment.transaction === null)
    return { outcome: 'unknown', detail: 'the facilitator named no transaction' };
  if (payment.status !== 'failed') return { outcome: payment.status, payment };
  const code = payment.error_reason ?? 'failed';
  return { outcome: 'refused', code, detail: `the payment ${payment.payment_id} failed`, payment };
}

const tooLarge = () => new Error('the answer is too large');

function interpret(error: unknown, aborted: boolean): TokenPaymentAnswer {
  const code = notSentCode(error, aborted);
  if (code) throw new RailUnreachableError(`the facilitator was not reached: ${code}`, { cause: error });
  return { outcome: 'unknown', detail: lossOf(error, aborted) };
}
