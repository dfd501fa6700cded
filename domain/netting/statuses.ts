/**
 * A cycle takes deals while it is open. Closing it takes no more; settling, its payers' money is on the way, and then
 * its payees'. It is settled when all of it has been moved, and failed over where every deal fell out of it.
 */
export const CYCLE_STATUSES = ['open', 'closing', 'settling', 'settled', 'failed_over'] as const;
export type CycleStatus = (typeof CYCLE_STATUSES)[number];

export const NETTED_DEAL_STATUSES = [
  /** Waits for the close. */
  'joined',
  /** In the positions; its money is on the way. */
  'netted',
  'settled',
  'cleared',
  /** Paid by itself: it fell out, or did not fit. */
  'gross',
  /** Ended before the close, by a cancellation or a dispute, or when it fell out. */
  'left',
] as const;
export type NettedDealStatus = (typeof NETTED_DEAL_STATUSES)[number];

export const NET_PAYMENT_STATUSES = ['pending', 'proved', 'failed', 'returned', 'to_balance'] as const;
export type NetPaymentStatus = (typeof NET_PAYMENT_STATUSES)[number];
