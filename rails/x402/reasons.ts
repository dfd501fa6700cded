/** Why a facilitator refuses, as the rails' codes. */
import type { Defect } from '../chain/defect';

/** It goes on: the chain tells how it ends. */
export const SETTLEMENT_PENDING = 'settlement_pending';

/** Reasons after which a payment may have executed all the same, or may still. */
const INCONCLUSIVE = new Set([
  'invalid_exact_evm_nonce_already_used',
  'invalid_exact_evm_transaction_failed',
  'invalid_transaction_state',
  'unexpected_verify_error',
  'unexpected_settle_error',
]);

const CODES: readonly [RegExp, string][] = [
  [/insufficient_(funds|balance)/, 'AM04'],
  [/value_mismatch|authorization_value/, 'AUTHORIZATION_AMOUNT'],
  [/valid_before/, 'AUTHORIZATION_EXPIRED'],
  [/valid_after/, 'AUTHORIZATION_EARLY'],
  [/recipient_mismatch/, 'AUTHORIZATION_PAYEE'],
  [/signature/, 'AUTHORIZATION_FORGED'],
  [/network/, 'WRONG_NETWORK'],
];

/** Undefined where the reason does not say that nothing was executed. */
export function refusalOf(reason: string): Defect | undefined {
  if (reason === SETTLEMENT_PENDING || INCONCLUSIVE.has(reason)) return undefined;
  const code = CODES.find(([pattern]) => pattern.test(reason))?.[1] ?? 'FACILITATOR_REFUSED';
  return { reason: code, detail: `the facilitator refused: ${reason}` };
}

const TOKEN_CODES: Readonly<Record<string, string>> = {
  token_unknown: 'AUTHORIZATION_INVALID',
  token_expired: 'AUTHORIZATION_EXPIRED',
  token_used: 'AUTHORIZATION_USED',
  idempotency_conflict: 'AUTHORIZATION_USED',
  amount_mismatch: 'AUTHORIZATION_AMOUNT',
};

/** The same for payments by a token; undefined where the reason does not say that nothing was executed. */
export function tokenRefusalOf(code: string): Defect | undefined {
  const reason = TOKEN_CODES[code];
  return reason ? { reason, detail: `the facilitator refused: ${code}` } : refusalOf(code);
}
