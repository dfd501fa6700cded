/**
 * Commits that are paid with x402. What has to be paid is asked for, and what was paid is checked, before the request
 * counts as received; the payment then becomes a mandate of the scout's principal, and the deal goes the way of every
 * other. Nothing is settled here.
 */
import type { PaymentRequirements } from '@x402/core/types';
import { getAddress } from 'viem';
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import type { DealAmounts, quote } from '../../domain/market/offer';
import { formatMoney } from '../../domain/money';
import { databaseNow } from '../../store/clock';
import { inTransaction } from '../../store/db';
import { findKey } from '../../store/idempotency';
import type { ApiDeps } from '../deps';
import type { Call } from '../route';
import type { commitRequest } from '../schemas/clearing';
import { paymentProblem } from './authorization';
import {
  claimIdentifier,
  identifiedTransaction,
  isPaid,
  mandateIdOf,
  refuseReuse,
  storePayment,
  type IdentifiedPayment,
} from './books';
import type { X402Config } from './config';
import { readToken, type GivenToken } from './facilitator-token';
import { readPayment, type Payment } from './payload';
import { PaymentError } from './refusal';
import { paymentRequired, requirementsFor, X402_VERSION } from './requirements';

type Body = z.infer<typeof commitRequest>;
type CommitCall = Omit<Call<{ session_id: string }, unknown, Body>, 'subjectId'>;
type Quoted = ReturnType<typeof quote>;

/** Whether the payment comes with the commit, instead of by a mandate that was there before. */
export function isPaidWithCommit({ payment_method: { type, mandate_id } }: Body): boolean {
  return type === 'x402' && mandate_id === undefined;
}

/** Throws 402 unless the request brings the payment that the deal takes. Changes nothing. */
export async function requirePayment(call: CommitCall, quoted: Quoted): Promise<void> {
  const config = configOf(call.deps);
  const amounts = amountsOf(quoted);
  const token = tokenOf(call.body);
  if (token) {
    const { reference } = readToken(config, token, amounts, '');
    return refuseReuse(call.deps.db, reference);
  }
  const payment = await checkedPayment(call, config, amounts);
  await refuseReuse(call.deps.db, payment.authorization.nonce);
}

/** The transaction that a retry speaks of: by its idempotency key, or by its payment identifier. */
export async function transactionUnderWay(call: CommitCall): Promise<string | undefined> {
  const { deps, headers, agent } = call;
  const key = headers['x-idempotency-key'];
  const known = key === undefined ? undefined : await findKey(deps.db, agent.id, key);
  if (known && (await isPaid(deps.db, known.subjectId))) return known.subjectId;
  const payment = tokenOf(call.body) ? undefined : givenPayment(call);
  if (!payment || 'problem' in payment || payment.identifier === undefined) return undefined;
  return identifiedTransaction(deps.db, identified(call, payment, payment.identifier));
}

/** Stores the payment as an accepted mandate of the principal, and answers its id. A retry finds it stored. */
export async function acceptPayment(
  call: CommitCall,
  quoted: Quoted,
  transactionId: string,
): Promise<string> {
  const { deps, body, agent } = call;
  const mandateId = mandateIdOf(transactionId);
  if (await isPaid(deps.db, transactionId)) return mandateId;
  const config = configOf(deps);
  const amounts = amountsOf(quoted);
  const common = {
    transactionId,
    agentId: agent.id,
    principalId: agent.principalId,
    ceilingMinor: amounts.totalMinor,
  };
  const holderName = body.buyer_identity.name;
  const token = tokenOf(body);
  if (token) {
    const { facilitator, reference, authorization } = readToken(config, token, amounts, transactionId);
    const { maxTimeoutSeconds } = requirementsFor(config, amounts);
    const now = await databaseNow(deps.db);
    const account = {
      asset: amounts.asset,
      identifier: `facilitator:${facilitator}`,
      details: { facilitator: authorization.facilitator },
      holderName,
    };
    const expiresAt = new Date(now.getTime() + maxTimeoutSeconds * 1_000);
    await inTransaction(deps.db, (trx) =>
      storePayment(trx, { ...common, account, expiresAt, reference, authorization: { ...authorization } }),
    );
    return mandateId;
  }
  const payment = await checkedPayment(call, config, amounts);
  const { authorization, identifier } = payment;
  const account = {
    asset: amounts.asset,
    identifier: authorization.from.toLowerCase(),
    details: { address: getAddress(authorization.from) },
    holderName,
  };
  await inTransaction(deps.db, async (trx) => {
    const stored = await storePayment(trx, {
      ...common,
      account,
      expiresAt: new Date(Number(authorization.validBefore) * 1_000),
      reference: authorization.nonce,
      authorization: { ...authorization },
    });
    if (stored && identifier !== undefined)
      await claimIdentifier(trx, transactionId, identified(call, payment, identifier));
  });
  return mandateId;
}

