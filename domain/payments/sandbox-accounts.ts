/**
 * Bank accounts of the sandbox that need no opening: the sandbox's banks open an account with a number of this range when
 * they see it first. A principal's number follows from its id.
 */
import { sha256Hex } from '../canonical';

/** Passes the check digit that ACH asks for. */
export const SANDBOX_ROUTING_NUMBER = '021000021';
/** What such an account opens with: 1,000,000.00 USD. */
export const SANDBOX_BALANCE_MINOR = 100_000_000n;
const NUMBER = /^9999\d{13}$/;
const DIGITS = 13n;

export interface BankAccountKey {
  routingNumber: string;
  accountNumber: string;
}

/** The principal's account at the sandbox's banks: 9999 and 13 digits. */
export function sandboxAccountOf(principalId: string): BankAccountKey {
  const digits = BigInt(`0x${sha256Hex(`sandbox account of ${principalId}`)}`) % 10n ** DIGITS;
  return {
    routingNumber: SANDBOX_ROUTING_NUMBER,
    accountNumber: `9999${digits.toString().padStart(Number(DIGITS), '0')}`,
  };
}

export function isSandboxAccount({ routingNumber, accountNumber }: BankAccountKey): boolean {
  return routingNumber === SANDBOX_ROUTING_NUMBER && NUMBER.test(accountNumber);
}
