/** What a paid deal does by itself: fulfilment, release, cancellation, the delivery deadline, margin step by step. */
import { fundMargin } from '../domain/clearing/margin';
import { release, type Entry } from '../domain/ledger/postings';
import { cancellationOf, type Cancellation } from '../store/cancellations';
import { databaseNow } from '../store/clock';
import { inTransaction, type Trx } from '../store/db';
import { fulfilmentsOf } from '../store/fulfilments';
import { marginsOf, setMargin } from '../store/margins';
import { insertPayable } from '../store/payouts';
import { recoveriesOf } from '../store/recoveries';
import { refundsOf } from '../store/refunds';
import { hasDealStep, recordChange, type Step } from '../store/states';
import { lockDeal, releaseExposures, stateOf, type Deal } from '../store/transactions';
import { heldByDeal } from './clear';
import type { ActivityDeps } from './deps';
import { openDisputeOf } from '../store/disputes';
import { openDispute } from './dispute';
import { chargePenalty } from './end';
import { freeMargins, stepMargins } from './margin';
import { coverOpenDebts } from './recovery';
import { grantRefund, leftToRefund } from './refund-grant';

/** Where a deal stands, and what its workflow starts or waits for. */
export interface DealProgress {
  market: string;
  clearing: string | null;
  /** Nothing more happens by itself. */
  done: boolean;
  /** When to look again, unless something happens before; null when only something happening changes anything. */
  waitMs: number | null;
  /** Refunds that are granted and not paid yet. */
  refundIds: string[];
  /** Debts from this deal whose calls run. */
  recoveryIds: string[];
  /** A dispute that is open. */
  disputeId: string | null;
  /** Whether the seller's proceeds are to be paid out at once. */
  payOut: boolean;
}

export function deliveryActivities(deps: ActivityDeps) {
  return {
    /** Goes as far as the deal allows right now. Running it again changes nothing. */
    async advanceDeal({ transactionId }: { transactionId: string }): Promise<DealProgress> {
      return inTransaction(deps.db, async (trx) => {
        const [deal, cancellation, fulfilments, now, standing] = await Promise.all(
          lookAt(trx, transactionId),
        );
        const report = fulfilments.find(({ status }) => status === 'delivered');
        const isOpen = deal.marketState === 'committed' && isPaid(deal);
        if (isOpen && cancellation) await cancel(trx, deps, deal, cancellation);
        else if (isOpen && report) await fulfil(trx, deal, report.reportedBy);
        else if (isOpen && now.getTime() >= deliveryDueMs(deps, deal)) await missDelivery(trx, deps, deal);
        else if (deal.marketState !== 'fulfilled') return progressOf(trx, deps, deal, standing, now);
        const moved = await lockDeal(trx, transactionId);
        if (moved.marketState === 'fulfilled') await complete(trx, moved);
        const [after, since] = await Promise.all([
          lockDeal(trx, transactionId),
          standingOf(trx, transactionId),
        ]);
        return progressOf(trx, deps, after, since, now);
      });
    },
  };
}

/**
 * Where a deal stands that was paid within this transaction; undefined where something was asked of it before, and a
 * look of its own has to act on that.
 */
export async function lookOncePaid(
  trx: Trx,
  deps: ActivityDeps,
  transactionId: string,
): Promise<DealProgress | undefined> {
  const [deal, cancellation, fulfilments, now, standing] = await Promise.all(lookAt(trx, transactionId));
  const waits = deal.marketState === 'committed' && now.getTime() < deliveryDueMs(deps, deal);
  if (!waits || cancellation || fulfilments.length > 0) return undefined;
  return progressOf(trx, deps, deal, standing, now);
}

/** What a look reads, in one round trip; the deal is held from then on. */
const lookAt = (trx: Trx, transactionId: string) =>
  [
    lockDeal(trx, transactionId),
    cancellationOf(trx, transactionId),
    fulfilmentsOf(trx, transactionId),
    databaseNow(trx),
    standingOf(trx, transactionId),
  ] as const;

function isPaid({ clearingState }: Deal): boolean {
  return clearingState === 'settled' || clearingState === 'cleared' || clearingState === 'refunded';
}

const told = (deal: Deal) => ({
  session_id: deal.sessionId,
  transaction_id: deal.id,
  beacon_id: deal.beaconId,
  scout_id: deal.scoutId,
});

/** T6. */
async function fulfil(trx: Trx, deal: Deal, reportedBy: string): Promise<void> {
  if (deal.clearingState === 'refunded') return;
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'T6', detail: { reported_by: reportedBy } }],
    actor: reportedBy,
    events: [{ type: 'transaction.fulfilled', correlationId: deal.sessionId, payload: told(deal) }],
    audit: { action: 'deal.fulfilled', detail: { reported_by: reportedBy } },
  });
}

/** T8, and the seller's money where the deal still holds it. */
async function complete(trx: Trx, deal: Deal): Promise<void> {
  if (deal.clearingState !== 'cleared' && deal.clearingState !== 'refunded') return;
  // A refund under way keeps its deal from completing: it decides in which clearing state it does.
  if ((await refundsOf(trx, deal.id)).some(({ status }) => status === 'pending')) return;
  const entries = await releaseEntries(trx, deal);
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'T8' }],
    actor: 'aura',
    entries,
    events: [
      { type: 'transaction.completed', correlationId: deal.sessionId, payload: told(deal) },
      { type: 'session.completed', correlationId: deal.sessionId, payload: told(deal) },
    ],
    audit: { action: 'deal.completed', detail: { released: entries.length > 0 } },
  });
  await releaseExposures(trx, deal.id);
  await coverOpenDebts(trx, deal.sellerPrincipalId, deal.asset);
}

