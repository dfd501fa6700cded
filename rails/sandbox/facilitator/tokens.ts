/**
 * Payment tokens: each stands for an amount in a wallet that the facilitator keeps for its customer. Paying by one signs
 * an EIP-3009 authorization of that wallet and settles it as any other payment.
 */
import { randomBytes } from 'node:crypto';
import type { PaymentRequirements, SettleResponse } from '@x402/core/types';
import { authorizationTypes } from '@x402/evm';
import { concat, keccak256, toHex, type Hex } from 'viem';
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { ulid } from 'ulid';
import type { FacilitatorEvent, IssuedToken, SignedAuthorization, TokenPayment } from './books';
import type { Broadcast } from './sender';
import { requirementsOf, settle, type SettleDeps } from './settle';
import { paymentKey } from './wire';

export interface TokenDeps extends SettleDeps {
  privateKey: Hex;
  record(event: FacilitatorEvent): void;
  flushed(): Promise<void>;
  clock: () => Date;
  /** The merchant's wallet, undefined before the operator has named it. */
  payTo: () => Hex | undefined;
  /** Puts play money into a wallet, atomic units of the token. */
  fund: (address: Hex, amount: string) => Promise<void>;
}

/** Tokens that need no issuing: each is worth what is first asked of it, once. */
const TEST_TOKEN = /^pm_tok_test_[\w-]{1,60}$/;

export const TOKEN_ERRORS = {
  merchant_unknown: 409,
  token_unknown: 404,
  token_expired: 410,
  token_used: 409,
  amount_mismatch: 422,
  idempotency_conflict: 409,
  insufficient_funds: 402,
  payment_unknown: 404,
} as const;
export type TokenErrorCode = keyof typeof TOKEN_ERRORS;

const AUTHORIZATION_SECONDS = 600;

/** A customer's wallet. Its key follows from the facilitator's, so that nothing secret is written down. */
export function walletOf(privateKey: Hex, payer: string): PrivateKeyAccount {
  return privateKeyToAccount(keccak256(concat([privateKey, toHex(`customer:${payer}`)])));
}

export async function issueToken(
  deps: TokenDeps,
  given: { amount: string; payer: string; expiresInMs: number },
): Promise<IssuedToken> {
  const now = deps.clock();
  const issued: IssuedToken = {
    token: `pm_tok_${randomBytes(18).toString('base64url')}`,
    payer: given.payer,
    payerAddress: walletOf(deps.privateKey, given.payer).address,
    amount: given.amount,
    expiresAt: new Date(now.getTime() + given.expiresInMs).toISOString(),
  };
  deps.record({ type: 'token_issued', at: now.toISOString(), ...issued });
  await deps.flushed();
  return issued;
}

export interface PaymentOrder {
  token: string;
  amount: string;
  idempotencyKey: string;
}

/** Decides on a payment and writes it down, signed; the same idempotency key finds the same payment. */
export async function makePayment(
  deps: TokenDeps,
  order: PaymentOrder,
): Promise<{ payment: TokenPayment } | { refused: TokenErrorCode }> {
  const known = deps.books.payment(order.idempotencyKey);
  if (known) {
    const same = known.token === order.token && known.amount === order.amount;
    return same ? { payment: known } : { refused: 'idempotency_conflict' };
  }
  if (!deps.books.token(order.token) && TEST_TOKEN.test(order.token)) await openOnSight(deps, order);
  const payTo = deps.payTo();
  const refused = payTo === undefined ? 'merchant_unknown' : refusalOf(deps, order);
  if (refused) return { refused };
  const { payer } = deps.books.token(order.token) as IssuedToken;
  const signed = await authorize(deps, walletOf(deps.privateKey, payer), order.amount, payTo as Hex);
  // Another question with the same key or token may have come while this one was being signed.
  if (deps.books.payment(order.idempotencyKey)) return makePayment(deps, order);
  if (deps.books.paymentOfToken(order.token)) return { refused: 'token_used' };
  const payment: TokenPayment = {
    paymentId: `fpay_${ulid()}`,
    idempotencyKey: order.idempotencyKey,
    token: order.token,
    amount: order.amount,
    payTo: payTo as Hex,
    createdAt: deps.clock().toISOString(),
    signed,
  };
  deps.record({ type: 'payment_made', at: payment.createdAt, ...payment });
  await deps.flushed();
  return { payment };
}

