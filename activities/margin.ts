/** Margin after the commit: a call that is answered or runs out, and the steps down after delivery. */
import { decayedMargin } from '../domain/clearing/margin';
import { marginReleased } from '../domain/ledger/postings';
import { PROFILES } from '../domain/profiles';
import { inTransaction } from '../store/db';
import { postEntries } from '../store/ledger';
import { marginsOf, setMargin } from '../store/margins';
import { lockDeal } from '../store/transactions';
import { advanceToSettling, fundingOf } from './authorize';
import type { CommitResult } from './commit';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';
import { instructionOf } from '../store/instructions';
import { hasStep } from '../store/states';

export function marginActivities(deps: ActivityDeps) {
  return {
    /** After a deposit: T19 and T20 if the margin is there now. */
    async answerMarginCall({ transactionId }: { transactionId: string }): Promise<CommitResult> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (await hasStep(trx, deal.sessionId, 'T20')) {
          const instruction = await instructionOf(trx, transactionId, 'pay_in');
          if (!instruction) throw new Error(`no instruction of ${transactionId}`);
          return { outcome: 'instructed', sessionId: deal.sessionId, instruction };
        }
        return advanceToSettling(trx, deps, deal, { isCommit: false });
      });
    },

    /** X1 and T4: the call ran out. */
    async missMarginCall({ transactionId }: { transactionId: string }): Promise<void> {
      await inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (deal.clearingState !== 'risk_assessed') return;
        const margins = await marginsOf(trx, transactionId);
        const { buyer } = await fundingOf(trx, deal, margins);
        const defaulter = buyer.shortfallMinor > 0n ? deal.buyerPrincipalId : deal.sellerPrincipalId;
        await endDeal(trx, deal, {
          decline: 'X1',
          reason: 'the margin call ran out',
          details: { rule: 'margin_call', defaulter },
        });
      });
    },

    /** One day's step down of both sides' margin; answers whether any is still held. */
    async stepMargin({
      transactionId,
      day,
    }: {
      transactionId: string;
      day: number;
    }): Promise<{ held: boolean }> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        const profile = PROFILES[deal.profileId];
        const margins = await marginsOf(trx, transactionId);
        const windowDays = Math.max(profile.disputeWindowDays, deps.railTerms[deal.rail].reversalWindowDays);
        let held = false;
        for (const role of ['buyer', 'seller'] as const) {
          const margin = margins[role];
          const initialMinor = margin.collateralMinor + margin.fromSaleMinor;
          const keepMinor = decayedMargin({
            initialMinor,
            exposureMinor: deal.totalMinor,
            floorBps: profile.marginFloorBps[role],
            halfLifeDays: profile.marginHalfLifeDays,
            windowDays,
            elapsedDays: day,
          });
          held ||= keepMinor > 0n;
          if (keepMinor >= margin.heldMinor) continue;
          const entry = marginReleased({
            transactionId,
            principalId: margin.principalId,
            step: `${role}:${day}`,
            asset: deal.asset,
            amountMinor: margin.heldMinor - keepMinor,
          });
          await postEntries(trx, [entry]);
          await setMargin(trx, transactionId, { ...margin, heldMinor: keepMinor });
        }
        return { held };
      });
    },
  };
}
