/** The vault: a card's number goes in, a token comes out, and the number is forgotten. */
import { z } from 'zod';
import { found, Refusal, type Processor } from './processor';
import type { Token } from './state';
import { cardOfTestToken, isLuhn, testCard, type TestCard } from './test-cards';

const tokenRequest = z.object({
  number: z.string().regex(/^\d{12,19}$/, 'the digits of a card number'),
  exp_month: z.number().int().min(1).max(12),
  exp_year: z.number().int().min(2000).max(2100),
  cvc: z
    .string()
    .regex(/^\d{3,4}$/)
    .optional(),
});

export function createToken(processor: Processor, body: unknown) {
  const parsed = tokenRequest.safeParse(body);
  // Zod's own words would repeat what was sent.
  if (!parsed.success) throw new Refusal(400, 'invalid_request', 'a card has number, exp_month and exp_year');
  const { number, exp_month, exp_year } = parsed.data;
  if (!isLuhn(number)) throw new Refusal(422, 'incorrect_number', 'the check digit is wrong');
  const card = testCard(number);
  if (!card) throw new Refusal(422, 'test_card_required', 'the sandbox takes test cards only');
  const now = processor.now();
  if (exp_year * 12 + exp_month < Number(now.slice(0, 4)) * 12 + Number(now.slice(5, 7)))
    throw new Refusal(422, 'expired_card', 'the card has expired');
  return tokenView(openToken(processor, processor.newId('tok'), { ...card, number, exp_month, exp_year }));
}

/** The card behind a token. Tokens of test cards that need no opening are opened when they are first named. */
export function tokenOf(processor: Processor, id: string): Token {
  const known = processor.state.tokens.get(id);
  const card = cardOfTestToken(id);
  if (known || !card) return found(known, 'token');
  return openToken(processor, id, { ...card, exp_month: 12, exp_year: LAST_YEAR });
}

const LAST_YEAR = 2099;

function openToken(
  processor: Processor,
  id: string,
  {
    number,
    brand,
    behaviour,
    exp_month,
    exp_year,
  }: TestCard & {
    number: string;
    exp_month: number;
    exp_year: number;
  },
): Token {
  const record: Token = {
    id,
    brand,
    last4: number.slice(-4),
    exp_month,
    exp_year,
    behaviour,
    open: true,
    currency: 'USD',
    balance_minor: processor.settings.cardFundsMinor.toString(),
    held_minor: '0',
    created_at: processor.now(),
  };
  processor.record({ put: 'token', record });
  return record;
}

/** What a client sees of a card; what it has to spend is the cardholder's business. */
export function tokenView({ id, brand, last4, exp_month, exp_year, open, created_at }: Token) {
  const status = open ? 'active' : 'closed';
  return { object: 'token', id, status, brand, last4, exp_month, exp_year, created_at };
}

export function availableMinor(token: Token): bigint {
  return BigInt(token.balance_minor) - BigInt(token.held_minor);
}