async function openOnSight(deps: TokenDeps, { token, amount }: PaymentOrder): Promise<void> {
  const { address } = walletOf(deps.privateKey, token);
  await deps.fund(address, amount);
  if (deps.books.token(token)) return;
  const now = deps.clock();
  const expiresAt = new Date(now.getTime() + AUTHORIZATION_SECONDS * 1_000).toISOString();
  const issued = { token, payer: token, payerAddress: address, amount, expiresAt };
  deps.record({ type: 'token_issued', at: now.toISOString(), ...issued });
  await deps.flushed();
}

function refusalOf({ books, clock }: TokenDeps, order: PaymentOrder): TokenErrorCode | undefined {
  const token = books.token(order.token);
  if (!token) return 'token_unknown';
  if (books.paymentOfToken(order.token)) return 'token_used';
  if (clock() >= new Date(token.expiresAt)) return 'token_expired';
  return token.amount === order.amount ? undefined : 'amount_mismatch';
}

async function authorize(
  { chain, clock }: TokenDeps,
  wallet: PrivateKeyAccount,
  value: string,
  to: Hex,
): Promise<SignedAuthorization> {
  const now = Math.floor(clock().getTime() / 1_000);
  const authorization = {
    from: wallet.address,
    to,
    value,
    validAfter: '0',
    validBefore: String(now + AUTHORIZATION_SECONDS),
    nonce: toHex(randomBytes(32)),
  };
  const signature = await wallet.signTypedData({
    domain: { ...chain.domain, chainId: chain.chainId, verifyingContract: chain.token },
    types: authorizationTypes,
    primaryType: 'TransferWithAuthorization',
    message: {
      ...authorization,
      value: BigInt(value),
      validAfter: 0n,
      validBefore: BigInt(authorization.validBefore),
    },
  });
  return { authorization, signature };
}

export function keyOfPayment({ chain }: SettleDeps, payment: TokenPayment): string {
  return paymentKey(chain.token, payment.signed);
}

/** Settles a payment that was written down; again and again with the same transaction, or the same failure. */
export async function executePayment(
  deps: TokenDeps,
  payment: TokenPayment,
  how: { broadcast: Broadcast; twice: boolean },
): Promise<SettleResponse> {
  const requirements: PaymentRequirements = requirementsOf(deps.chain, payment);
  const { idempotencyKey, signed } = payment;
  const failed = deps.books.failureOf(idempotencyKey);
  if (failed !== undefined) {
    const { network } = deps.chain;
    return {
      success: false,
      errorReason: failed,
      transaction: '',
      network,
      payer: signed.authorization.from,
    };
  }
  const settled = await settle(deps, {
    key: keyOfPayment(deps, payment),
    payload: { x402Version: 2, accepted: requirements, payload: { ...signed } },
    requirements,
    signed,
    ...how,
  });
  if (!settled.success && !settled.transaction && !isOpen(settled)) {
    const reason = settled.errorReason ?? 'unexpected_settle_error';
    deps.record({ type: 'payment_failed', at: deps.clock().toISOString(), idempotencyKey, reason });
    await deps.flushed();
  }
  return settled;
}

/** Whether it may still be settled when it is asked for again. */
function isOpen({ errorReason }: SettleResponse): boolean {
  return errorReason === 'settlement_pending' || errorReason === 'unexpected_settle_error';
}

/** The payment as it is told. */
export function shownPayment({ chain }: SettleDeps, payment: TokenPayment, settled: SettleResponse) {
  return {
    payment_id: payment.paymentId,
    idempotency_key: payment.idempotencyKey,
    status: settled.success ? 'settled' : isOpen(settled) ? 'pending' : 'failed',
    error_reason: settled.success ? null : (settled.errorReason ?? 'unexpected_settle_error'),
    amount: payment.amount,
    asset: chain.token,
    network: chain.network,
    payer: payment.signed.authorization.from,
    pay_to: payment.payTo,
    transaction: settled.transaction || null,
    /** Unix seconds: after this it never executes. */
    valid_before: payment.signed.authorization.validBefore,
    created_at: payment.createdAt,
  };
}
