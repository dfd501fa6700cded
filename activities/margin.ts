/** Margin after the commit: a call that is answered or runs out, and the steps down after delivery. */
import { decayedMargin } from '../domain/clearing/margin';
import { marginReleased } from '../domain/ledger/postings';
import { suspendAgent } from '../store/agents';
import { cancellationOf } from '../store/cancellations';
import { databaseNow } from '../store/clock';
import { inTransaction, type Trx } from '../store/db';
import { fulfilmentsOf } from '../store/fulfilments';
import { instructionOf } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { marginsOf, setMargin, type Margin } from '../store/margins';
import { nettingOf } from '../store/netting';
import { hasStep, recordAudit, recordEvents } from '../store/states';
import { lockDeal, type Deal } from '../store/transactions';
import { advanceToSettling, freeCollateral, fundingOf } from './authorize';
import type { CommitResult } from './commit';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';

export function marginActivities(deps: ActivityDeps) {
  return {
    /** After a deposit: T19 and T20 if the margin is there now. A deal that ended or is in dispute goes no further. */
    async answerMarginCall({
      transactionId,
    }: {
      transactionId: string;
    }): Promise<CommitResult | { outcome: 'ended' }> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (await nettingOf(trx, transactionId)) return { outcome: 'netted', sessionId: deal.sessionId };
        if (await hasStep(trx, deal.sessionId, 'T20')) {
          const instruction = await instructionOf(trx, transactionId, 'pay_in');
          if (!instruction) throw new Error(`no instruction of ${transactionId}`);
          return { outcome: 'instructed', sessionId: deal.sessionId, instruction };
        }
        if (deal.clearingState === 'declined') return { outcome: 'ended' };
        if (deal.marketState !== 'committed') {
          return { outcome: 'margin_called', sessionId: deal.sessionId, forMs: 0 };
        }
        return advanceToSettling(trx, deps, deal, { isCommit: false });
      });
    },

    /** X1 and T4: the call ran out. Whoever missed it commits to nothing more until an operator says so. */
    async missMarginCall({ transactionId }: { transactionId: string }): Promise<void> {
      await inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (deal.clearingState !== 'risk_assessed') return;
        const [margins, free] = await Promise.all([marginsOf(trx, transactionId), freeCollateral(trx, deal)]);
        const { buyer } = fundingOf(deps, deal, margins, free);
        const byBuyer = buyer.shortfallMinor > 0n;
        const defaulter = byBuyer ? deal.buyerPrincipalId : deal.sellerPrincipalId;
        await endDeal(trx, deal, {
          decline: 'X1',
          reason: 'the margin call ran out',
          details: { rule: 'margin_call', defaulter },
        });
        await suspend(trx, deal, byBuyer ? deal.scoutId : deal.beaconId);
      });
    },

    /** X1 and T5 where a party has cancelled and nothing was sent yet. */
    async cancelUnsentIfWanted({ transactionId }: { transactionId: string }): Promise<{ ended: boolean }> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (deal.clearingState === 'declined') return { ended: true };
        const unsent = deal.clearingState === 'risk_assessed' || deal.clearingState === 'authorized';
        if (!unsent || !(await cancellationOf(trx, deal.id))) return { ended: false };
        await endDeal(trx, deal, {
          decline: 'X1',
          reason: 'cancelled before anything was sent',
          details: { rule: 'cancelled' },
        });
        return { ended: true };
      });
    },
  };
}

async function suspend(trx: Trx, deal: Deal, agentId: string): Promise<void> {
  await suspendAgent(trx, agentId);
  const payload = { agent_id: agentId, transaction_id: deal.id, cause: 'missed margin call' };
  await recordEvents(trx, [{ type: 'agent.suspended', correlationId: agentId, payload }]);
  await recordAudit(trx, { actor: 'aura', action: 'agent.suspended', subject: agentId, detail: payload });
}

const ENDED_WITHOUT_WINDOWS: readonly string[] = ['cancelled', 'failed'];

/**
 * Brings both sides' margin down to what the day since delivery asks for: nothing happens before delivery or while a
 * dispute is open, and all of it is free once the deal came to nothing.
 */
export async function stepMargins(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { frozen }: { frozen: boolean },
): Promise<{ held: boolean; nextStepMs: number | null }> {
  if (ENDED_WITHOUT_WINDOWS.includes(deal.marketState)) await freeMargins(trx, deal, 'ended');
  const [margins, fulfilments, now] = await Promise.all([
    marginsOf(trx, deal.id),
    fulfilmentsOf(trx, deal.id),
    databaseNow(trx),
  ]);
  const held = margins.buyer.heldMinor + margins.seller.heldMinor > 0n;
  const deliveredAt = fulfilments.find(({ status }) => status === 'delivered')?.at;
  const from = deliveredAt ?? (deal.marketState === 'completed' ? deal.updatedAt : undefined);
  if (!held || frozen || !from) return { held, nextStepMs: null };
  const profile = deps.profiles[deal.profileId];
  const windowDays = Math.max(profile.disputeWindowDays, deps.railTerms[deal.rail].reversalWindowDays);
  const elapsedMs = Math.max(0, now.getTime() - from.getTime());
  const day = Math.floor(elapsedMs / profile.dayMs);
  // A deal whose margin may still be wanted keeps it: it steps down only once everything else is over.
  if (deal.marketState !== 'completed') return { held, nextStepMs: null };
  let left = false;
  for (const role of ['buyer', 'seller'] as const) {
    const margin = margins[role];
    const keepMinor = decayedMargin({
      initialMinor: margin.collateralMinor + margin.fromSaleMinor,
      exposureMinor: deal.totalMinor,
      floorBps: profile.marginFloorBps[role],
      halfLifeDays: profile.marginHalfLifeDays,
      windowDays,
      elapsedDays: day,
    });
    left ||= keepMinor > 0n && margin.heldMinor > 0n;
    await reduce(trx, deal, margin, { toMinor: keepMinor, step: `${role}:${day}` });
  }
  return { held: left, nextStepMs: left ? (day + 1) * profile.dayMs - elapsedMs : null };
}

/** All margin of the deal becomes free. `why` makes the entries unique. */
export async function freeMargins(trx: Trx, deal: Deal, why: string): Promise<void> {
  const margins = await marginsOf(trx, deal.id);
  for (const role of ['buyer', 'seller'] as const) {
    await reduce(trx, deal, margins[role], { toMinor: 0n, step: `${role}:${why}` });
  }
}

async function reduce(
  trx: Trx,
  deal: Deal,
  margin: Margin,
  { toMinor, step }: { toMinor: bigint; step: string },
): Promise<void> {
  if (toMinor >= margin.heldMinor) return;
  const released = marginReleased({
    transactionId: deal.id,
    principalId: margin.principalId,
    step,
    asset: deal.asset,
    amountMinor: margin.heldMinor - toMinor,
  });
  await postEntries(trx, [released]);
  await setMargin(trx, deal.id, { ...margin, heldMinor: toMinor });
}
