/** The close of a netting cycle: from its deals to one position a principal, and the payers' instructions. */
import { nettingClosed } from '../domain/ledger/postings';
import {
  fit,
  MAX_DEALS_PER_CYCLE,
  MAX_DEFERRALS,
  netOf,
  payingMandate,
  positionsOf,
  transfersOf,
  type Means,
  type QueuedDeal,
} from '../domain/netting';
import { cancellationOf } from '../store/cancellations';
import { inTransaction, type Trx } from '../store/db';
import { postEntries } from '../store/ledger';
import {
  dealsOfCycle,
  deferDeals,
  lockCycle,
  openCycle,
  setCycle,
  setNettedDeals,
  type CycleMember,
  type NettingCycle,
} from '../store/netting';
import { insertPositions, meansOf } from '../store/netting-payments';
import { useMandate } from '../store/payment-accounts';
import { recordAudit, recordChange, recordEvents } from '../store/states';
import { lockDeal, stateOf, type Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { instructGross } from './netting-gross';
import { orderNetIn } from './netting-payment';

/**
 * Takes no more deals from here on. Whoever is joining has this cycle's row shared, so it is waited for; the close
 * itself then works on rows that nobody adds to.
 */
export async function beginClose(trx: Trx, cycleId: string): Promise<void> {
  const cycle = await lockCycle(trx, cycleId);
  if (cycle.status !== 'open') return;
  await setCycle(trx, cycleId, { status: 'closing', closed: true });
}

/** In one transaction: positions, a payment for each net payer, and T20 with the ledger entry for each deal. */
export async function closeCycle(deps: ActivityDeps, cycleId: string): Promise<void> {
  await inTransaction(deps.db, (trx) => beginClose(trx, cycleId));
  await inTransaction(deps.db, async (trx) => {
    const cycle = await lockCycle(trx, cycleId);
    if (cycle.status !== 'closing') return;
    const deals = await lockJoined(trx, cycle);
    const means = await meansOf(trx, cycle, principalsOf(deals.map(({ queued }) => queued)), new Map());
    const { kept } = fit(
      deals.map(({ queued }) => queued),
      means,
    );
    const netted = deals.filter(({ queued }) => kept.includes(queued));
    await leaveOut(
      trx,
      deps,
      cycle,
      deals.filter(({ queued }) => !kept.includes(queued)),
    );
    await book(trx, deps, { ...cycle, generation: 1 }, netted, means);
  });
}

interface Joined {
  deal: Deal;
  queued: CycleMember;
}

/** The deals that may settle now, locked in id order. Those that ended or are contested leave; the surplus waits. */
async function lockJoined(trx: Trx, cycle: NettingCycle): Promise<Joined[]> {
  const queue = await dealsOfCycle(trx, cycle.id, 'joined');
  const surplus = queue.slice(MAX_DEALS_PER_CYCLE).map(({ transactionId }) => transactionId);
  if (surplus.length > 0) {
    await deferDeals(trx, surplus, {
      cycleId: await openCycle(trx, cycle),
      reason: 'the cycle was full',
      counted: false,
    });
  }
  const joined: Joined[] = [];
  const first = queue.slice(0, MAX_DEALS_PER_CYCLE);
  for (const queued of first.toSorted((a, b) => (a.transactionId < b.transactionId ? -1 : 1))) {
    const deal = await lockDeal(trx, queued.transactionId);
    const ready = deal.clearingState === 'authorized' && deal.marketState === 'committed';
    if (ready && !(await cancellationOf(trx, deal.id))) joined.push({ deal, queued });
    else
      await setNettedDeals(trx, [deal.id], {
        status: 'left',
        reason: 'not to be paid at the close',
        tell: true,
      });
  }
  return joined;
}

export function principalsOf(deals: readonly QueuedDeal[]): string[] {
  return [...new Set(deals.flatMap(({ buyer, seller }) => [buyer, seller]))].sort();
}

/** What a member could not pay waits for the next cycle, a few times; then it is paid by itself. */
async function leaveOut(
  trx: Trx,
  deps: ActivityDeps,
  cycle: NettingCycle,
  deals: readonly Joined[],
): Promise<void> {
  if (deals.length === 0) return;
  const reason = "its buyer's cap or mandate did not cover it";
  const again = deals.filter(({ queued }) => queued.deferrals < MAX_DEFERRALS);
  for (const { deal, queued } of deals) {
    if (queued.deferrals >= MAX_DEFERRALS) await instructGross(trx, deps, deal, reason);
  }
  if (again.length === 0) return;
  const next = await openCycle(trx, cycle);
  const ids = again.map(({ deal }) => deal.id);
  await deferDeals(trx, ids, { cycleId: next, reason, counted: true });
  for (const subject of ids) {
    const detail = { from: cycle.id, to: next, reason };
    await recordAudit(trx, { actor: 'aura', action: 'netting.deferred', subject, detail });
  }
}

async function book(
  trx: Trx,
  deps: ActivityDeps,
  cycle: NettingCycle,
  deals: readonly Joined[],
  means: ReadonlyMap<string, Means>,
): Promise<void> {
  const queued = deals.map((joined) => joined.queued);
  const positions = positionsOf(queued);
  await setCycle(trx, cycle.id, { status: 'settling', generation: cycle.generation });
  await insertPositions(trx, cycle, positions);
  // The mandates of the payers are chosen before, and drawn on after what the deals had set aside is free again.
  const payers = positions
    .filter((position) => netOf(position) < 0n)
    .map((position) => {
      const { principalId } = position;
      const dueMinor = -netOf(position);
      const own = queued.filter(({ buyer }) => buyer === principalId);
      const mandateId = payingMandate(own, means.get(principalId) ?? noMeans(principalId), dueMinor);
      if (mandateId === undefined) throw new Error(`no mandate of ${principalId} covers its position`);
      return { principalId, dueMinor, mandateId };
    });
  for (const { deal } of deals) await useMandate(trx, deal.mandateId, -deal.totalMinor);
  const instructions = new Map<string, string>();
  for (const payer of payers) {
    for (const amountMinor of transfersOf(payer.dueMinor, largestTransfer(deps, cycle))) {
      const { instruction } = await orderNetIn(trx, deps, cycle, { ...payer, amountMinor });
      instructions.set(payer.principalId, instruction.instruction_id);
    }
  }
  // In one statement, which locks the accounts in their order: deals that join the next cycle post to the same ones.
  await postEntries(
    trx,
    queued.map((deal) => nettingClosed({ ...deal, cycleId: cycle.id, asset: cycle.asset })),
  );
  for (const { deal } of deals) await settleLater(trx, cycle, deal, instructions.get(deal.buyerPrincipalId));
  await setNettedDeals(
    trx,
    deals.map(({ deal }) => deal.id),
    { status: 'netted', tell: false },
  );
  const summary = { cycle_id: cycle.id, rail: cycle.rail, asset: cycle.asset, deals: deals.length };
  await recordEvents(trx, [{ type: 'netting.closed', correlationId: cycle.id, payload: summary }]);
  await recordAudit(trx, {
    actor: 'aura',
    action: 'netting.closed',
    subject: cycle.id,
    detail: { ...summary, payers: payers.length },
  });
}

function noMeans(principalId: string): never {
  throw new Error(`no means of ${principalId}`);
}

/** The rail's largest transfer in the books' asset. Batch rails move what the books count. */
export function largestTransfer(
  { railTerms }: Pick<ActivityDeps, 'railTerms'>,
  { rail, asset }: Pick<NettingCycle, 'rail' | 'asset'>,
): bigint {
  const { maxAmountMinor, settles } = railTerms[rail];
  const largest = settles[asset] === asset ? maxAmountMinor[asset] : undefined;
  if (largest === undefined) throw new Error(`${rail} nets no ${asset}`);
  return largest;
}

/** T20. */
async function settleLater(
  trx: Trx,
  cycle: NettingCycle,
  deal: Deal,
  instructionId: string | undefined,
): Promise<void> {
  const detail = {
    cycle_id: cycle.id,
    generation: cycle.generation,
    rail: cycle.rail,
    // Of the buyer's position. A buyer that comes out with a credit pays nothing.
    instruction_id: instructionId ?? null,
  };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'T20', detail }],
    actor: 'aura',
    events: [
      {
        type: 'transaction.settling',
        correlationId: deal.sessionId,
        payload: {
          session_id: deal.sessionId,
          transaction_id: deal.id,
          beacon_id: deal.beaconId,
          scout_id: deal.scoutId,
        },
      },
    ],
    audit: { action: 'netting.netted', detail },
  });
}
