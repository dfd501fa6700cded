/** A transfer that the payer signed: EIP-3009 `TransferWithAuthorization`, checked against what was asked for. */
import type { PaymentRequirements } from '@x402/core/types';
import { getAddress, isAddressEqual, parseSignature, recoverTypedDataAddress } from 'viem';
import type { ErrorCode } from '../../domain/errors';
import type { Hex, X402Config } from './config';
import { tokenParts } from './config';
import type { Payment } from './payload';

/** Amounts in the token's atomic units, times in Unix seconds; the form in which a mandate carries it to the rail. */
export interface TransferAuthorization {
  from: Hex;
  to: Hex;
  value: string;
  validAfter: string;
  validBefore: string;
  nonce: Hex;
  signature: Hex;
}

export const TRANSFER_TYPES = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const;

export interface PaymentProblem {
  code: ErrorCode;
  /** By x402's names. */
  reason: string;
  field: string;
  detail: string;
}

/** Settling takes a moment: an authorization that ends sooner is not worth submitting. */
export const MIN_VALIDITY_SECONDS = 60n;
/** How far the payer's clock may be ahead. */
const CLOCK_SKEW_SECONDS = 120n;
/** Above half of the curve's order a signature would have a second form, which tokens refuse (EIP-2). */
const MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** The first thing that is wrong with the payment. */
export async function paymentProblem(
  config: X402Config,
  payment: Payment,
  requirements: PaymentRequirements,
  now: Date,
): Promise<PaymentProblem | undefined> {
  return (
    acceptedProblem(payment, requirements) ??
    termsProblem(payment.authorization, requirements) ??
    validityProblem(payment.authorization, requirements, now) ??
    (await signatureProblem(config, payment.authorization))
  );
}

/** The payer says which of the offered requirements it pays by: all but the domain must be the ones offered. */
function acceptedProblem(
  { accepted }: Payment,
  { network, asset, payTo, amount }: PaymentRequirements,
): PaymentProblem | undefined {
  const wrong = (field: string, detail: string): PaymentProblem => ({
    code: 'PAYMENT_INVALID',
    reason: 'invalid_payment_requirements',
    field: `accepted.${field}`,
    detail,
  });
  if (accepted.network !== network) {
    return {
      code: 'PAYMENT_NETWORK_MISMATCH',
      reason: 'invalid_network',
      field: 'accepted.network',
      detail: `the payment is asked for on ${network}`,
    };
  }
  if (!sameAddress(accepted.asset, asset)) return wrong('asset', `the payment is asked for in ${asset}`);
  if (!sameAddress(accepted.payTo, payTo)) return wrong('payTo', `the payment goes to ${payTo}`);
  return accepted.amount === amount ? undefined : wrongAmount('accepted.amount', amount);
}

function wrongAmount(field: string, amount: string): PaymentProblem {
  return {
    code: 'PAYMENT_AMOUNT_MISMATCH',
    reason: 'invalid_exact_evm_payload_authorization_value_mismatch',
    field,
    detail: `the amount is ${amount}`,
  };
}

function termsProblem(
  { to, value }: TransferAuthorization,
  { payTo, amount }: PaymentRequirements,
): PaymentProblem | undefined {
  if (!sameAddress(to, payTo)) {
    return {
      code: 'PAYMENT_INVALID',
      reason: 'invalid_exact_evm_payload_recipient_mismatch',
      field: 'payload.authorization.to',
      detail: `the payment goes to ${payTo}`,
    };
  }
  return value === amount ? undefined : wrongAmount('payload.authorization.value', amount);
}

function validityProblem(
  { validAfter, validBefore }: TransferAuthorization,
  { maxTimeoutSeconds }: PaymentRequirements,
  now: Date,
): PaymentProblem | undefined {
  const nowSeconds = BigInt(Math.floor(now.getTime() / 1_000));
  const wrong = (bound: 'valid_after' | 'valid_before', field: string, detail: string): PaymentProblem => ({
    code: 'PAYMENT_EXPIRED',
    reason: `invalid_exact_evm_payload_authorization_${bound}`,
    field: `payload.authorization.${field}`,
    detail,
  });
  // The token wants the block's time to be later than this, not equal.
  if (BigInt(validAfter) >= nowSeconds) return wrong('valid_after', 'validAfter', 'it is not valid yet');
  if (BigInt(validBefore) < nowSeconds + MIN_VALIDITY_SECONDS) {
    const detail = `it must be valid for another ${MIN_VALIDITY_SECONDS} seconds`;
    return wrong('valid_before', 'validBefore', detail);
  }
  const latest = nowSeconds + BigInt(maxTimeoutSeconds) + CLOCK_SKEW_SECONDS;
  return BigInt(validBefore) > latest
    ? wrong('valid_before', 'validBefore', `it must end within ${maxTimeoutSeconds} seconds`)
    : undefined;
}

async function signatureProblem(
  config: X402Config,
  authorization: TransferAuthorization,
): Promise<PaymentProblem | undefined> {
  const signer = await signerOf(config, authorization);
  if (signer !== undefined && isAddressEqual(signer, authorization.from)) return undefined;
  return {
    code: 'PAYMENT_SIGNATURE_INVALID',
    reason: 'invalid_exact_evm_payload_signature',
    field: 'payload.signature',
    detail: 'it is not the signature of the paying account over this authorization',
  };
}

/** Only accounts with a key of their own sign here; a smart wallet's signature takes its chain to check. */
async function signerOf(
  config: X402Config,
  { signature, ...message }: TransferAuthorization,
): Promise<Hex | undefined> {
  if (!/^0x[0-9a-fA-F]{128}(1b|1c)$/i.test(signature)) return undefined;
  const { chainId, address } = tokenParts(config.token);
  try {
    if (BigInt(parseSignature(signature).s) > MAX_S) return undefined;
    return await recoverTypedDataAddress({
      domain: { ...config.domain, chainId, verifyingContract: getAddress(address) },
      types: TRANSFER_TYPES,
      primaryType: 'TransferWithAuthorization',
      message: {
        ...message,
        value: BigInt(message.value),
        validAfter: BigInt(message.validAfter),
        validBefore: BigInt(message.validBefore),
      },
      signature,
    });
  } catch {
    return undefined;
  }
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
