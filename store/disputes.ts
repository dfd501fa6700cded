/** Disputes of deals. Whoever changes one has locked its deal first. */
import {
  disputeDeadlines,
  filingOf,
  remedyByDefault,
  type Decision,
  type DisputeReason,
  type DisputeSide,
  type DisputeStatus,
  type Remedy,
} from '../domain/clearing/disputes';
import { newId } from '../domain/ids';
import type { MarketProfile } from '../domain/profiles';
import { databaseNow } from './clock';
import { rows, type Queryable, type Trx } from './db';
import { addStatement, type Exhibit } from './dispute-statements';
import { recordChange } from './states';
import { stateOf, type Deal } from './transactions';
import { open, seal } from './vault';

export interface Dispute {
  id: string;
  transactionId: string;
  /** The deal's. */
  asset: string;
  /** The agent, or `aura`. */
  filedBy: string;
  side: DisputeSide;
  reason: DisputeReason;
  description: string;
  remedyAsked: Remedy;
  amountAskedMinor: bigint | null;
  status: DisputeStatus;
  answerDueAt: Date;
  decisionDueAt: Date;
  /** How many of the panel must agree; null while there is no panel. */
  quorum: number | null;
  remedy: Remedy | null;
  remedyAmountMinor: bigint | null;
  decidedBy: string | null;
  decisionReason: string | null;
  refundId: string | null;
  createdAt: Date;
  decidedAt: Date | null;
  closedAt: Date | null;
}

type Row = Omit<Dispute, 'amountAskedMinor' | 'remedyAmountMinor'> & {
  asked: string | null;
  granted: string | null;
};
const COLUMNS = `d.id, d.transaction_id AS "transactionId",
  (SELECT o.asset FROM transactions o WHERE o.id = d.transaction_id) AS asset, d.filed_by AS "filedBy", d.side, d.reason, d.description,
  d.remedy_asked AS "remedyAsked", d.amount_asked_minor AS asked, d.status, d.answer_due_at AS "answerDueAt",
  d.decision_due_at AS "decisionDueAt", d.quorum, d.remedy, d.remedy_amount_minor AS granted,
  d.decided_by AS "decidedBy", d.decision_reason AS "decisionReason", d.refund_id AS "refundId",
  d.created_at AS "createdAt", d.decided_at AS "decidedAt", d.closed_at AS "closedAt"`;

function toDispute({ asked, granted, ...rest }: Row): Dispute {
  const minor = (value: string | null) => (value === null ? null : BigInt(value));
  return { ...rest, amountAskedMinor: minor(asked), remedyAmountMinor: minor(granted) };
}

async function toDisputes(db: Queryable, found: Row[]): Promise<Dispute[]> {
  const fields = { description: 'description', decisionReason: 'decision_reason' } as const;
  return (await open(db, 'disputes', found, fields, ({ id }) => id)).map(toDispute);
}

export async function findDispute(db: Queryable, id: string): Promise<Dispute | undefined> {
  const found = await rows<Row>(db, `SELECT ${COLUMNS} FROM disputes d WHERE d.id = ?`, [id]);
  return (await toDisputes(db, found))[0];
}

/** The dispute, locked. The deal is locked first, as everywhere. */
export async function lockDispute(trx: Trx, id: string): Promise<Dispute> {
  const found = await rows<Row>(trx, `SELECT ${COLUMNS} FROM disputes d WHERE d.id = ? FOR UPDATE`, [id]);
  const [dispute] = await toDisputes(trx, found);
  if (!dispute) throw new Error(`no dispute ${id}`);
  return dispute;
}

/** Every dispute of a deal, oldest first. */
export async function disputesOf(db: Queryable, transactionId: string): Promise<Dispute[]> {
  const found = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM disputes d WHERE d.transaction_id = ? ORDER BY d.created_at, d.id`,
    [transactionId],
  );
  return toDisputes(db, found);
}

export async function openDisputeOf(db: Queryable, transactionId: string): Promise<Dispute | undefined> {
  const found = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM disputes d WHERE d.transaction_id = ? AND d.closed_at IS NULL`,
    [transactionId],
  );
  return (await toDisputes(db, found))[0];
}

/** Whether a dispute of the deal waits for its decision or its remedy. */
export async function hasOpenDispute(db: Queryable, transactionId: string): Promise<boolean> {
  return (await openDisputeOf(db, transactionId)) !== undefined;
}

export interface DisputeFilter {
  status?: DisputeStatus | 'overdue';
  /** Only disputes of deals of this agent, and those it sits on the panel of. */
  agentId?: string;
  limit: number;
}

