/** How a deal's payment stands, in the words of protocol 1.0.0. */
import type { ClearingState } from '../lifecycle';
import type { RailName } from '../settlement';
import { methodOfRail } from './methods';
import type { NegotiatedPayment } from './negotiation';

export const PAYMENT_STATUSES = ['pending', 'authorized', 'captured', 'failed', 'refunded'] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

const STATUS_OF: Readonly<Record<ClearingState, PaymentStatus>> = {
  risk_assessed: 'pending',
  authorized: 'authorized',
  settling: 'authorized',
  exception: 'authorized',
  settled: 'captured',
  cleared: 'captured',
  declined: 'failed',
  reversed: 'refunded',
  refunded: 'refunded',
};

export function paymentStatus(clearing: ClearingState | null): PaymentStatus {
  return clearing === null ? 'pending' : STATUS_OF[clearing];
}

/** What both versions show of a deal's payment: status, method and what was negotiated. */
export function paymentTerms(deal: {
  rail: RailName;
  asset: string;
  clearingState: ClearingState | null;
  payment: NegotiatedPayment | null;
}) {
  const method = methodOfRail(deal.rail);
  const { last_four: lastFour, ...agreed } = deal.payment ?? {
    negotiated_method: method,
    currency: deal.asset,
    scout_preference_match: true,
    beacon_preference_match: true,
    last_four: undefined,
  };
  return {
    status: paymentStatus(deal.clearingState),
    // The rail may have changed since, within what both sides accept.
    method,
    ...(method === 'card' && lastFour !== undefined && { last_four: lastFour }),
    ...agreed,
  };
}
