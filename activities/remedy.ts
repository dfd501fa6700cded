/** What becomes of a dispute: its deadlines, its decision, and the remedy. */
import { closingOf, refundOf, remedyStep, type Decision } from '../domain/clearing/disputes';
import { databaseNow } from '../store/clock';
import { inTransaction, rows, type Trx } from '../store/db';
import {
  decideDispute,
  findDispute,
  lockDispute,
  milestonesOf,
  setDisputeRefund,
  setDisputeStatus,
  toldOf,
  type Dispute,
} from '../store/disputes';
import { refundsOf } from '../store/refunds';
import { recordChange, recordEvents } from '../store/states';
import { lockDeal, releaseExposures, stateOf, type Deal } from '../store/transactions';
import { releaseEntries } from './delivery';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';
import { freeMargins } from './margin';
import { coverOpenDebts } from './recovery';
import { grantRefund, leftToRefund } from './refund-grant';

/** What the workflow does next. `changed` says that the deal has to look at its state again. */
export type DisputeStep = { transactionId: string; changed: boolean } & (
  | { next: 'look_again' }
  /** For an answer or a decision; `forMs` is null when only somebody doing something changes anything. */
  | { next: 'wait'; forMs: number | null }
  /** For the payment or its statement, which tell nobody but the deal. */
  | { next: 'wait_for_payment' }
  | { next: 'refund'; refundId: string }
  /** `payOut` where the seller's released proceeds wait for their payout. */
  | { next: 'ended'; transition: string; payOut: boolean }
);
type Next = DisputeStep extends infer Step
  ? Step extends DisputeStep
    ? Omit<Step, 'transactionId' | 'changed'> & { changed?: boolean }
    : never
  : never;

/** A dispute that nobody decides is called to mind once a day, this often. */
const MAX_REMINDERS = 5;

export function disputeActivities(deps: ActivityDeps) {
  return {
    /** Goes as far as the dispute allows right now. Running it again changes nothing. */
    async advanceDispute({ disputeId }: { disputeId: string }): Promise<DisputeStep> {
      return inTransaction(deps.db, async (trx) => {
        const known = await findDispute(trx, disputeId);
        if (!known) throw new Error(`no dispute ${disputeId}`);
        const deal = await lockDeal(trx, known.transactionId);
        const dispute = await lockDispute(trx, disputeId);
        const next = await advance(trx, deal, dispute);
        return { transactionId: deal.id, changed: false, ...next };
      });
    },
  };

  async function advance(trx: Trx, deal: Deal, dispute: Dispute): Promise<Next> {
    switch (dispute.status) {
      case 'open':
        return awaitAnswer(trx, deal, dispute);
      case 'answered':
        return awaitDecision(trx, deal, dispute);
      case 'decided':
        return carryOut(trx, deal, dispute);
      case 'closed':
        return { next: 'ended', transition: 'closed', payOut: await isPayable(trx, deal), changed: true };
    }
  }

  /** Whoever does not answer has not contested. */
  async function awaitAnswer(trx: Trx, deal: Deal, dispute: Dispute): Promise<Next> {
    const leftMs = dispute.answerDueAt.getTime() - (await databaseNow(trx)).getTime();
    if (leftMs > 0) return { next: 'wait', forMs: leftMs };
    const { remedyAsked: remedy, amountAskedMinor } = dispute;
    await decideDispute(trx, deal, dispute, {
      remedy,
      ...(amountAskedMinor !== null && { amountMinor: amountAskedMinor }),
      decidedBy: 'aura',
      reason: 'There was no answer by the deadline.',
    });
    return { next: 'look_again', changed: true };
  }

  async function awaitDecision(trx: Trx, deal: Deal, dispute: Dispute): Promise<Next> {
    const { dayMs } = deps.profiles[deal.profileId];
    const now = (await databaseNow(trx)).getTime();
    const due = dispute.decisionDueAt.getTime();
    const reminders = await remindersOf(trx, deal, dispute.id);
    const nextDue = due + reminders * dayMs;
    if (reminders >= MAX_REMINDERS) return { next: 'wait', forMs: null };
    if (now < nextDue) return { next: 'wait', forMs: nextDue - now };
    await recordEvents(trx, [
      {
        type: 'dispute.overdue',
        correlationId: deal.sessionId,
        payload: { ...toldOf(deal, dispute.id), reminder: reminders + 1 },
      },
    ]);
    return { next: 'look_again' };
  }

  async function carryOut(trx: Trx, deal: Deal, dispute: Dispute): Promise<Next> {
    switch (remedyStep(deal.clearingState)) {
      case 'unwind':
        await endDeal(trx, deal, {
          decline: 'X1',
          reason: 'disputed before anything was sent',
          details: { rule: 'disputed', dispute_id: dispute.id },
        });
        return { next: 'look_again', changed: true };
      case 'wait':
        return { next: 'wait_for_payment' };
      case 'refund': {
        if (dispute.refundId === null) await refund(trx, deal, dispute);
        // One that was granted before the dispute counts too: how it ends decides in which state the deal does.
        const pending = (await refundsOf(trx, deal.id)).find(({ status }) => status === 'pending');
        return pending ? { next: 'refund', refundId: pending.id } : close(trx, deal, dispute);
      }
      case 'nothing_to_refund':
        return close(trx, deal, dispute);
    }
  }

  /** Grants what the decision gives back, where that is anything. */
  async function refund(trx: Trx, deal: Deal, dispute: Dispute): Promise<void> {
    const amountMinor = refundOf(decisionOf(dispute), await leftToRefund(trx, deal));
    if (amountMinor === 0n) return;
    const refundId = await grantRefund(trx, deps, deal, {
      amountMinor,
      cause: 'remedy',
      reason: `decided in ${dispute.id}`,
      requestedBy: dispute.decidedBy ?? 'aura',
    });
    await setDisputeRefund(trx, dispute.id, refundId);
  }
}

