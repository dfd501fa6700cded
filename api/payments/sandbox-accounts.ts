/**
 * Accounts that the sandbox gives to principals of version 1: bank accounts at its banks and a wallet on its chain, to pay
 * from and to be paid out to. The wallet's key follows from the principal's id, so anybody can compute it: it holds play
 * money only.
 */
import { keccak256, toHex } from 'viem';
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { newId } from '../../domain/ids';
import { sandboxAccountOf } from '../../domain/payments/sandbox-accounts';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { RAILS } from '../../domain/settlement';
import type { Trx } from '../../store/db';
import { upsertAccount } from '../../store/payment-accounts';

const ASSET = 'USD';

export function sandboxWallet(principalId: string): PrivateKeyAccount {
  return privateKeyToAccount(keccak256(toHex(`sandbox wallet of ${principalId}`)));
}

/** Opens the principal's sandbox accounts at every rail that reaches banks or wallets. Calling it again does no harm. */
export async function provisionSandboxAccounts(
  trx: Trx,
  principal: { id: string; name: string },
): Promise<void> {
  const bank = sandboxAccountOf(principal.id);
  const { address } = sandboxWallet(principal.id);
  for (const rail of RAILS) {
    const form = RAIL_TERMS[rail].accountForm;
    if (form === 'card') continue;
    await upsertAccount(trx, {
      id: newId('paymentAccount'),
      principalId: principal.id,
      rail,
      asset: ASSET,
      form,
      identifier: form === 'bank' ? `${bank.routingNumber}/${bank.accountNumber}` : address.toLowerCase(),
      details: { ...(form === 'bank' ? bank : { address }), sandbox: true },
      holderName: principal.name,
    });
  }
}
