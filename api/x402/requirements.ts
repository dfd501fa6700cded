/** What AURA asks for: x402 v2 payment requirements for one commit, computed from the stored offer. */
import type { PaymentRequired, PaymentRequirements } from '@x402/core/types';
import { encodePaymentRequiredHeader } from '@x402/core/http';
import { AuraError } from '../../domain/errors';
import type { DealAmounts } from '../../domain/market/offer';
import { atPar } from '../../domain/par';
import { PAYMENT_IDENTIFIER, paymentIdentifierDeclaration } from './payment-identifier';
import { tokenParts, x402Terms, type X402Config } from './config';

export const X402_VERSION = 2;

/** The total in the token's atomic units, at par. */
export function atomicAmount(config: X402Config, { asset, totalMinor }: DealAmounts): bigint {
  const settled = x402Terms(config).settles[asset];
  if (settled === undefined) {
    throw new AuraError('INVALID_PARAMETER', `x402 does not carry ${asset}.`, {
      field: 'payment_method.type',
      reason: `does not carry ${asset}`,
    });
  }
  return atPar(totalMinor, asset, settled);
}

export function requirementsFor(config: X402Config, amounts: DealAmounts): PaymentRequirements {
  const { network, address } = tokenParts(config.token);
  return {
    scheme: 'exact',
    network,
    asset: address,
    amount: atomicAmount(config, amounts).toString(),
    payTo: config.payTo,
    // As long as an instruction may execute: what is signed now must not outlive the deal.
    maxTimeoutSeconds: x402Terms(config).instructionTtlMs / 1_000,
    extra: { ...config.domain },
  };
}

export function paymentRequired(
  requirements: PaymentRequirements,
  resourceUrl: string,
  error?: string,
): PaymentRequired {
  return {
    x402Version: X402_VERSION,
    ...(error !== undefined && { error }),
    resource: { url: resourceUrl, description: 'Commit to an offer', mimeType: 'application/json' },
    accepts: [requirements],
    extensions: { [PAYMENT_IDENTIFIER]: paymentIdentifierDeclaration() },
  };
}

export function paymentRequiredHeaders(required: PaymentRequired): Record<string, string> {
  return { 'PAYMENT-REQUIRED': encodePaymentRequiredHeader(required) };
}
