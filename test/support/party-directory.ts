/** A party directory in memory. */
import type { BankAccount, PartyDirectory } from '../../rails/port';

export interface InMemoryDirectory extends PartyDirectory {
  addAccount(accountRef: string, account: BankAccount): void;
  addMandate(mandateRef: string, mandate: { reference: string; account: BankAccount }): void;
}

export function createInMemoryDirectory(): InMemoryDirectory {
  const accounts = new Map<string, BankAccount>();
  const mandates = new Map<string, { reference: string; account: BankAccount }>();
  return {
    addAccount: (ref, account) => void accounts.set(ref, account),
    addMandate: (ref, mandate) => void mandates.set(ref, mandate),
    account: async (ref) => found(accounts.get(ref), ref),
    mandate: async (ref) => found(mandates.get(ref), ref),
  };
}

function found<T>(value: T | undefined, ref: string): T {
  if (value === undefined) throw new Error(`nothing is known of ${ref}`);
  return value;
}