function configOf({ x402 }: ApiDeps): X402Config {
  if (x402) return x402;
  const reason = 'payment by x402 is not offered here; name a mandate';
  throw new AuraError('INVALID_PARAMETER', `payment_method.type: ${reason}`, {
    field: 'payment_method.type',
    reason,
  });
}

/** What cannot be priced cannot be paid for; the gate would say the same. */
function amountsOf(quoted: Quoted): DealAmounts {
  const problem = 'problem' in quoted ? quoted.problem : undefined;
  const rule = problem?.field ?? 'total';
  if ('amounts' in quoted && quoted.amounts.totalMinor > 0n) return quoted.amounts;
  throw new AuraError(
    'BUSINESS_RULE_VIOLATION',
    problem ? `Not on offer: ${problem.reason}.` : 'A deal of nothing cannot be cleared.',
    { step: 'business_rules', rule },
  );
}

function tokenOf({ payment_method: method }: Body): GivenToken | undefined {
  if (method.x402_payment) return method.x402_payment;
  return method.payment_token !== undefined || method.facilitator !== undefined ? method : undefined;
}

function givenPayment({ headers }: CommitCall) {
  const header = headers['payment-signature'];
  return header === undefined ? undefined : readPayment(header);
}

async function checkedPayment(call: CommitCall, config: X402Config, amounts: DealAmounts): Promise<Payment> {
  const requirements = requirementsFor(config, amounts);
  const required = (error: string) => paymentRequired(requirements, resourceUrl(call), error);
  const payment = givenPayment(call);
  if (!payment) {
    const error = 'PAYMENT-SIGNATURE header is required';
    throw new PaymentError('PAYMENT_REQUIRED', undefined, priceOf(amounts, requirements), required(error));
  }
  if ('problem' in payment) {
    const { reason, detail } = payment.problem;
    const details = { field: 'PAYMENT-SIGNATURE', reason };
    throw new PaymentError(
      'PAYMENT_INVALID',
      `The payment is not valid: ${detail}.`,
      details,
      required(reason),
    );
  }
  const problem = await paymentProblem(config, payment, requirements, await databaseNow(call.deps.db));
  if (problem) {
    const { code, reason, field, detail } = problem;
    throw new PaymentError(code, `The payment is refused: ${detail}.`, { field, reason }, required(reason));
  }
  return payment;
}

function priceOf({ asset, totalMinor }: DealAmounts, { amount, network }: PaymentRequirements) {
  return {
    x402_version: X402_VERSION,
    total: formatMoney({ amountMinor: totalMinor, asset }),
    currency: asset,
    amount,
    network,
  };
}

function resourceUrl({ deps, target }: CommitCall): string {
  return `${deps.config.publicUrl}${target.split('?', 1)[0]}`;
}

function identified(call: CommitCall, payment: Payment, identifier: string): IdentifiedPayment {
  return {
    agentId: call.agent.id,
    identifier,
    operation: `${call.method} ${call.target.split('?', 1)[0]}`,
    sent: { rawBody: call.rawBody, authorization: payment.authorization },
  };
}
