/**
 * The cards that the sandbox knows. It takes no others, so that nobody's real card ends up in a test. Numbers as the
 * large processors publish them for testing.
 */

export type CardBehaviour =
  | { kind: 'succeeds' }
  | { kind: 'declines'; code: string }
  /** Every agreement needs a 3-D Secure challenge. */
  | { kind: 'challenges' };

export interface TestCard {
  brand: 'visa' | 'mastercard' | 'amex' | 'discover';
  behaviour: CardBehaviour;
}

const succeeds: CardBehaviour = { kind: 'succeeds' };
const declines = (code: string): CardBehaviour => ({ kind: 'declines', code });

export const TEST_CARDS: Readonly<Record<string, TestCard>> = {
  '4242424242424242': { brand: 'visa', behaviour: succeeds },
  '5555555555554444': { brand: 'mastercard', behaviour: succeeds },
  '378282246310005': { brand: 'amex', behaviour: succeeds },
  '6011111111111117': { brand: 'discover', behaviour: succeeds },
  '4000000000000002': { brand: 'visa', behaviour: declines('card_declined') },
  '4000000000009995': { brand: 'visa', behaviour: declines('insufficient_funds') },
  '4000000000009987': { brand: 'visa', behaviour: declines('lost_card') },
  '4000000000009979': { brand: 'visa', behaviour: declines('stolen_card') },
  '4000000000000069': { brand: 'visa', behaviour: declines('expired_card') },
  '4000002500003155': { brand: 'visa', behaviour: { kind: 'challenges' } },
};

export function testCard(number: string): TestCard | undefined {
  return Object.hasOwn(TEST_CARDS, number) ? TEST_CARDS[number] : undefined;
}

/** The check digit of ISO/IEC 7812-1. */
export function isLuhn(number: string): boolean {
  const sum = [...number].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

const TOKEN = /^tok_test_(\d{4})(?:_[A-Za-z0-9]{1,40})?$/;

/**
 * The sandbox processor's token of a test card in somebody's hands: `tok_test_<last four>_<holder>`. The sandbox opens
 * it when it sees it first.
 */
export function testCardToken(number: string, holder: string): string {
  return `tok_test_${number.slice(-4)}_${holder}`;
}

/** The test card that such a token stands for, with its number. */
export function cardOfTestToken(token: string): (TestCard & { number: string }) | undefined {
  const lastFour = TOKEN.exec(token)?.[1];
  const found = Object.entries(TEST_CARDS).find(([number]) => number.endsWith(lastFour ?? '-'));
  return found && { ...found[1], number: found[0] };
}
