/** Deals that a cycle does not settle and that are paid by themselves instead. */
import { cancellationOf } from '../store/cancellations';
import type { Trx } from '../store/db';
import { setNettedDeals, type NettingCycle } from '../store/netting';
import { findMandate, useMandate } from '../store/payment-accounts';
import { recordChange, type Step } from '../store/states';
import { lockDeal, stateOf, type Deal } from '../store/transactions';
import { databaseNow } from '../store/clock';
import { instructPayIn } from './authorize';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';

const told = (deal: Deal) => ({
  session_id: deal.sessionId,
  transaction_id: deal.id,
  beacon_id: deal.beaconId,
  scout_id: deal.scoutId,
});

/** T20 with a payment of its own, for a deal that fitted into no cycle. Its mandate still has the total set aside. */
export async function instructGross(trx: Trx, deps: ActivityDeps, deal: Deal, reason: string): Promise<void> {
  const { instruction } = await instructPayIn(trx, deps, deal);
  const detail = { instruction_id: instruction.instruction_id, rail: deal.rail, reason };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'T20', detail }],
    actor: 'aura',
    events: [{ type: 'transaction.settling', correlationId: deal.sessionId, payload: told(deal) }],
    audit: { action: 'netting.gross', detail },
  });
  await setNettedDeals(trx, [deal.id], { status: 'gross', reason, tell: true });
}

/**
 * A deal falls out of a cycle that was closed, and what the close had booked is undone: X2 and X3, and a payment of its
 * own; X4 where its mandate no longer covers that, or nobody wants it any more.
 */
export async function fallOut(
  trx: Trx,
  deps: ActivityDeps,
  cycle: Pick<NettingCycle, 'id'>,
  transactionId: string,
  reason: string,
): Promise<void> {
  const deal = await lockDeal(trx, transactionId);
  const failed: Step = {
    transition: 'X2',
    key: `X2:${cycle.id}`,
    detail: { cause: reason, cycle_id: cycle.id },
  };
  if (!(await setAside(trx, deal))) {
    await endDeal(trx, deal, {
      decline: 'X4',
      reason: 'its netting cycle failed over, and it cannot be paid by itself',
      details: { rule: 'netting_failed_over', cycle_id: cycle.id, cause: reason },
      before: [failed],
      mandateFree: true,
    });
    return setNettedDeals(trx, [deal.id], { status: 'left', reason, tell: true });
  }
  const { instruction } = await instructPayIn(trx, deps, deal);
  const detail = { cycle_id: cycle.id, paid_by: instruction.instruction_id, rail: deal.rail };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [failed, { transition: 'X3', key: `X3:${cycle.id}`, detail }],
    actor: 'aura',
    events: [
      {
        type: 'transaction.exception',
        correlationId: deal.sessionId,
        payload: { ...told(deal), cause: 'netting_failed_over', detail: reason },
      },
      { type: 'transaction.settling', correlationId: deal.sessionId, payload: told(deal) },
    ],
    audit: { action: 'netting.fell_out', detail: { ...detail, reason } },
  });
  await setNettedDeals(trx, [deal.id], { status: 'gross', reason, tell: true });
}

/** Sets the total aside on the deal's mandate once more, where the deal is still wanted and the mandate allows it. */
async function setAside(trx: Trx, deal: Deal): Promise<boolean> {
  if (deal.marketState !== 'committed' || (await cancellationOf(trx, deal.id))) return false;
  const mandate = await findMandate(trx, deal.mandateId);
  const now = await databaseNow(trx);
  if (mandate?.status !== 'accepted' || mandate.expiresAt <= now) return false;
  return useMandate(trx, deal.mandateId, deal.totalMinor);
}
