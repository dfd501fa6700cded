/** Payers that do not pay: a cycle is closed anew without them, and nothing is lost. */
import fc from 'fast-check';
import { dealBalances } from '../../store/ledger';
import { instructionOf } from '../../store/instructions';
import { findCycle } from '../../store/netting';
import { paymentsOfCycle } from '../../store/netting-payments';
import type { Deal } from '../../store/transactions';
import { describeWithDatabase } from '../support/database';
import { createNetting, rejected, usd, type Member, type Netting } from '../support/netting';
import { nettingViews } from '../support/netting-views';

jest.setTimeout(120_000);

describeWithDatabase('netting without a payer', (database) => {
  let netting: Netting;
  const db = () => database().db;
  const views = nettingViews(db, () => netting);
  const { cycleOf, transitionsOf, balanceOf, used, netsOf, expectLaws, triangle, pays, returned } = views;

  beforeAll(async () => {
    netting = await createNetting(db());
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
});
