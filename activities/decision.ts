/** Operators' decisions about payments that are no deal's pay-in. */
import type { RailAnswer } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import { inTransaction } from '../store/db';
import { takeDecision } from '../store/exceptions';
import { findRefund } from '../store/refunds';
import type { ActivityDeps } from './deps';

export function decisionActivities({ db }: ActivityDeps) {
  return {
    /** The decision that waits, as the answer it stands for; without one the rail is asked again. */
    async takeDecisionAbout({ subjectId }: { subjectId: string }): Promise<{ answer?: RailAnswer }> {
      return inTransaction(db, async (trx) => {
        const decision = await takeDecision(trx, subjectId);
        if (decision?.action !== 'confirm_unexecuted') return {};
        const now = await databaseNow(trx);
        const detail = `operator ${decision.operatorId}: ${decision.reason}`;
        return { answer: { outcome: 'not_found', detail, as_of: now.toISOString() } };
      });
    },

    async refundEnded({ refundId }: { refundId: string }): Promise<{ transactionId: string }> {
      const refund = await findRefund(db, refundId);
      if (!refund) throw new Error(`no refund ${refundId}`);
      return { transactionId: refund.transactionId };
    },
  };
}
