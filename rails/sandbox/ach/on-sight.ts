/** Accounts of the range that needs no opening are opened when a file or an authorization first names them. */
import { isSandboxAccount, SANDBOX_BALANCE_MINOR } from '../../../domain/payments/sandbox-accounts';
import { nowOf, type Bank } from './bank';
import type { AccountKey } from './events';

const HOLDER = 'Sandbox customer';
const ASSET = 'USD';

export function openOnSight(bank: Bank, { routingNumber, accountNumber }: AccountKey): void {
  const key = { routingNumber, accountNumber };
  if (!isSandboxAccount(key) || bank.books.accounts.find(key)) return;
  bank.record({
    type: 'account_opened',
    at: nowOf(bank),
    ...key,
    holderName: HOLDER,
    accountType: 'checking',
    asset: ASSET,
    balanceMinor: SANDBOX_BALANCE_MINOR.toString(),
    business: false,
    refusesMandates: false,
  });
}
