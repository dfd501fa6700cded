/** What the workflow of a netting cycle calls. Each looks at the books and goes on from there, however often it runs. */
import { isBankingDay, newYorkDate } from '../domain/banking-calendar';
import type { SignedInstruction } from '../domain/settlement';
import { cancellationOf } from '../store/cancellations';
import { databaseNow } from '../store/clock';
import { inTransaction, type Trx } from '../store/db';
import { instructionOf } from '../store/instructions';
import {
  cycleToClose,
  dealsOfCycle,
  dealsTold,
  lockCycle,
  setCycle,
  setNettedDeals,
  unclearedCycles,
  untoldDeals,
  type NettingCycle,
} from '../store/netting';
import { lockNetPayment, paymentsOfCycle, payInsMatched } from '../store/netting-payments';
import { clearDeals } from '../store/reconciliation/clear';
import { lockDeal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';
import { closeCycle } from './netting-close';
import { settleNetPayment, type SettleNetPayment } from './netting-payment';
import { endCycle, failedPayers, failOver, settleCycle } from './netting-settle';

export interface NettingStep {
  /** Payments to carry out; then the cycle is to be looked at again. */
  pay: string[];
  /** Deals that have something new to read. */
  tell: string[];
  /** Whether all money was moved. */
  ended: boolean;
}

export type NettedLook =
  | { outcome: 'waiting' }
  /** It is paid by itself after all. */
  | { outcome: 'instructed'; instruction: SignedInstruction }
  | { outcome: 'over' };

const TOLD_AT_ONCE = 500;
const CLEARED_AT_ONCE = 50;

export function nettingActivities(deps: ActivityDeps) {
  return {
    /** The cycle to close, if today is a banking day; and the earlier ones that are cleared by now. */
    async cyclesDue(input: {
      rail: string;
      asset: string;
    }): Promise<{ close: string | null; clear: string[] }> {
      const today = newYorkDate(await databaseNow(deps.db));
      const clear = await unclearedCycles(deps.db, { ...input, limit: CLEARED_AT_ONCE });
      const close = isBankingDay(today) ? await cycleToClose(deps.db, input) : undefined;
      return { close: close ?? null, clear };
    },

    /** Closes the cycle, and goes on as far as its payments allow. */
    async advanceCycle({ cycleId }: { cycleId: string }): Promise<NettingStep> {
      await closeCycle(deps, cycleId);
      return inTransaction(deps.db, async (trx) => {
        await goOn(trx, await lockCycle(trx, cycleId));
        const { status } = await lockCycle(trx, cycleId);
        const pending = (await paymentsOfCycle(trx, cycleId)).filter(
          (payment) => payment.status === 'pending',
        );
        return {
          pay: pending.map(({ id }) => id),
          tell: await untoldDeals(trx, cycleId, TOLD_AT_ONCE),
          ended: status !== 'settling',
        };
      });
    },

    dealsTold: ({ transactionIds }: { transactionIds: string[] }) => dealsTold(deps.db, transactionIds),

    /** The newest instruction of a net payment: its return, where money that did not conform goes back. */
    async netPaymentInstruction({
      paymentId,
    }: {
      paymentId: string;
    }): Promise<{ instruction: SignedInstruction | null }> {
      return inTransaction(deps.db, async (trx) => {
        const { status, direction } = await lockNetPayment(trx, paymentId);
        if (status !== 'pending') return { instruction: null };
        const instruction =
          (await instructionOf(trx, paymentId, 'return')) ??
          (await instructionOf(trx, paymentId, direction === 'in' ? 'net_in' : 'net_out'));
        if (!instruction) throw new Error(`no instruction of ${paymentId}`);
        return { instruction };
      });
    },

    settleNetPayment: (input: SettleNetPayment) => settleNetPayment(deps, input),

    /** T22 for the deals of a cycle, once the statement has all that came in for it. */
    async clearCycle({ cycleId }: { cycleId: string }): Promise<{ cleared: boolean; tell: string[] }> {
      return inTransaction(deps.db, async (trx) => ({
        cleared: await clearNettedDeals(trx, cycleId),
        tell: await untoldDeals(trx, cycleId, TOLD_AT_ONCE),
      }));
    },

    /** How a deal stands whose payment a cycle is to make. A cancellation before the close ends it. */
    async lookAtNettedDeal({ transactionId }: { transactionId: string }): Promise<NettedLook> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        switch (deal.clearingState) {
          case 'authorized': {
            if (!(await cancellationOf(trx, deal.id))) return { outcome: 'waiting' };
            const reason = 'cancelled before anything was sent';
            await endDeal(trx, deal, { decline: 'X1', reason, details: { rule: 'cancelled' } });
            return { outcome: 'over' };
          }
          case 'settling':
          case 'exception': {
            const instruction = await instructionOf(trx, deal.id, 'pay_in');
            return instruction ? { outcome: 'instructed', instruction } : { outcome: 'waiting' };
          }
          default:
            return { outcome: 'over' };
        }
      });
    },
  };

  async function goOn(trx: Trx, cycle: NettingCycle): Promise<void> {
    if (cycle.status !== 'settling') return;
    const payments = await paymentsOfCycle(trx, cycle.id);
    if (payments.some(({ status }) => status === 'pending')) return;
    if (cycle.dealsSettledAt !== null) return endCycle(trx, cycle);
    const failed = await failedPayers(trx, cycle, payments);
    if (failed.length > 0) await failOver(trx, deps, cycle, payments, failed);
    else await settleCycle(trx, deps, cycle, payments);
    // What there is nothing to pay for goes on at once.
    await goOn(trx, await lockCycle(trx, cycle.id));
  }
}

/**
 * T22 for every settled deal of the cycle where the rail's statement has all payments that came into it; false where
 * it has not yet. Running it again changes nothing.
 */
export async function clearNettedDeals(trx: Trx, cycleId: string): Promise<boolean> {
  const cycle = await lockCycle(trx, cycleId);
  if (cycle.clearedAt !== null) return true;
  if (cycle.dealsSettledAt === null || !(await payInsMatched(trx, cycleId))) return false;
  const deals = await dealsOfCycle(trx, cycleId, 'settled');
  const ids = deals.map(({ transactionId }) => transactionId).sort();
  for (const id of ids) await lockDeal(trx, id);
  await clearDeals(
    trx,
    ids.map((transactionId) => ({ id: cycleId, transactionId, reference: cycleId })),
    'aura',
  );
  await setNettedDeals(trx, ids, { status: 'cleared', tell: true });
  await setCycle(trx, cycleId, { cleared: true });
  return true;
}
