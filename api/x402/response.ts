/** The `PAYMENT-RESPONSE` of a commit: how far its payment is. Settling goes on after the answer. */
import type { SettleResponse } from '@x402/core/types';
import { encodePaymentResponseHeader } from '@x402/core/http';
import { atPar } from '../../domain/par';
import type { Queryable } from '../../store/db';
import { findProof, instructionOf } from '../../store/instructions';
import { findMandate } from '../../store/payment-accounts';
import type { Deal } from '../../store/transactions';
import { mandateIdOf } from './books';
import { tokenParts, x402Terms, type X402Config } from './config';

/** Market states in which nothing more will be paid. */
const ENDED_UNPAID: ReadonlySet<string> = new Set(['failed', 'cancelled', 'expired']);

export async function paymentResponseHeaders(
  db: Queryable,
  config: X402Config,
  deal: Deal,
): Promise<Record<string, string>> {
  const [mandate, instruction] = await Promise.all([
    findMandate(db, mandateIdOf(deal.id)),
    instructionOf(db, deal.id, 'pay_in'),
  ]);
  // A deal that went on over another rail was not paid by this payment.
  const isOurs = deal.rail === 'x402';
  const proof =
    isOurs && instruction ? await findProof(db, instruction.instruction.instruction_id) : undefined;
  const settled = x402Terms(config).settles[deal.asset];
  const payer = mandate?.payerAuthorization?.from;
  const response: SettleResponse = {
    success: proof?.accepted === true,
    ...(proof?.accepted !== true && {
      errorReason:
        isOurs && !ENDED_UNPAID.has(deal.marketState) ? 'settlement_pending' : 'invalid_transaction_state',
    }),
    ...(typeof payer === 'string' && { payer }),
    transaction: proof?.statement.reference ?? '',
    network: tokenParts(config.token).network,
    ...(settled !== undefined && { amount: atPar(deal.totalMinor, deal.asset, settled).toString() }),
  };
  return { 'PAYMENT-RESPONSE': encodePaymentResponseHeader(response) };
}