function decisionOf({ id, remedy, remedyAmountMinor }: Dispute): Decision {
  if (!remedy) throw new Error(`${id} is not decided`);
  return { remedy, ...(remedyAmountMinor !== null && { amountMinor: remedyAmountMinor }) };
}

async function remindersOf(trx: Trx, deal: Deal, disputeId: string): Promise<number> {
  const [found] = await rows<{ count: string }>(
    trx,
    `SELECT count(*) FROM outbox
     WHERE correlation_id = ? AND type = 'dispute.overdue' AND payload->>'dispute_id' = ?`,
    [deal.sessionId, disputeId],
  );
  return Number(found?.count ?? 0);
}

/** T16 or T17: what is left of the seller's entitlement is released where the deal was cleared and holds it still. */
async function close(trx: Trx, deal: Deal, dispute: Dispute): Promise<Next> {
  const { fulfilledAt } = await milestonesOf(trx, deal.sessionId);
  const transition = closingOf(deal.clearingState, fulfilledAt !== null);
  if (!transition) return { next: 'wait_for_payment' };
  const unwound = transition === 'T16';
  const entries = deal.clearingState === 'cleared' ? await releaseEntries(trx, deal) : [];
  const told = toldOf(deal, dispute.id);
  const [ofDeal, ofSession] = unwound
    ? (['transaction.cancelled', 'session.cancelled'] as const)
    : (['transaction.completed', 'session.completed'] as const);
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition, key: `${transition}:${dispute.id}`, detail: { dispute_id: dispute.id } }],
    actor: 'aura',
    entries,
    events: [
      { type: ofDeal, correlationId: deal.sessionId, payload: told },
      { type: ofSession, correlationId: deal.sessionId, payload: told },
    ],
    audit: { action: 'dispute.closed', detail: { dispute_id: dispute.id, transition } },
  });
  await setDisputeStatus(trx, dispute.id, 'closed');
  if (unwound) await freeMargins(trx, deal, 'ended');
  if (entries.length > 0) await coverOpenDebts(trx, deal.sellerPrincipalId, deal.asset);
  await releaseExposures(trx, deal.id);
  return { next: 'ended', transition, payOut: await isPayable(trx, deal), changed: true };
}

async function isPayable(trx: Trx, { id }: Deal): Promise<boolean> {
  const open = await rows(trx, 'SELECT 1 FROM payables WHERE transaction_id = ? AND payout_id IS NULL', [id]);
  return open.length > 0;
}
