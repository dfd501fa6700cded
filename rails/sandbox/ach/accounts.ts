/** Accounts at the receiving banks, and AURA's at its own: found by the numbers they have or once had. */
import type { AccountDetails, AccountKey, BankEvent } from './events';

export interface Account extends AccountDetails {
  asset: string;
  business: boolean;
  openingMinor: bigint;
  balanceMinor: bigint;
  /** Held for debits that have not settled yet. */
  heldMinor: bigint;
  open: boolean;
  refusesMandates: boolean;
}

export interface Accounts {
  find(key: AccountKey): Account | undefined;
  all(): Account[];
  open(event: BankEvent & { type: 'account_opened' }): void;
  change(key: AccountKey, change: Partial<AccountDetails>): void;
}

export function keyOf({ routingNumber, accountNumber }: AccountKey): string {
  return `${routingNumber}/${accountNumber}`;
}

export function createAccounts(): Accounts {
  const accounts = new Map<string, Account>();
  return {
    find: (key) => accounts.get(keyOf(key)),
    all: () => [...new Set(accounts.values())],
    open({ type: _type, at: _at, balanceMinor, ...details }) {
      accounts.set(keyOf(details), {
        ...details,
        openingMinor: BigInt(balanceMinor),
        balanceMinor: BigInt(balanceMinor),
        heldMinor: 0n,
        open: true,
      });
    },
    /** The old numbers go on leading to the account: that is what a notification of change is for. */
    change(key, change) {
      const account = accounts.get(keyOf(key));
      if (!account) throw new Error('a change of an account that was never opened');
      Object.assign(account, change);
      accounts.set(keyOf(account), account);
    },
  };
}
