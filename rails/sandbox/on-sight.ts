/** Accounts of the range that needs no opening are opened when a message first names them. */
import { isSandboxAccount, SANDBOX_BALANCE_MINOR } from '../../domain/payments/sandbox-accounts';
import type { AccountKey } from './events';
import type { Network } from './network';

const HOLDER = 'Sandbox customer';
const ASSET = 'USD';

export function openOnSight({ books, record, now }: Network, keys: readonly AccountKey[]): void {
  for (const { routingNumber, accountNumber } of keys) {
    const key = { routingNumber, accountNumber };
    if (!isSandboxAccount(key) || books.account(key)) continue;
    record({
      type: 'account_opened',
      at: now(),
      ...key,
      holderName: HOLDER,
      asset: ASSET,
      balanceMinor: SANDBOX_BALANCE_MINOR.toString(),
      refusesMandates: false,
    });
  }
}
