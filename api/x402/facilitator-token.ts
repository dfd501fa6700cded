/** Payment by a facilitator's token, as protocol 1.0.0 has it: `{facilitator, payment_token, currency, amount, idempotency_key}`. */
import { sha256Hex } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import type { DealAmounts } from '../../domain/market/offer';
import { formatMoney, MoneyError, parseMoney } from '../../domain/money';
import type { X402Config } from './config';
import { atomicAmount } from './requirements';

export interface GivenToken {
  facilitator?: string;
  payment_token?: string;
  currency?: string;
  amount?: string;
  idempotency_key?: string;
}

/** What the mandate carries to the rail; `facilitator` is its base address, `amount` atomic units of the token. */
export interface FacilitatorTokenAuthorization {
  form: 'facilitator_token';
  facilitator: string;
  payment_token: string;
  amount: string;
  idempotency_key: string;
}

const invalid = (field: string, reason: string, more: Record<string, unknown> = {}) =>
  new AuraError('INVALID_PARAMETER', `payment_method.${field}: ${reason}`, {
    field: `payment_method.${field}`,
    reason,
    ...more,
  });

/** Checks the token's terms against the deal's. The facilitator itself is asked only when the deal settles. */
export function readToken(
  config: X402Config,
  given: GivenToken,
  amounts: DealAmounts,
  transactionId: string,
): { facilitator: string; reference: string; authorization: FacilitatorTokenAuthorization } {
  const [name, url] = knownFacilitator(config, given.facilitator);
  if (given.payment_token === undefined) throw invalid('payment_token', 'required');
  if (given.currency !== undefined && given.currency !== amounts.asset)
    throw invalid('currency', `the offer is in ${amounts.asset}`);
  checkAmount(given.amount, amounts);
  return {
    facilitator: name,
    // The token itself is as good as money: what is shown and compared is its hash.
    reference: `tok_${sha256Hex(`${url}\n${given.payment_token}`)}`,
    authorization: {
      form: 'facilitator_token',
      facilitator: url,
      payment_token: given.payment_token,
      amount: atomicAmount(config, amounts).toString(),
      idempotency_key: given.idempotency_key ?? transactionId,
    },
  };
}

function knownFacilitator({ facilitators }: X402Config, given: string | undefined): [string, string] {
  const wanted = given?.replace(/\/$/, '');
  const found = Object.entries(facilitators).find(([name, url]) => wanted === name || wanted === url);
  if (found) return found;
  throw invalid('facilitator', given === undefined ? 'required' : 'not known here', {
    known: Object.keys(facilitators),
  });
}

function checkAmount(given: string | undefined, { asset, totalMinor }: DealAmounts): void {
  if (given === undefined) return;
  const total = formatMoney({ amountMinor: totalMinor, asset });
  if (minorOf(given, asset) !== totalMinor) throw invalid('amount', `the total is ${total}`, { total });
}

function minorOf(decimal: string, asset: string): bigint | undefined {
  try {
    return parseMoney(decimal, asset).amountMinor;
  } catch (error) {
    if (error instanceof MoneyError) return undefined;
    throw error;
  }
}
