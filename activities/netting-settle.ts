/** A closed cycle once its payers' answers are there: T21 for its deals and the payees' payments, or a new close. */
import { nettingUndone } from '../domain/ledger/postings';
import {
  fit,
  netOf,
  outstandingOf,
  payingMandate,
  positionsOf,
  transfersOf,
  type Means,
  type Moved,
  type QueuedDeal,
} from '../domain/netting';
import type { Trx } from '../store/db';
import { postEntries } from '../store/ledger';
import {
  dealsOfCycle,
  setCycle,
  setNettedDeals,
  type CycleMember,
  type NettingCycle,
} from '../store/netting';
import {
  insertPositions,
  meansOf,
  movedBy,
  positionsOfCycle,
  type NetPayment,
} from '../store/netting-payments';
import { payoutAccount } from '../store/payment-accounts';
import { recordAudit, recordChange, recordEvents } from '../store/states';
import { lockDeal, stateOf } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { largestTransfer, principalsOf } from './netting-close';
import { fallOut } from './netting-gross';
import { orderNetIn, orderNetOut } from './netting-payment';

/** Whose position the proved payments do not cover. All payments of the cycle have ended. */
export async function failedPayers(
  trx: Trx,
  cycle: NettingCycle,
  payments: readonly NetPayment[],
): Promise<string[]> {
  const outstanding = outstandingOf(await positionsOfCycle(trx, cycle), movedBy(payments));
  return [...outstanding].filter(([, minor]) => minor < 0n).map(([principalId]) => principalId);
}

/** Everybody has paid: T21 for each deal, and what is owed to the payees is sent. */
export async function settleCycle(
  trx: Trx,
  deps: ActivityDeps,
  cycle: NettingCycle,
  payments: readonly NetPayment[],
): Promise<void> {
  const deals = await dealsOfCycle(trx, cycle.id, 'netted');
  for (const { transactionId } of inIdOrder(deals)) await settleDeal(trx, cycle, transactionId);
  const ids = deals.map(({ transactionId }) => transactionId);
  await setNettedDeals(trx, ids, { status: 'settled', tell: true });
  const outstanding = outstandingOf(await positionsOfCycle(trx, cycle), movedBy(payments));
  for (const [principalId, owedMinor] of outstanding) {
    const account = await payoutAccount(trx, principalId, [cycle.rail], cycle.asset);
    for (const amountMinor of transfersOf(owedMinor, largestTransfer(deps, cycle)))
      await orderNetOut(trx, deps, cycle, { principalId, accountId: account?.id ?? null, amountMinor });
  }
  await setCycle(trx, cycle.id, { dealsSettled: true });
  await tell(trx, cycle, 'netting.settled', { deals: ids.length });
}

async function settleDeal(trx: Trx, cycle: NettingCycle, transactionId: string): Promise<void> {
  const deal = await lockDeal(trx, transactionId);
  const detail = {
    cycle_id: cycle.id,
    generation: cycle.generation,
    positions: [deal.buyerPrincipalId, deal.sellerPrincipalId],
  };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'T21', detail }],
    actor: 'aura',
    events: (['transaction.settled', 'transaction.payment_captured'] as const).map((type) => ({
      type,
      correlationId: deal.sessionId,
      payload: {
        session_id: deal.sessionId,
        transaction_id: deal.id,
        beacon_id: deal.beaconId,
        scout_id: deal.scoutId,
        rail: deal.rail,
      },
    })),
    audit: { action: 'deal.settled', detail },
  });
}

/**
 * The cycle is closed anew without the deals of those who failed, and without the purchases that somebody cannot pay
 * for after that. What was paid is kept; what is missing is paid in addition.
 */
export async function failOver(
  trx: Trx,
  deps: ActivityDeps,
  cycle: NettingCycle,
  payments: readonly NetPayment[],
  failed: readonly string[],
): Promise<void> {
  const deals = await dealsOfCycle(trx, cycle.id, 'netted');
  for (const { transactionId } of inIdOrder(deals)) await lockDeal(trx, transactionId);
  const { staying, means } = await whoStays(trx, cycle, deals, failed, movedBy(payments));
  const leaving = deals.filter((deal) => !staying.includes(deal));
  const next = { ...cycle, generation: cycle.generation + 1 };
  const positions = positionsOf(staying);
  await setCycle(trx, cycle.id, { generation: next.generation });
  await insertPositions(trx, next, positions);
  for (const position of positions) {
    const mine = means.get(position.principalId);
    const dueMinor = -netOf(position) - (mine?.paidMinor ?? 0n);
    if (!mine || dueMinor <= 0n) continue;
    const mandateId = payingMandate([], mine, dueMinor);
    if (mandateId === undefined) throw new Error(`no mandate of ${position.principalId} covers its position`);
    const { principalId } = position;
    for (const amountMinor of transfersOf(dueMinor, largestTransfer(deps, cycle)))
      await orderNetIn(trx, deps, next, { principalId, mandateId, amountMinor });
  }
  await postEntries(
    trx,
    leaving.map((deal) => nettingUndone({ ...deal, cycleId: cycle.id, asset: cycle.asset })),
  );
  const reason = `net payments failed: ${failed.length}`;
  for (const { transactionId } of inIdOrder(leaving)) await fallOut(trx, deps, cycle, transactionId, reason);
  await tell(trx, cycle, 'netting.failed_over', { generation: next.generation, deals: leaving.length });
}

async function whoStays(
  trx: Trx,
  cycle: NettingCycle,
  deals: readonly CycleMember[],
  failed: readonly string[],
  moved: ReadonlyMap<string, Moved>,
): Promise<{ staying: readonly QueuedDeal[]; means: ReadonlyMap<string, Means> }> {
  const others = deals.filter(({ buyer, seller }) => !failed.includes(buyer) && !failed.includes(seller));
  const means = await meansOf(trx, cycle, principalsOf(others), moved);
  const fitted = fit(
    others.map((deal) => ({ ...deal, reservedOn: null })),
    means,
  );
  const kept = new Set(fitted.kept.map(({ transactionId }) => transactionId));
  return { staying: others.filter(({ transactionId }) => kept.has(transactionId)), means };
}

/** All that the cycle had to move has been moved. */
export async function endCycle(trx: Trx, cycle: NettingCycle): Promise<void> {
  const nothing = (await positionsOfCycle(trx, cycle)).length === 0;
  const fellOut = nothing && cycle.generation > 1;
  await setCycle(trx, cycle.id, {
    status: fellOut ? 'failed_over' : 'settled',
    ...(nothing && { cleared: true }),
  });
}

async function tell(
  trx: Trx,
  cycle: NettingCycle,
  type: 'netting.settled' | 'netting.failed_over',
  about: Record<string, unknown>,
): Promise<void> {
  const payload = { cycle_id: cycle.id, rail: cycle.rail, asset: cycle.asset, ...about };
  await recordEvents(trx, [{ type, correlationId: cycle.id, payload }]);
  await recordAudit(trx, { actor: 'aura', action: type, subject: cycle.id, detail: payload });
}

function inIdOrder<Deal extends QueuedDeal>(deals: readonly Deal[]): Deal[] {
  return deals.toSorted((a, b) => (a.transactionId < b.transactionId ? -1 : 1));
}
