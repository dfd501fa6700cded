/** Cards that come with a commit: the processor's token anywhere, and in the sandbox the numbers of test cards. */
import { AuraError } from '../../domain/errors';
import { cardOfTestToken, isLuhn, testCard, testCardToken } from '../../domain/payments/test-cards';
import type { PaymentMethodBody } from '../schemas/payment-methods';

export interface GivenCard {
  /** By which the processor knows the card. */
  token: string;
  last4?: string;
}

const refuse = (field: string, reason: string) =>
  new AuraError('INVALID_PARAMETER', `payment_method.${field}: ${reason}`, {
    field: `payment_method.${field}`,
    reason,
  });

/** Refuses card numbers before anything of the request is kept: nobody's real card has any business here. */
export function refuseCardNumber({ card }: PaymentMethodBody, isSandbox: boolean, now: Date): void {
  if (!card) return;
  if (!isSandbox) throw refuse('card', "send the processor's token of the card, not the card");
  if (!isLuhn(card.number)) throw refuse('card.number', 'the check digit is wrong');
  if (!testCard(card.number)) throw refuse('card.number', 'the sandbox takes test cards only');
  const month = now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
  if (card.exp_year * 12 + card.exp_month < month) throw refuse('card.exp_year', 'the card has expired');
}

/** The card as the processor's token. A test card is another one in everybody's hands. */
export function cardOf(
  { card, token, last_four: lastFour }: PaymentMethodBody,
  principalId: string,
): GivenCard | undefined {
  if (card) {
    const holder = principalId.replace(/^prn_/, '');
    return { token: testCardToken(card.number, holder), last4: card.number.slice(-4) };
  }
  if (token === undefined) return undefined;
  const last4 = lastFour ?? cardOfTestToken(token)?.number.slice(-4);
  return { token, ...(last4 !== undefined && { last4 }) };
}
