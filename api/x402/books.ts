/** Payments that came with a commit, in the books: the payer's wallet, and a mandate that carries what it signed. */
import { canonicalHash, sha256Hex } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { rows, type Queryable, type Trx } from '../../store/db';
import { claimKey, findKey } from '../../store/idempotency';
import {
  answerMandate,
  findMandate,
  insertMandate,
  upsertAccount,
  type PaymentAccount,
} from '../../store/payment-accounts';
import { recordAudit } from '../../store/states';

export interface PaymentRecord {
  transactionId: string;
  agentId: string;
  principalId: string;
  account: Pick<PaymentAccount, 'asset' | 'identifier' | 'details' | 'holderName'>;
  ceilingMinor: bigint;
  expiresAt: Date;
  /** What no two payments share: the authorization's nonce, or the hash of a payment token. */
  reference: string;
  authorization: Readonly<Record<string, unknown>>;
}

/** A commit's payment has the mandate id that belongs to its transaction id, so that a retry finds it. */
export function mandateIdOf(transactionId: string): string {
  return transactionId.replace(/^txn_/, 'mnd_');
}

export function transactionIdOf(mandateId: string): string {
  return mandateId.replace(/^mnd_/, 'txn_');
}

/** Whether a payment was stored for this transaction. */
export async function isPaid(db: Queryable, transactionId: string): Promise<boolean> {
  return (await findMandate(db, mandateIdOf(transactionId))) !== undefined;
}

/** Refuses what paid for something else already. */
export async function refuseReuse(db: Queryable, reference: string): Promise<void> {
  const used = await rows(db, `SELECT 1 FROM mandates WHERE rail = 'x402' AND reference = ? LIMIT 1`, [
    reference,
  ]);
  if (used.length > 0) {
    const isToken = reference.startsWith('tok_');
    throw new AuraError('PAYMENT_ALREADY_USED', undefined, {
      field: isToken ? 'payment_method.payment_token' : 'payload.authorization.nonce',
      reason: isToken ? 'used' : 'invalid_exact_evm_nonce_already_used',
    });
  }
}

/**
 * Stores the payment for its transaction; false where that one is paid for. A payment that was used for another is
 * refused, also when both come at once.
 */
export async function storePayment(trx: Trx, payment: PaymentRecord): Promise<boolean> {
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`x402:${payment.reference}`]);
  if (await isPaid(trx, payment.transactionId)) return false;
  await refuseReuse(trx, payment.reference);
  const { principalId } = payment;
  const account = await upsertAccount(trx, {
    ...payment.account,
    id: newId('paymentAccount'),
    principalId,
    rail: 'x402',
    form: 'wallet',
  });
  const id = mandateIdOf(payment.transactionId);
  await insertMandate(trx, {
    id,
    principalId,
    accountId: account.id,
    rail: 'x402',
    asset: payment.account.asset,
    ceilingMinor: payment.ceilingMinor,
    expiresAt: payment.expiresAt,
    payerAuthorization: payment.authorization,
  });
  await answerMandate(trx, id, { status: 'accepted', reference: payment.reference });
  await recordAudit(trx, {
    actor: payment.agentId,
    action: 'mandate.accepted',
    subject: id,
    detail: { rail: 'x402', transaction_id: payment.transactionId },
  });
  return true;
}

/** A payment identifier with what it was used for. */
export interface IdentifiedPayment {
  agentId: string;
  identifier: string;
  /** Method and path of the commit. */
  operation: string;
  /** What was sent: the request's body and what the payer signed. */
  sent: { rawBody: string; authorization: unknown };
}

const keyOf = (identifier: string) => `x402:${sha256Hex(identifier)}`;
const hashOf = ({ rawBody, authorization }: IdentifiedPayment['sent']) =>
  canonicalHash({ body: sha256Hex(rawBody), authorization });

/** The transaction that this identifier stands for already. The same identifier with another payment is refused. */
export async function identifiedTransaction(
  db: Queryable,
  payment: IdentifiedPayment,
): Promise<string | undefined> {
  const known = await findKey(db, payment.agentId, keyOf(payment.identifier));
  if (!known) return undefined;
  refuseConflict(known, payment);
  return transactionIdOf(known.subjectId);
}

export async function claimIdentifier(
  trx: Trx,
  transactionId: string,
  payment: IdentifiedPayment,
): Promise<void> {
  const { record } = await claimKey(trx, {
    agentId: payment.agentId,
    key: keyOf(payment.identifier),
    operation: payment.operation,
    bodyHash: hashOf(payment.sent),
    subjectId: mandateIdOf(transactionId),
    request: null,
    movesMoney: true,
  });
  refuseConflict(record, payment);
}

function refuseConflict(
  known: { operation: string; bodyHash: string },
  { operation, sent }: IdentifiedPayment,
): void {
  if (known.operation === operation && known.bodyHash === hashOf(sent)) return;
  throw new AuraError('IDEMPOTENCY_CONFLICT', 'The payment identifier was used with another payment.', {
    field: 'payment-identifier',
  });
}
