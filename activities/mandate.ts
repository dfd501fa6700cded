import type { MandateAnswer } from '../domain/settlement';
import { inTransaction } from '../store/db';
import { answerMandate, findMandate } from '../store/payment-accounts';
import { recordAudit } from '../store/states';
import type { ActivityDeps } from './deps';

export function mandateActivities({ db }: ActivityDeps) {
  return {
    /** Stores the payer's answer to a request for payment. An answer that was lost leaves it requested. */
    async recordMandate(input: { mandateId: string; answer: MandateAnswer }): Promise<void> {
      await inTransaction(db, async (trx) => {
        const { mandateId, answer } = input;
        const mandate = await findMandate(trx, mandateId);
        const open = mandate?.status === 'requested' || mandate?.status === 'action_required';
        if (!mandate || !open || answer.outcome === 'unknown') return;
        await answerMandate(trx, mandateId, changeBy(answer));
        await recordAudit(trx, {
          actor: mandate.principalId,
          action: `mandate.${answer.outcome}`,
          subject: mandateId,
          detail: { rail: mandate.rail },
        });
      });
    },
  };
}

function changeBy(answer: Exclude<MandateAnswer, { outcome: 'unknown' }>) {
  switch (answer.outcome) {
    case 'accepted':
      return { status: 'accepted', reference: answer.reference } as const;
    case 'action_required':
      return { status: 'action_required', action: answer.action } as const;
    case 'rejected':
      return { status: 'rejected', refusal: `${answer.reason}: ${answer.detail}` } as const;
  }
}
