/** What tests of netting look at: a cycle's positions, a deal's way, and the laws. */
import { netOf } from '../../domain/netting';
import { noticeActivities } from '../../activities/notice';
import { inTransaction, type Db } from '../../store/db';
import { instructionOf } from '../../store/instructions';
import { balancesOf, checkLedger } from '../../store/ledger';
import { findCycle, nettingOf } from '../../store/netting';
import { nettingFaults } from '../../store/netting-audit';
import { positionsOfCycle } from '../../store/netting-payments';
import { storeNotices } from '../../store/notices';
import { findMandate } from '../../store/payment-accounts';
import { stateHistory } from '../../store/states';
import type { Deal } from '../../store/transactions';
import { usd } from './factories';
import type { Member, Netting } from './netting';

/** `netting` is asked for only while tests run. */
export function nettingViews(db: () => Db, netting: () => Netting) {
  /** The cycle of a deal; the first that is asked for in a test starts afresh. */
  async function cycleOf({ id }: Deal): Promise<string> {
    return (await nettingOf(db(), id))?.cycleId ?? 'none';
  }

  async function transitionsOf({ sessionId }: Deal): Promise<string[]> {
    const history = await stateHistory(db(), sessionId);
    return history
      .map(({ transition }) => transition)
      .slice(history.findIndex((h) => h.transition === 'T19'));
  }

  async function balanceOf({ principal }: Member, kind: string): Promise<bigint> {
    const found = await balancesOf(db(), principal.id);
    return found.find((balance) => balance.kind === kind)?.balanceMinor ?? 0n;
  }

  const used = async ({ mandateId }: Member) => (await findMandate(db(), mandateId))?.usedMinor;

  async function netsOf(cycleId: string): Promise<Map<string, bigint>> {
    const cycle = await findCycle(db(), cycleId);
    if (!cycle) throw new Error('no cycle');
    return new Map(
      (await positionsOfCycle(db(), cycle)).map((position) => [position.principalId, netOf(position)]),
    );
  }

  async function expectLaws() {
    expect(await nettingFaults(db())).toEqual([]);
    expect(await checkLedger(db())).toMatchObject({ balanced: true });
  }

  /** a buys from b, b from c, c from a: 100, 70 and 20, with a fee of 1.00 each. */
  async function triangle() {
    const [a, b, c] = [await netting().aMember(), await netting().aMember(), await netting().aMember()];
    const fee = usd('1.00');
    const ab = await netting().aDeal(a, b, usd('100.00'), { fee });
    const bc = await netting().aDeal(b, c, usd('70.00'), { fee });
    const ca = await netting().aDeal(c, a, usd('20.00'), { fee });
    return { a, b, c, ab: ab.deal, bc: bc.deal, ca: ca.deal, cycleId: await cycleOf(ab.deal) };
  }

  const pays = (instruction: Parameters<Netting['executed']>[0]) => netting().executed(instruction, {});

  /** The rail's notice that a net payment went back; applied twice. */
  async function returned(paymentId: string) {
    const instruction = await instructionOf(db(), paymentId, 'net_in');
    if (!instruction) throw new Error('nothing was instructed');
    const notice = await netting().notice(instruction.instruction, 'R01');
    await inTransaction(db(), (trx) => storeNotices(trx, [notice]));
    const activities = noticeActivities(netting().deps);
    const [noticeId = ''] = await activities.openNotices({ rail: 'ach' });
    const effect = await activities.applyNotice({ noticeId });
    expect(await activities.applyNotice({ noticeId })).toEqual({});
    return effect;
  }

  return { cycleOf, transitionsOf, balanceOf, used, netsOf, expectLaws, triangle, pays, returned };
}
