/** Panels: who judges a dispute together, and how each has voted. */
import type { Decision, Remedy } from '../domain/clearing/disputes';
import { rows, type Queryable, type Trx } from './db';
import { open, seal } from './vault';

export interface PanelMember {
  memberId: string;
  remedy: Remedy | null;
  amountMinor: bigint | null;
  reason: string | null;
  signature: string | null;
  votedAt: Date | null;
}

/** The members of a dispute's panel, by id. */
export async function panelOf(db: Queryable, disputeId: string): Promise<PanelMember[]> {
  const found = await rows<Omit<PanelMember, 'amountMinor'> & { amount: string | null }>(
    db,
    `SELECT member_id AS "memberId", remedy, amount_minor AS amount, reason, signature, voted_at AS "votedAt"
     FROM dispute_panel WHERE dispute_id = ? ORDER BY member_id`,
    [disputeId],
  );
  const fields = { reason: 'reason' } as const;
  await open(db, 'dispute_panel', found, fields, ({ memberId }) => `${disputeId}:${memberId}`);
  return found.map(({ amount, ...rest }) => ({
    ...rest,
    amountMinor: amount === null ? null : BigInt(amount),
  }));
}

/** Appoints the panel in place of the one before, of which nobody has voted. The dispute is locked. */
export async function appointPanel(
  trx: Trx,
  disputeId: string,
  panel: { members: readonly string[]; quorum: number },
): Promise<void> {
  await trx('dispute_panel').where({ dispute_id: disputeId }).delete();
  await trx('dispute_panel').insert(
    panel.members.map((member) => ({ dispute_id: disputeId, member_id: member })),
  );
  await trx('disputes').where({ id: disputeId }).update({ quorum: panel.quorum });
}

export async function castVote(
  trx: Trx,
  disputeId: string,
  memberId: string,
  vote: Decision & { reason: string; signature: string },
): Promise<void> {
  await trx('dispute_panel')
    .where({ dispute_id: disputeId, member_id: memberId })
    .update({
      remedy: vote.remedy,
      amount_minor: vote.amountMinor?.toString() ?? null,
      ...(await seal(
        trx,
        'dispute_panel',
        { row: `${disputeId}:${memberId}`, subject: disputeId },
        { reason: vote.reason },
      )),
      signature: vote.signature,
      voted_at: trx.fn.now(),
    });
}

/** The votes that have been cast, as decisions. */
export function votesOf(panel: readonly PanelMember[]): Decision[] {
  return panel.flatMap(({ remedy, amountMinor }) =>
    remedy === null ? [] : [{ remedy, ...(amountMinor !== null && { amountMinor }) }],
  );
}

export interface Judge {
  id: string;
  principalId: string;
  active: boolean;
}

/** Those of the agents that there are. */
export function judgesAmong(db: Queryable, ids: readonly string[]): Promise<Judge[]> {
  return rows<Judge>(
    db,
    `SELECT a.id, a.principal_id AS "principalId", a.status = 'active' AND p.status = 'active' AS active
     FROM agents a JOIN principals p ON p.id = a.principal_id WHERE a.id = ANY(?)`,
    [[...ids]],
  );
}
