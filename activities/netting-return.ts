/** A net payment that the rail takes back after it was proved. */
import { netInReturned, payoutReturned } from '../domain/ledger/postings';
import { atPar } from '../domain/par';
import type { NoticeStatement } from '../domain/settlement';
import type { Trx } from '../store/db';
import { setInstructionStatus } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { lockCycle } from '../store/netting';
import { lockNetPayment, setNetPayment, type NetPayment } from '../store/netting-payments';
import { useMandate } from '../store/payment-accounts';
import { lockPrincipals } from '../store/principals';
import { recordAudit } from '../store/states';
import type { ActivityDeps } from './deps';
import { atRailOf } from './instruct';
import { openDebt } from './recovery';

/** Answers what the notice did, and the debt it opened. */
export async function returnNetPayment(
  trx: Trx,
  deps: ActivityDeps,
  notice: { noticeId: string; paymentId: string; statement: NoticeStatement },
): Promise<{ effect: string; recoveryId?: string }> {
  const { noticeId, paymentId, statement } = notice;
  const { cycleId, asset } = await lockNetPayment(trx, paymentId);
  const cycle = await lockCycle(trx, cycleId);
  const payment = await lockNetPayment(trx, paymentId);
  if (payment.status !== 'proved') return { effect: `the net payment is ${payment.status}` };
  if (atPar(BigInt(statement.amount_minor), statement.asset, asset) !== payment.amountMinor)
    return { effect: 'part of a net payment came back; left to reconciliation' };
  await lockPrincipals(trx, [payment.principalId]);
  const cycleOpen = cycle.dealsSettledAt === null;
  const entry = payment.direction === 'in' ? netInReturned : payeesReturned;
  const feeMinor = atPar(BigInt(statement.fee_minor), statement.asset, asset);
  const posting = { ...payment, paymentId, noticeId, feeMinor, cycleOpen };
  await postEntries(trx, [entry({ ...posting, ...atRailOf(deps, payment.rail, asset) })]);
  await setNetPayment(trx, paymentId, { status: 'returned', cause: statement.reason_code, noticeId });
  await setInstructionStatus(trx, statement.instruction_id, 'reversed');
  await recordAudit(trx, {
    actor: `rail:${payment.rail}`,
    action: 'net_payment.returned',
    subject: paymentId,
    detail: { cycle_id: cycleId, reason_code: statement.reason_code, cycle_open: cycleOpen },
  });
  return payment.direction === 'in'
    ? payersReturned(trx, deps, payment, { feeMinor, cycleOpen })
    : { effect: 'the net payment came back to the free balance' };
}

function payeesReturned(posting: Parameters<typeof netInReturned>[0]) {
  return payoutReturned({ ...posting, payoutId: posting.paymentId });
}

/**
 * Before its cycle's deals were settled the payer's position is unpaid again, and the cycle fails over once the other
 * payments have ended. Later the payer owes AURA what was taken back: the payees have been paid, and their deals stand.
 */
async function payersReturned(
  trx: Trx,
  deps: ActivityDeps,
  { id, principalId, asset, amountMinor, mandateId }: NetPayment,
  { feeMinor, cycleOpen }: { feeMinor: bigint; cycleOpen: boolean },
): Promise<{ effect: string; recoveryId?: string }> {
  if (cycleOpen && mandateId !== null) await useMandate(trx, mandateId, -amountMinor);
  const effect = cycleOpen ? 'net payment returned; its cycle fails over' : 'net payment returned';
  const owedMinor = feeMinor + (cycleOpen ? 0n : amountMinor);
  if (owedMinor === 0n) return { effect };
  const { recoveryDays, dayMs } = deps.profiles.retail;
  const debt = { transactionId: null, asset, principalId, owedMinor, cause: `${id} was returned` };
  return { effect, recoveryId: await openDebt(trx, debt, recoveryDays * dayMs) };
}
