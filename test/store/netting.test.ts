/** Netting cycles on the real database: joining, the close, its payments, and everything run twice. */
import { clearNettedDeals } from '../../activities/netting';
import { beginClose } from '../../activities/netting-close';
import { newId } from '../../domain/ids';
import { netOf, positionsOf } from '../../domain/netting';
import { inTransaction, rows } from '../../store/db';
import { dealBalances } from '../../store/ledger';
import { instructionOf } from '../../store/instructions';
import { dealsOfCycle, findCycle, nettingOf } from '../../store/netting';
import { paymentsOfCycle } from '../../store/netting-payments';
import { insertCancellation } from '../../store/cancellations';
import { stateHistory } from '../../store/states';
import { describeWithDatabase } from '../support/database';
import { createNetting, rejected, usd, type Member, type Netting } from '../support/netting';
import { nettingViews } from '../support/netting-views';

jest.setTimeout(120_000);

describeWithDatabase('netting', (database) => {
  let netting: Netting;
  const db = () => database().db;
  const views = nettingViews(db, () => netting);
  const { cycleOf, transitionsOf, balanceOf, used, netsOf, expectLaws, triangle, pays } = views;

  beforeAll(async () => {
    netting = await createNetting(db());
  });

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

  it('goes on where it was killed after it stopped taking deals and before anything was booked', async () => {
    const { ab, cycleId } = await triangle();
    await inTransaction(db(), (trx) => beginClose(trx, cycleId));
    expect(await findCycle(db(), cycleId)).toMatchObject({ status: 'closing', generation: 0 });
    const [late, other] = [await netting.aMember(), await netting.aMember()];
    const { deal } = await netting.aDeal(late, other, usd('5.00'));
    expect(await cycleOf(deal)).not.toBe(cycleId);
    await netting.runOut(cycleId, pays);
    expect((await netting.deal(ab.id)).clearingState).toBe('settled');
    expect((await netting.deal(deal.id)).clearingState).toBe('authorized');
    await netting.runOut(await cycleOf(deal), pays);
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
});
