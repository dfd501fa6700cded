/** Disputes as an evidence bundle holds them. */
import type { BundledDispute } from '../domain/evidence';
import { formatMoney } from '../domain/money';
import { rows, type Trx } from './db';
import { panelOf, type PanelMember } from './dispute-panel';
import { statementsOf } from './dispute-statements';
import { disputesOf, type Dispute } from './disputes';
import type { Deal } from './transactions';

export async function bundledDisputes(trx: Trx, deal: Deal): Promise<BundledDispute[]> {
  const bundled: BundledDispute[] = [];
  for (const dispute of await disputesOf(trx, deal.id)) bundled.push(await bundle(trx, deal, dispute));
  return bundled;
}

async function bundle(trx: Trx, deal: Deal, dispute: Dispute): Promise<BundledDispute> {
  return {
    dispute_id: dispute.id,
    filed_by: dispute.filedBy,
    side: dispute.side,
    reason: dispute.reason,
    remedy_requested: dispute.remedyAsked,
    amount_requested_minor: dispute.amountAskedMinor?.toString() ?? null,
    status: dispute.status,
    opened_at: dispute.createdAt.toISOString(),
    statements: (await statementsOf(trx, dispute.id)).map(
      ({ agentId, position, statement, exhibits, at }) => ({
        agent_id: agentId,
        position,
        statement,
        exhibits: [...exhibits],
        at: at.toISOString(),
      }),
    ),
    panel: await bundledPanel(trx, deal, dispute),
    decision:
      dispute.remedy && dispute.decidedAt
        ? {
            remedy: dispute.remedy,
            amount_minor: dispute.remedyAmountMinor?.toString() ?? null,
            decided_by: dispute.decidedBy ?? 'aura',
            reason: dispute.decisionReason ?? '',
            at: dispute.decidedAt.toISOString(),
          }
        : null,
    refund_id: dispute.refundId,
  };
}

/** Votes are shown only once they are counted, so that no member votes by another's. */
async function bundledPanel(trx: Trx, deal: Deal, dispute: Dispute): Promise<BundledDispute['panel']> {
  if (dispute.quorum === null) return null;
  const panel = await panelOf(trx, dispute.id);
  const counted = dispute.decidedAt === null ? [] : panel.filter(({ signature }) => signature !== null);
  const votes = [];
  for (const member of counted) {
    votes.push({
      vote: voteOf(deal, dispute.id, member),
      signature: member.signature ?? '',
      public_keys: await keysOf(trx, member.memberId),
      at: member.votedAt?.toISOString() ?? '',
    });
  }
  return { quorum: dispute.quorum, members: panel.map(({ memberId }) => memberId), votes };
}

function voteOf({ asset }: Deal, disputeId: string, member: PanelMember) {
  if (!member.remedy) throw new Error(`${member.memberId} has not voted`);
  return {
    type: 'aura.dispute-vote.v1' as const,
    dispute_id: disputeId,
    member_id: member.memberId,
    remedy: member.remedy,
    ...(member.amountMinor !== null && {
      amount: formatMoney({ amountMinor: member.amountMinor, asset }),
    }),
    reason: member.reason ?? '',
  };
}

async function keysOf(trx: Trx, agentId: string): Promise<string[]> {
  const found = await rows<{ key: string }>(
    trx,
    'SELECT public_key AS key FROM agent_keys WHERE agent_id = ? ORDER BY id',
    [agentId],
  );
  return found.map(({ key }) => key);
}
