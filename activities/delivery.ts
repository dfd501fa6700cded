/** Delivery, then the seller's money: T6, release, T8. */
import { fundMargin } from '../domain/clearing/margin';
import { release } from '../domain/ledger/postings';
import { inTransaction, type Trx } from '../store/db';
import { insertPayable } from '../store/payouts';
import { recordChange, type Step } from '../store/states';
import { fulfilmentsOf } from '../store/fulfilments';
import { marginsOf, setMargin } from '../store/margins';
import { lockDeal, releaseExposures, stateOf, type Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';

export type DeliveryResult =
  | { outcome: 'completed' }
  /** Delivered; the release waits for the rail's statement. */
  | { outcome: 'fulfilled' }
  | { outcome: 'waiting'; state: string; clearing: string | null };

export function deliveryActivities({ db }: ActivityDeps) {
  return {
    /**
     * Goes as far as the deal allows: T6 when delivery was reported and the payment is proved, and in the same
     * transaction release and T8 when it is cleared.
     */
    async completeDelivery({ transactionId }: { transactionId: string }): Promise<DeliveryResult> {
      return inTransaction(db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (deal.marketState === 'completed') return { outcome: 'completed' };
        const delivered = (await fulfilmentsOf(trx, transactionId)).find(
          ({ status }) => status === 'delivered',
        );
        const paid = deal.clearingState === 'settled' || deal.clearingState === 'cleared';
        const open = deal.marketState === 'committed' || deal.marketState === 'fulfilled';
        if (!delivered || !paid || !open) {
          return { outcome: 'waiting', state: deal.marketState, clearing: deal.clearingState };
        }
        return advance(trx, deal, delivered.reportedBy);
      });
    },
  };
}

async function advance(trx: Trx, deal: Deal, reportedBy: string): Promise<DeliveryResult> {
  const told = {
    session_id: deal.sessionId,
    transaction_id: deal.id,
    beacon_id: deal.beaconId,
    scout_id: deal.scoutId,
  };
  const fulfilled = deal.marketState === 'fulfilled';
  const cleared = deal.clearingState === 'cleared';
  if (fulfilled && !cleared) return { outcome: 'fulfilled' };
  const steps: Step[] = [
    ...(fulfilled ? [] : [{ transition: 'T6' as const, detail: { reported_by: reportedBy } }]),
    ...(cleared ? [{ transition: 'T8' as const }] : []),
  ];
  const entries = cleared ? [await releaseEntry(trx, deal)] : [];
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps,
    actor: reportedBy,
    entries,
    events: [
      ...(fulfilled
        ? []
        : [{ type: 'transaction.fulfilled' as const, correlationId: deal.sessionId, payload: told }]),
      ...(cleared
        ? [
            { type: 'transaction.completed' as const, correlationId: deal.sessionId, payload: told },
            { type: 'session.completed' as const, correlationId: deal.sessionId, payload: told },
          ]
        : []),
    ],
    audit: { action: cleared ? 'deal.completed' : 'deal.fulfilled', detail: { reported_by: reportedBy } },
  });
  if (!cleared) return { outcome: 'fulfilled' };
  await releaseExposures(trx, deal.id);
  return { outcome: 'completed' };
}

/** The seller's proceeds, with the part of its margin that the sale itself funds kept back. */
async function releaseEntry(trx: Trx, deal: Deal) {
  const { seller } = await marginsOf(trx, deal.id);
  const proceedsMinor = deal.totalMinor - deal.feeMinor;
  const { fromCollateralMinor: reserveMinor } = fundMargin({
    requiredMinor: seller.fromSaleMinor,
    freeCollateralMinor: proceedsMinor,
    reserveAllowed: true,
  });
  await setMargin(trx, deal.id, {
    ...seller,
    fromSaleMinor: reserveMinor,
    heldMinor: seller.heldMinor + reserveMinor,
  });
  const payableMinor = proceedsMinor - reserveMinor;
  if (payableMinor > 0n) {
    await insertPayable(trx, {
      transactionId: deal.id,
      principalId: deal.sellerPrincipalId,
      asset: deal.asset,
      amountMinor: payableMinor,
    });
  }
  return release({
    transactionId: deal.id,
    seller: deal.sellerPrincipalId,
    asset: deal.asset,
    totalMinor: deal.totalMinor,
    feeMinor: deal.feeMinor,
    reserveMinor,
  });
}
