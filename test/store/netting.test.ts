/** Netting cycles on the real database: the close, its payments, falling out, and everything run twice. */
import fc from 'fast-check';
import { noticeActivities } from '../../activities/notice';
import { clearNettedDeals } from '../../activities/netting';
import { newId } from '../../domain/ids';
import { netOf, positionsOf } from '../../domain/netting';
import { inTransaction, rows } from '../../store/db';
import { balancesOf, checkLedger, dealBalances } from '../../store/ledger';
import { instructionOf } from '../../store/instructions';
import { dealsOfCycle, findCycle, nettingOf } from '../../store/netting';
import { nettingFaults } from '../../store/netting-audit';
import { paymentsOfCycle, positionsOfCycle } from '../../store/netting-payments';
import { insertCancellation } from '../../store/cancellations';
import { storeNotices } from '../../store/notices';
import { findMandate } from '../../store/payment-accounts';
import { stateHistory } from '../../store/states';
import type { Deal } from '../../store/transactions';
import { describeWithDatabase } from '../support/database';
import { createNetting, rejected, usd, type Member, type Netting } from '../support/netting';

jest.setTimeout(120_000);

describeWithDatabase('netting', (database) => {
  let netting: Netting;
  const db = () => database().db;

  beforeAll(async () => {
    netting = await createNetting(db());
  });

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
    const [a, b, c] = [await netting.aMember(), await netting.aMember(), await netting.aMember()];
    const fee = usd('1.00');
    const ab = await netting.aDeal(a, b, usd('100.00'), { fee });
    const bc = await netting.aDeal(b, c, usd('70.00'), { fee });
    const ca = await netting.aDeal(c, a, usd('20.00'), { fee });
    return { a, b, c, ab: ab.deal, bc: bc.deal, ca: ca.deal, cycleId: await cycleOf(ab.deal) };
  }

  const pays = (instruction: Parameters<Netting['executed']>[0]) => netting.executed(instruction, {});

  it('pays three deals of a ring with one payment in and two out, and clears them by the statement', async () => {
    const { a, b, c, ab, bc, ca, cycleId } = await triangle();
    expect([ab, bc, ca].map(({ clearingState }) => clearingState)).toEqual(Array(3).fill('authorized'));

    const first = await netting.activities.advanceCycle({ cycleId });
    expect(await netsOf(cycleId)).toEqual(
      new Map([
        [a.principal.id, -8_100n],
        [b.principal.id, 2_900n],
        [c.principal.id, 4_900n],
      ]),
    );
    expect(first.pay).toHaveLength(1);
    const [payIn] = await paymentsOfCycle(db(), cycleId);
    expect(payIn).toMatchObject({ principalId: a.principal.id, direction: 'in', amountMinor: 8_100n });
    expect(await used(a)).toBe(8_100n);
    expect(await used(b)).toBe(0n);
    const [t20] = (await stateHistory(db(), ab.sessionId)).filter(({ transition }) => transition === 'T20');
    const instruction = await instructionOf(db(), payIn?.id ?? '', 'net_in');
    expect(t20?.detail).toMatchObject({
      cycle_id: cycleId,
      instruction_id: instruction?.instruction.instruction_id,
    });
    expect(await dealBalances(db(), ab.id)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ owner: a.principal.id, kind: 'obligation', balanceMinor: 0n }),
        expect.objectContaining({ owner: b.principal.id, kind: 'netting', balanceMinor: 9_900n }),
      ]),
    );

    await netting.runOut(cycleId, pays);
    expect(await findCycle(db(), cycleId)).toMatchObject({ status: 'settled', generation: 1 });
    const payments = await paymentsOfCycle(db(), cycleId);
    expect(payments.map(({ direction, status }) => `${direction} ${status}`).sort()).toEqual([
      'in proved',
      'out proved',
      'out proved',
    ]);
    expect(await transitionsOf(ab)).toEqual(['T19', 'T20', 'T21']);

    expect(await netting.activities.clearCycle({ cycleId })).toEqual({
      cleared: true,
      tell: [ab.id, bc.id, ca.id],
    });
    expect(await transitionsOf(ca)).toEqual(['T19', 'T20', 'T21', 'T22']);
    expect(await netting.activities.lookAtNettedDeal({ transactionId: ca.id })).toEqual({ outcome: 'over' });
    await expectLaws();
  });

  it('pays nobody out before everybody has paid in', async () => {
    const [a, b, c] = [await netting.aMember(), await netting.aMember(), await netting.aMember()];
    const { deal } = await netting.aDeal(a, c, usd('10.00'));
    await netting.aDeal(b, c, usd('10.00'));
    const cycleId = await cycleOf(deal);
    const { pay } = await netting.activities.advanceCycle({ cycleId });
    expect(pay).toHaveLength(2);
    expect(await netting.answer(pay[0] ?? '', pays)).toBe('proved');
    expect((await netting.activities.advanceCycle({ cycleId })).pay).toEqual(pay.slice(1));
    expect((await netting.deal(deal.id)).clearingState).toBe('settling');
    expect(await netting.answer(pay[1] ?? '', pays)).toBe('proved');
    const out = await netting.activities.advanceCycle({ cycleId });
    expect(out.pay).toHaveLength(1);
    expect((await netting.deal(deal.id)).clearingState).toBe('settled');
    await netting.runOut(cycleId, pays);
    await expectLaws();
  });

  it('does not clear before the statement has what came in', async () => {
    const { ab, cycleId } = await triangle();
    await netting.runOut(cycleId, (instruction) => netting.executed(instruction));
    expect(await netting.activities.clearCycle({ cycleId })).toMatchObject({ cleared: false });
    expect((await netting.deal(ab.id)).clearingState).toBe('settled');
    expect(await inTransaction(db(), (trx) => clearNettedDeals(trx, cycleId))).toBe(false);
  });

  it('leaves outsiders, other profiles and capped buyers to be paid one by one', async () => {
    const [member, other] = [await netting.aMember(), await netting.aMember()];
    const outsider = await netting.aMember({ joined: false });
    const capped = await netting.aMember({ cap: usd('5.00') });
    const outcomes = [
      await netting.aDeal(member, outsider, usd('10.00')),
      await netting.aDeal(outsider, member, usd('10.00')),
      await netting.aDeal(member, other, usd('10.00'), { profileId: 'retail' }),
      await netting.aDeal(capped, member, usd('5.01')),
      await netting.aDeal(capped, member, usd('5.00')),
    ];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'instructed',
      'instructed',
      'instructed',
      'instructed',
      'netted',
    ]);
    expect(outcomes[0]?.deal.clearingState).toBe('settling');
    const last = outcomes.at(-1)?.deal;
    await netting.runOut(last ? await cycleOf(last) : '', pays);
  });

  it('moves what a cap does not cover to the next cycle, and pays it by itself after three', async () => {
    const capped = await netting.aMember({ cap: usd('100.00') });
    const seller = await netting.aMember();
    const { deal: older } = await netting.aDeal(capped, seller, usd('60.00'));
    const { deal: newer } = await netting.aDeal(capped, seller, usd('60.00'));
    const cycleId = await cycleOf(older);
    await netting.runOut(cycleId, pays);
    expect((await netting.deal(older.id)).clearingState).toBe('settled');
    expect((await netting.deal(newer.id)).clearingState).toBe('authorized');
    const next = await cycleOf(newer);
    expect(next).not.toBe(cycleId);
    expect(await used(capped)).toBe(12_000n);

    await db()('netting_deals').where({ transaction_id: newer.id }).update({ deferrals: 3 });
    await db()('netting_memberships')
      .where({ principal_id: capped.principal.id })
      .update({ debit_cap_minor: '100' });
    const step = await netting.activities.advanceCycle({ cycleId: next });
    expect(step.tell).toEqual([newer.id]);
    expect(await netting.activities.lookAtNettedDeal({ transactionId: newer.id })).toMatchObject({
      outcome: 'instructed',
      instruction: { instruction: { kind: 'pay_in', amount_minor: '6000' } },
    });
    await expectLaws();
  });

  it('leaves deals behind that were cancelled before the close', async () => {
    const { a, ab, bc, cycleId } = await triangle();
    await inTransaction(db(), (trx) =>
      insertCancellation(trx, {
        transactionId: ab.id,
        requestedBy: a.scout.id,
        principalId: a.principal.id,
        reason: 'not needed',
        penaltyMinor: 0n,
      }),
    );
    await netting.activities.advanceCycle({ cycleId });
    expect(await nettingOf(db(), ab.id)).toMatchObject({ status: 'left' });
    expect(await netting.activities.lookAtNettedDeal({ transactionId: ab.id })).toEqual({ outcome: 'over' });
    expect((await netting.deal(ab.id)).clearingState).toBe('declined');
    await netting.runOut(cycleId, pays);
    expect((await netting.deal(bc.id)).clearingState).toBe('settled');
    await expectLaws();
  });

  it('fails over without the payer that did not pay: its deals are paid one by one, the others settle', async () => {
    const [a, b, c, d] = [
      await netting.aMember(),
      await netting.aMember(),
      await netting.aMember(),
      await netting.aMember(),
    ];
    const fee = usd('1.00');
    const { deal: ab } = await netting.aDeal(a, b, usd('100.00'), { fee });
    const { deal: bc } = await netting.aDeal(b, c, usd('80.00'), { fee });
    const { deal: dc } = await netting.aDeal(d, c, usd('30.00'), { fee });
    const cycleId = await cycleOf(ab);
    // a −100, b +19, c +108, d −30. Without a: b −80, c +108, d −30.
    await netting.runOut(cycleId, (instruction, principalId) =>
      principalId === a.principal.id ? rejected : pays(instruction),
    );
    expect(await findCycle(db(), cycleId)).toMatchObject({ status: 'settled', generation: 2 });
    expect(await netsOf(cycleId)).toEqual(
      new Map([
        [b.principal.id, -8_000n],
        [c.principal.id, 10_800n],
        [d.principal.id, -3_000n],
      ]),
    );
    const ins = (await paymentsOfCycle(db(), cycleId)).filter(({ direction }) => direction === 'in');
    expect(ins.map(({ generation, principalId, status }) => [generation, principalId, status])).toEqual([
      [1, a.principal.id, 'failed'],
      [1, d.principal.id, 'proved'],
      [2, b.principal.id, 'proved'],
    ]);
    expect(await transitionsOf(ab)).toEqual(['T19', 'T20', 'X2', 'X3']);
    expect(await netting.activities.lookAtNettedDeal({ transactionId: ab.id })).toMatchObject({
      outcome: 'instructed',
      instruction: { instruction: { kind: 'pay_in', amount_minor: '10000', subject_id: ab.id } },
    });
    expect(await used(a)).toBe(10_000n);
    const own = await dealBalances(db(), ab.id);
    expect(own.find(({ kind }) => kind === 'obligation')?.balanceMinor).toBe(10_000n);
    expect(own.find(({ kind }) => kind === 'entitlement')?.balanceMinor).toBe(9_900n);
    expect(own.filter(({ kind }) => kind === 'netting').map(({ balanceMinor }) => balanceMinor)).toEqual([
      0n,
      0n,
    ]);
    for (const deal of [bc, dc]) expect((await netting.deal(deal.id)).clearingState).toBe('settled');
    await expectLaws();
  });

  it('pays back in full who had paid for deals that all fell out, and declines what its mandate cannot pay', async () => {
    const a = await netting.aMember({ ceiling: usd('100.00') });
    const b = await netting.aMember();
    const d = await netting.aMember();
    const { deal: ab } = await netting.aDeal(a, b, usd('100.00'));
    const { deal: da } = await netting.aDeal(d, a, usd('20.00'));
    const cycleId = await cycleOf(ab);
    const { pay } = await netting.activities.advanceCycle({ cycleId });
    for (const paymentId of pay) {
      const [payment] = (await paymentsOfCycle(db(), cycleId)).filter(({ id }) => id === paymentId);
      const isA = payment?.principalId === a.principal.id;
      await netting.answer(paymentId, isA ? () => rejected : pays);
    }
    // Meanwhile the mandate was used for something else.
    await db()('mandates').where({ id: a.mandateId }).update({ used_minor: '1' });
    await netting.runOut(cycleId, pays);
    expect(await findCycle(db(), cycleId)).toMatchObject({ status: 'failed_over', generation: 2 });
    expect(await transitionsOf(ab)).toEqual(['T19', 'T20', 'X2', 'X4', 'T4']);
    expect(await used(a)).toBe(1n);
    expect((await netting.deal(da.id)).clearingState).toBe('settling');
    const back = (await paymentsOfCycle(db(), cycleId)).filter(({ direction }) => direction === 'out');
    expect(back).toMatchObject([{ principalId: d.principal.id, amountMinor: 2_000n, status: 'proved' }]);
    await expectLaws();
  });

  it('takes a net payment that came back before the others had paid for one that failed', async () => {
    const [a, b, c] = [await netting.aMember(), await netting.aMember(), await netting.aMember()];
    const { deal: ac } = await netting.aDeal(a, c, usd('10.00'));
    const { deal: bc } = await netting.aDeal(b, c, usd('10.00'));
    const cycleId = await cycleOf(ac);
    const { pay } = await netting.activities.advanceCycle({ cycleId });
    const payments = await paymentsOfCycle(db(), cycleId);
    const ofA = payments.find(({ principalId }) => principalId === a.principal.id)?.id ?? '';
    const ofB = pay.find((id) => id !== ofA) ?? '';
    await netting.answer(ofA, pays);
    await returned(ofA);
    await netting.answer(ofB, pays);
    await netting.runOut(cycleId, pays);
    expect((await netting.deal(ac.id)).clearingState).toBe('settling');
    expect((await netting.deal(bc.id)).clearingState).toBe('settled');
    expect(await transitionsOf(ac)).toEqual(['T19', 'T20', 'X2', 'X3']);
    await expectLaws();
  });

  it('makes whoever takes its payment back after the deals were settled owe it', async () => {
    const { a, ab, cycleId } = await triangle();
    await netting.runOut(cycleId, pays);
    const [payIn] = await paymentsOfCycle(db(), cycleId);
    const effect = await returned(payIn?.id ?? '');
    expect(effect).toMatchObject({ recoveryId: expect.stringMatching(/^rcv_/) as string });
    expect(await balanceOf(a, 'recoverable')).toBe(8_100n);
    expect((await netting.deal(ab.id)).clearingState).toBe('settled');
    await expectLaws();
  });

  it('brings what no rail takes to the payee’s free balance', async () => {
    const { b, c, cycleId } = await triangle();
    await netting.runOut(cycleId, (instruction, principalId) =>
      instruction.kind === 'net_out' && principalId === b.principal.id ? rejected : pays(instruction),
    );
    expect(await balanceOf(b, 'collateral')).toBe(2_900n);
    expect(await balanceOf(b, 'netting')).toBe(0n);
    expect(await balanceOf(c, 'collateral')).toBe(0n);
    expect(await findCycle(db(), cycleId)).toMatchObject({ status: 'settled' });
    await expectLaws();
  });

  it('sends back money that came otherwise than instructed, and then fails over', async () => {
    const [a, b] = [await netting.aMember(), await netting.aMember()];
    const { deal } = await netting.aDeal(a, b, usd('10.00'));
    const cycleId = await cycleOf(deal);
    const [paymentId = ''] = (await netting.activities.advanceCycle({ cycleId })).pay;
    const tooMuch = (instruction: Parameters<Netting['executed']>[0]) =>
      netting.executed({ ...instruction, amount_minor: '1100' });
    expect(await netting.answer(paymentId, tooMuch)).toBe('submit');
    expect(await netting.answer(paymentId, pays)).toBe('failed');
    await netting.runOut(cycleId, pays);
    expect(await findCycle(db(), cycleId)).toMatchObject({ status: 'failed_over' });
    expect(await transitionsOf(deal)).toEqual(['T19', 'T20', 'X2', 'X3']);
    await expectLaws();
  });

  it('takes in every deal that joins while others join and the cycle closes, each into one cycle', async () => {
    const members = await Promise.all(Array.from({ length: 4 }, () => netting.aMember()));
    const pick = (index: number) => members[index % members.length] as Member;
    const { deal: first } = await netting.aDeal(pick(0), pick(1), usd('1.00'));
    const cycleId = await cycleOf(first);
    const joins = Array.from({ length: 24 }, async (_unused, index) => {
      const { deal } = await netting.aDeal(pick(index), pick(index + 1 + (index % 3)), usd('1.00'));
      return deal;
    });
    const closes = Array.from({ length: 3 }, () => netting.activities.advanceCycle({ cycleId }));
    const [deals] = await Promise.all([Promise.all(joins), Promise.all(closes)]);
    const all = [first, ...deals];
    const cycles = await Promise.all(all.map(cycleOf));
    const here = await dealsOfCycle(db(), cycleId, 'netted');
    expect(here).toHaveLength(cycles.filter((id) => id === cycleId).length);
    expect(await netsOf(cycleId)).toEqual(
      new Map(positionsOf(here).map((position) => [position.principalId, netOf(position)])),
    );
    for (const id of new Set(cycles)) await netting.runOut(id, pays);
    const states = await Promise.all(all.map(async ({ id }) => (await netting.deal(id)).clearingState));
    expect(new Set(states)).toEqual(new Set(['settled']));
    const open = await rows(db(), `SELECT 1 FROM netting_cycles WHERE status = 'open'`);
    expect(open.length).toBeLessThanOrEqual(1);
    await expectLaws();
  });

  it('keeps the books whole whatever deals there are and whoever fails to pay', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 100, max: 50_000 })),
          { minLength: 1, maxLength: 8 },
        ),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        async (drawn, solvent) => {
          const members = await Promise.all(solvent.map(() => netting.aMember()));
          const of = (index: number) => members[index % 4] as Member;
          const deals: Deal[] = [];
          for (const [from, step, cents] of drawn) {
            const amount = { amountMinor: BigInt(cents), asset: 'USD' };
            deals.push((await netting.aDeal(of(from), of(from + step), amount)).deal);
          }
          const cycleId = await cycleOf(deals[0] as Deal);
          const pays4 = new Map(members.map(({ principal }, index) => [principal.id, solvent[index]]));
          await netting.runOut(cycleId, (instruction, principalId) =>
            instruction.kind === 'net_in' && !pays4.get(principalId) ? rejected : pays(instruction),
          );
          await expectLaws();
          for (const { id, buyerPrincipalId } of deals) {
            const { clearingState } = await netting.deal(id);
            // A payer that pays has its deals settled unless the other side failed.
            expect(['settled', 'settling']).toContain(clearingState);
            if ([...pays4.values()].every(Boolean)) expect(clearingState).toBe('settled');
            else if (clearingState === 'settling')
              expect(await instructionOf(db(), id, 'pay_in')).toMatchObject({ status: 'signed' });
            expect(buyerPrincipalId).toMatch(/^prn_/);
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it('ends an empty cycle at once', async () => {
    const [a, b] = [await netting.aMember(), await netting.aMember()];
    const { deal } = await netting.aDeal(a, b, usd('1.00'));
    const id = newId('cycle');
    await netting.runOut(await cycleOf(deal), pays);
    await db()('netting_cycles').where({ status: 'open' }).update({ status: 'closing' });
    await db()('netting_cycles').insert({ id, rail: 'ach', asset: 'USD' });
    expect(await netting.activities.advanceCycle({ cycleId: id })).toEqual({
      pay: [],
      tell: [],
      ended: true,
    });
    expect(await findCycle(db(), id)).toMatchObject({ status: 'settled' });
    await expectLaws();
  });

  /** The rail's notice that a net payment went back; applied twice. */
  async function returned(paymentId: string) {
    const instruction = await instructionOf(db(), paymentId, 'net_in');
    if (!instruction) throw new Error('nothing was instructed');
    const notice = await netting.notice(instruction.instruction, 'R01');
    await inTransaction(db(), (trx) => storeNotices(trx, [notice]));
    const activities = noticeActivities(netting.deps);
    const [noticeId = ''] = await activities.openNotices({ rail: 'ach' });
    const effect = await activities.applyNotice({ noticeId });
    expect(await activities.applyNotice({ noticeId })).toEqual({});
    return effect;
  }
});