/**
 * The seller's proceeds, with the part of its margin that the sale itself funds kept back; empty when the deal holds
 * nothing any more. What is released is payable from then on.
 */
export async function releaseEntries(trx: Trx, deal: Deal): Promise<Entry[]> {
  const { entitlementMinor, feesDeferredMinor } = await heldByDeal(trx, deal);
  if (entitlementMinor + feesDeferredMinor === 0n) return [];
  const { seller } = await marginsOf(trx, deal.id);
  const { fromCollateralMinor: reserveMinor } = fundMargin({
    requiredMinor: seller.fromSaleMinor,
    freeCollateralMinor: entitlementMinor,
    reserveAllowed: true,
  });
  await setMargin(trx, deal.id, {
    ...seller,
    fromSaleMinor: reserveMinor,
    heldMinor: seller.heldMinor + reserveMinor,
  });
  const payableMinor = entitlementMinor - reserveMinor;
  if (payableMinor > 0n) {
    await insertPayable(trx, {
      transactionId: deal.id,
      principalId: deal.sellerPrincipalId,
      asset: deal.asset,
      amountMinor: payableMinor,
    });
  }
  return [
    release({
      transactionId: deal.id,
      seller: deal.sellerPrincipalId,
      asset: deal.asset,
      entitlementMinor,
      feesDeferredMinor,
      reserveMinor,
    }),
  ];
}

/** A paid deal is cancelled by refunding it: first the refund, and once it has reached the buyer T5 and the penalty. */
async function cancel(trx: Trx, deps: ActivityDeps, deal: Deal, wish: Cancellation): Promise<void> {
  const left = await leftToRefund(trx, deal);
  if (left > 0n) {
    await grantRefund(trx, deps, deal, {
      amountMinor: left,
      cause: 'cancellation',
      reason: wish.reason,
      requestedBy: wish.requestedBy,
    });
    return;
  }
  if (deal.clearingState !== 'refunded') return;
  // In whose words, the cancellation says: they may be personal, and history is kept for ever.
  const steps: Step[] = [{ transition: 'T5', detail: { refunded: true } }];
  const margins = await marginsOf(trx, deal.id);
  const mine = wish.principalId === deal.buyerPrincipalId ? margins.buyer : margins.seller;
  await chargePenalty(trx, deal, wish, mine);
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps,
    actor: wish.requestedBy,
    events: [
      { type: 'transaction.cancelled', correlationId: deal.sessionId, payload: told(deal) },
      { type: 'session.cancelled', correlationId: deal.sessionId, payload: told(deal) },
    ],
    audit: { action: 'deal.cancelled', detail: { refunded: true } },
  });
  await freeMargins(trx, deal, 'cancelled');
  await releaseExposures(trx, deal.id);
}

/** T13: nothing was delivered by the profile's deadline. */
async function missDelivery(trx: Trx, deps: ActivityDeps, deal: Deal): Promise<void> {
  if (deal.clearingState === 'refunded') return;
  await openDispute(trx, deps, deal, {
    side: 'aura',
    filedBy: 'aura',
    reason: 'not_delivered',
    description: 'No delivery was reported by the deadline of the profile.',
    remedyAsked: 'refund',
  });
}

function deliveryDueMs({ profiles }: ActivityDeps, deal: Deal): number {
  const { deliveryWindowDays, dayMs } = profiles[deal.profileId];
  return deal.createdAt.getTime() + deliveryWindowDays * dayMs;
}

const OVER: readonly string[] = ['completed', 'cancelled', 'failed'];

/** What is under way around a deal. */
async function standingOf(trx: Trx, transactionId: string) {
  const [refunds, recoveries, dispute, released] = await Promise.all([
    refundsOf(trx, transactionId),
    recoveriesOf(trx, transactionId),
    openDisputeOf(trx, transactionId),
    hasDealStep(trx, transactionId, 'T8'),
  ]);
  return { refunds, recoveries, dispute, released };
}

async function progressOf(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { refunds, recoveries, dispute, released }: Awaited<ReturnType<typeof standingOf>>,
  now: Date,
): Promise<DealProgress> {
  const refundIds = refunds.filter(({ status }) => status === 'pending').map(({ id }) => id);
  const called = recoveries.filter(({ status }) => status === 'called');
  const over = OVER.includes(deal.marketState);
  const margin = await stepMargins(trx, deps, deal, { frozen: dispute !== undefined });
  const awaitsDelivery = deal.marketState === 'committed' && isPaid(deal);
  const waits = [
    ...(margin.nextStepMs === null ? [] : [margin.nextStepMs]),
    ...(awaitsDelivery ? [Math.max(0, deliveryDueMs(deps, deal) - now.getTime())] : []),
  ];
  return {
    market: deal.marketState,
    clearing: deal.clearingState,
    done: over && !margin.held && refundIds.length === 0,
    waitMs: waits.length > 0 ? Math.min(...waits) : null,
    refundIds,
    recoveryIds: called.map(({ id }) => id),
    disputeId: dispute?.id ?? null,
    payOut: released,
  };
}