/** Disputes with the oldest deadline first. */
export async function listDisputes(db: Queryable, filter: DisputeFilter): Promise<Dispute[]> {
  const found = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM disputes d JOIN transactions t ON t.id = d.transaction_id
     WHERE (:status::text IS NULL OR d.status = :status
         OR (:status = 'overdue' AND d.status IN ('open', 'answered') AND d.decision_due_at <= now()))
       AND (:agent::text IS NULL OR t.scout_id = :agent OR t.beacon_id = :agent
         OR EXISTS (SELECT 1 FROM dispute_panel m WHERE m.dispute_id = d.id AND m.member_id = :agent))
     ORDER BY d.decision_due_at, d.id LIMIT :limit`,
    { status: filter.status ?? null, agent: filter.agentId ?? null, limit: filter.limit },
  );
  return toDisputes(db, found);
}

export interface Filing {
  /** Locked, as it stands now. */
  deal: Deal;
  side: DisputeSide;
  reason: DisputeReason;
  profile: Pick<MarketProfile, 'dayMs' | 'disputeAnswerDays' | 'disputeDecisionDays'>;
  /** A new one where it is left out. */
  id?: string;
  /** The agent that files; AURA itself by default. */
  filedBy?: string;
  /** What happened, in words; not part of events or of the audit. */
  description: string;
  /** By default what AURA asks for on this reason. */
  remedy?: Remedy;
  amountMinor?: bigint;
  exhibits?: readonly Exhibit[];
}

/**
 * Opens a dispute and takes the deal to `disputed` (T13, T7 or T15) in the caller's transaction. Where one is open
 * already, that is the one. Undefined where the deal's state takes no dispute. Whether a party may still file (the window)
 * is for the caller to have checked. The caller starts the workflow `dispute` with the dispute's id.
 */
export async function openDispute(trx: Trx, filing: Filing): Promise<Dispute | undefined> {
  const { deal, side, reason, filedBy = 'aura', description, exhibits = [] } = filing;
  const known = await openDisputeOf(trx, deal.id);
  if (known) return known;
  const now = await databaseNow(trx);
  const opening = filingOf(stateOf(deal), { now, windowEndsAt: new Date(now.getTime() + 1) });
  if ('problem' in opening) return undefined;
  const id = filing.id ?? newId('dispute');
  const remedy = filing.remedy ?? remedyByDefault(reason);
  const { answerMs, decisionMs } = disputeDeadlines(filing.profile);
  await trx('disputes').insert({
    id,
    transaction_id: deal.id,
    filed_by: filedBy,
    side,
    reason,
    ...(await seal(trx, 'disputes', { row: id, subject: id }, { description })),
    remedy_asked: remedy,
    amount_asked_minor: filing.amountMinor?.toString() ?? null,
    answer_due_at: new Date(now.getTime() + answerMs),
    decision_due_at: new Date(now.getTime() + decisionMs),
  });
  await addStatement(trx, {
    disputeId: id,
    agentId: filedBy,
    position: 'claim',
    statement: description,
    exhibits,
  });
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      {
        transition: opening.transition,
        key: `${opening.transition}:${id}`,
        detail: { dispute_id: id, side, reason },
      },
    ],
    actor: filedBy,
    events: [
      {
        type: 'dispute.opened',
        correlationId: deal.sessionId,
        payload: { ...toldOf(deal, id), side, reason },
      },
    ],
    audit: { action: 'dispute.opened', detail: { dispute_id: id, side, reason, remedy } },
  });
  return lockDispute(trx, id);
}

/** Ids that every event about a dispute carries. */
export function toldOf(deal: Deal, disputeId: string) {
  return {
    session_id: deal.sessionId,
    transaction_id: deal.id,
    beacon_id: deal.beaconId,
    scout_id: deal.scoutId,
    dispute_id: disputeId,
  };
}

/** T14: the decision stands, and the remedy can be carried out. The deal and its dispute are locked. */
export async function decideDispute(
  trx: Trx,
  deal: Deal,
  dispute: Dispute,
  decision: Decision & { decidedBy: string; reason: string },
): Promise<void> {
  const { remedy, amountMinor, decidedBy, reason } = decision;
  await trx('disputes')
    .where({ id: dispute.id })
    .update({
      status: 'decided',
      remedy,
      remedy_amount_minor: amountMinor?.toString() ?? null,
      decided_by: decidedBy,
      ...(await seal(trx, 'disputes', { row: dispute.id, subject: dispute.id }, { decision_reason: reason })),
      decided_at: trx.fn.now(),
    });
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'T14', key: `T14:${dispute.id}`, detail: { dispute_id: dispute.id, remedy } }],
    actor: decidedBy,
    events: [
      {
        type: 'dispute.resolved',
        correlationId: deal.sessionId,
        payload: {
          ...toldOf(deal, dispute.id),
          remedy,
          amount_minor: amountMinor?.toString() ?? null,
          asset: deal.asset,
        },
      },
    ],
    audit: {
      action: 'dispute.decided',
      detail: { dispute_id: dispute.id, remedy, amount_minor: amountMinor?.toString() ?? null },
    },
  });
}

export async function setDisputeStatus(
  trx: Trx,
  id: string,
  status: Extract<DisputeStatus, 'answered' | 'closed'>,
): Promise<void> {
  await trx('disputes')
    .where({ id })
    .update({ status, ...(status === 'closed' && { closed_at: trx.fn.now() }) });
}

export async function setDisputeRefund(trx: Trx, id: string, refundId: string): Promise<void> {
  await trx('disputes').where({ id }).update({ refund_id: refundId });
}

/** When the deal was fulfilled and first settled; null where it was not. */
export async function milestonesOf(
  db: Queryable,
  sessionId: string,
): Promise<{ fulfilledAt: Date | null; settledAt: Date | null }> {
  const [found] = await rows<{ fulfilledAt: Date | null; settledAt: Date | null }>(
    db,
    `SELECT min(at) FILTER (WHERE to_state = 'fulfilled') AS "fulfilledAt",
       min(at) FILTER (WHERE to_state = 'settled') AS "settledAt" FROM state_history WHERE session_id = ?`,
    [sessionId],
  );
  return found ?? { fulfilledAt: null, settledAt: null };
}
