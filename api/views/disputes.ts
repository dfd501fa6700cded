import { respondentOf } from '../../domain/clearing/disputes';
import { formatMoney } from '../../domain/money';
import type { Queryable } from '../../store/db';
import { panelOf } from '../../store/dispute-panel';
import { statementsOf } from '../../store/dispute-statements';
import type { Dispute } from '../../store/disputes';
import { findRefund } from '../../store/refunds';

/** A dispute in a list. */
export function disputeSummary(dispute: Dispute, now: Date) {
  const { asset } = dispute;
  const undecided = dispute.decidedAt === null;
  return {
    dispute_id: dispute.id,
    transaction_id: dispute.transactionId,
    filed_by: dispute.filedBy,
    side: dispute.side,
    respondent: respondentOf(dispute),
    reason: dispute.reason,
    description: dispute.description,
    remedy_requested: dispute.remedyAsked,
    amount_requested: amount(dispute.amountAskedMinor, asset),
    currency: asset,
    status: dispute.status,
    overdue: undecided && now >= dispute.decisionDueAt,
    answer_due_at: dispute.answerDueAt.toISOString(),
    decision_due_at: dispute.decisionDueAt.toISOString(),
    decision:
      dispute.remedy && dispute.decidedAt
        ? {
            remedy: dispute.remedy,
            amount: amount(dispute.remedyAmountMinor, asset),
            decided_by: dispute.decidedBy ?? 'aura',
            reason: dispute.decisionReason ?? '',
            decided_at: dispute.decidedAt.toISOString(),
          }
        : null,
    created_at: dispute.createdAt.toISOString(),
    closed_at: dispute.closedAt?.toISOString() ?? null,
    evidence_url: `/v1/disputes/${dispute.id}/evidence`,
    transaction_url: `/v1/transactions/${dispute.transactionId}`,
  };
}

/** Everything about a dispute that its parties, its judges and operators see. */
export async function disputeView(db: Queryable, dispute: Dispute, now: Date) {
  const { asset } = dispute;
  const [statements, panel, refund] = await Promise.all([
    statementsOf(db, dispute.id),
    panelOf(db, dispute.id),
    dispute.refundId === null ? undefined : findRefund(db, dispute.refundId),
  ]);
  const decided = dispute.decidedAt !== null;
  return {
    ...disputeSummary(dispute, now),
    statements: statements.map(({ agentId, position, statement, exhibits, at }) => ({
      agent_id: agentId,
      position,
      statement,
      evidence: exhibits,
      at: at.toISOString(),
    })),
    panel:
      dispute.quorum === null
        ? null
        : {
            quorum: dispute.quorum,
            members: panel.map((member) => ({
              agent_id: member.memberId,
              voted: member.votedAt !== null,
              remedy: decided ? member.remedy : null,
              amount: decided ? amount(member.amountMinor, asset) : null,
              reason: decided ? member.reason : null,
            })),
          },
    refund: refund
      ? { refund_id: refund.id, amount: amount(refund.amountMinor, asset), status: refund.status }
      : null,
  };
}

function amount(amountMinor: bigint | null, asset: string): string | null {
  return amountMinor === null ? null : formatMoney({ amountMinor, asset });
}
