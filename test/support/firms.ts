/** Firms that buy and sell, and net what they owe over ACH. */
import { openPayer } from '../../bin/purse';
import { Beacon, Scout } from '../../sdk';
import type { TestEnvironment } from './environment';
import type { Market, TestBuyer, TestSeller } from './market';

export type Firm = TestBuyer & TestSeller;

let accounts = 870_000_000 + Math.floor(Math.random() * 1_000_000);

/** A firm that has joined netting, each time. */
export function aFirmOf(env: TestEnvironment, market: Market): () => Promise<Firm> {
  return async () => {
    const principal = await market.aPrincipal('L2');
    const scout = await Scout.register(env.http, principal);
    const beacon = await Beacon.register(env.http, principal, { categories: ['electronics'] });
    const accountNumber = String(accounts++);
    const holder = { rail: 'ach' as const, holderName: principal.name ?? 'Firm', accountNumber };
    const payer = await openPayer(env.platform, scout, { ...holder, balanceMinor: 100_000_000n });
    const mandateId = await payer.mandate('900000.00');
    await scout.netting.join({ rail: 'ach' });
    return { principalId: principal.principal_id, scout, beacon, payer, mandateId, accountNumber };
  };
}
