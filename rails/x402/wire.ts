/** The facilitator's messages: x402 version 2, scheme `exact` on EVM with EIP-3009 (x402 specification, 2025-12). */
import { z } from 'zod';
import { TOKEN_NAME, TOKEN_VERSION, type Order, type Token } from '../chain';

export const X402_VERSION = 2;
/** The facilitator settles within this time or says that it is still at it. */
const MAX_TIMEOUT_SECONDS = 600;

export const verifyAnswer = z.object({
  isValid: z.boolean(),
  invalidReason: z.string().max(200).nullish(),
});

export const settleAnswer = z.object({
  success: z.boolean(),
  errorReason: z.string().max(200).nullish(),
  transaction: z.string().max(100).nullish(),
  network: z.string().max(60).nullish(),
});

/** The body of both `verify` and `settle`. */
export function paymentQuestion(token: Token, { instruction, authorization }: Order) {
  const { signature, ...signed } = authorization;
  const paymentRequirements = {
    scheme: 'exact',
    network: token.network,
    asset: token.address,
    amount: instruction.amount_minor,
    payTo: authorization.to,
    maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
    extra: { name: TOKEN_NAME, version: TOKEN_VERSION },
  };
  return {
    x402Version: X402_VERSION,
    paymentPayload: {
      x402Version: X402_VERSION,
      accepted: paymentRequirements,
      payload: { signature, authorization: signed },
      // The same payment asked for again is known by it.
      extensions: { 'payment-identifier': { info: { required: false, id: instruction.instruction_id } } },
    },
    paymentRequirements,
  };
}
