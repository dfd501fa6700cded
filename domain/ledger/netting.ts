/** Multilateral netting: the deals of a cycle become one position a principal. */
import { AURA } from './accounts';
import { atRail, credit, debit, entry, of, type Amount, type AtRail, type Entry } from './entry';

export interface NettedDeal {
  readonly cycleId: string;
  readonly transactionId: string;
  readonly buyer: string;
  readonly seller: string;
  readonly asset: string;
  readonly totalMinor: bigint;
  readonly feeMinor: bigint;
}

/** One deal's part in the close of a cycle. */
export function nettingClosed(deal: NettedDeal): Entry {
  const { cycleId, transactionId, buyer, seller, asset, totalMinor, feeMinor } = deal;
  return entry('netting_closed', `${cycleId}:${transactionId}`, transactionId, [
    debit(of(buyer, 'netting', asset), totalMinor),
    debit(of(seller, 'entitlement', asset), totalMinor - feeMinor),
    debit(of(AURA, 'fees_deferred', asset), feeMinor),
    credit(of(buyer, 'obligation', asset), totalMinor),
    credit(of(seller, 'netting', asset), totalMinor - feeMinor),
    credit(of(AURA, 'fees_earned', asset), feeMinor),
  ]);
}

interface NetPosting extends Amount, AtRail {
  readonly cycleId: string;
  readonly principalId: string;
}

export function netInProved(input: NetPosting): Entry {
  const { cycleId, principalId, asset, amountMinor } = input;
  return entry('net_in_proved', `${cycleId}:${principalId}`, null, [
    ...atRail('debit', input, input),
    credit(of(principalId, 'netting', asset), amountMinor),
  ]);
}

export function netOutProved(input: NetPosting): Entry {
  const { cycleId, principalId, asset, amountMinor } = input;
  return entry('net_out_proved', `${cycleId}:${principalId}`, null, [
    debit(of(principalId, 'netting', asset), amountMinor),
    ...atRail('credit', input, input),
  ]);
}
