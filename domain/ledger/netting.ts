/** Multilateral netting: the deals of a cycle become one position a principal. */
import { AURA } from './accounts';
import {
  atRail,
  credit,
  debit,
  entry,
  of,
  type Amount,
  type AtRail,
  type Entry,
  type Posting,
} from './entry';

export interface NettedDeal {
  readonly cycleId: string;
  readonly transactionId: string;
  readonly buyer: string;
  readonly seller: string;
  readonly asset: string;
  readonly totalMinor: bigint;
  readonly feeMinor: bigint;
}

function parts({ buyer, seller, asset, totalMinor, feeMinor }: NettedDeal): Posting[] {
  return [
    debit(of(buyer, 'netting', asset), totalMinor),
    debit(of(seller, 'entitlement', asset), totalMinor - feeMinor),
    debit(of(AURA, 'fees_deferred', asset), feeMinor),
    credit(of(buyer, 'obligation', asset), totalMinor),
    credit(of(seller, 'netting', asset), totalMinor - feeMinor),
    credit(of(AURA, 'fees_earned', asset), feeMinor),
  ];
}

/** One deal's part in the close of a cycle. */
export function nettingClosed(deal: NettedDeal): Entry {
  const { cycleId, transactionId } = deal;
  return entry('netting_closed', `${cycleId}:${transactionId}`, transactionId, parts(deal));
}

/** The deal falls out of the cycle again: what its close had booked is taken back, posting by posting. */
export function nettingUndone(deal: NettedDeal): Entry {
  const { cycleId, transactionId } = deal;
  const mirrored = parts(deal).map(({ account, side, amountMinor }) =>
    side === 'debit' ? credit(account, amountMinor) : debit(account, amountMinor),
  );
  return entry('netting_undone', `${cycleId}:${transactionId}`, transactionId, mirrored);
}

interface NetPosting extends Amount {
  readonly cycleId: string;
  readonly paymentId: string;
  readonly principalId: string;
}

export function netInProved(input: NetPosting & AtRail): Entry {
  const { cycleId, paymentId, principalId, asset, amountMinor } = input;
  return entry('net_in_proved', `${cycleId}:${paymentId}`, null, [
    ...atRail('debit', input, input),
    credit(of(principalId, 'netting', asset), amountMinor),
  ]);
}

/**
 * The rail took a net payment back. While the cycle is open the principal's position is unpaid again, and the rail's
 * fee is its debt; once its deals were settled all of it is. Minor units.
 */
export function netInReturned(
  input: NetPosting & AtRail & { noticeId: string; feeMinor: bigint; cycleOpen: boolean },
): Entry {
  const { noticeId, principalId, asset, amountMinor, feeMinor, cycleOpen } = input;
  return entry('reversal', noticeId, null, [
    debit(of(principalId, cycleOpen ? 'netting' : 'recoverable', asset), amountMinor),
    debit(of(principalId, 'recoverable', asset), feeMinor),
    ...atRail('credit', input, { asset, amountMinor: amountMinor + feeMinor }),
  ]);
}

export function netOutProved(input: NetPosting & AtRail): Entry {
  const { cycleId, paymentId, principalId, asset, amountMinor } = input;
  return entry('net_out_proved', `${cycleId}:${paymentId}`, null, [
    debit(of(principalId, 'netting', asset), amountMinor),
    ...atRail('credit', input, input),
  ]);
}

/** No rail brings it to the payee: it is its free balance. */
export function netOutToBalance({ cycleId, paymentId, principalId, asset, amountMinor }: NetPosting): Entry {
  return entry('net_out_to_balance', `${cycleId}:${paymentId}`, null, [
    debit(of(principalId, 'netting', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}
