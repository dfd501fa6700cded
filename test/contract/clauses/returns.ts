/** Money that goes back. */
import type { RailHarness } from '../../support/rail-harness';
import { executed, factsOf, expectProof, expectLine } from '../expectations';

export function describeReturns(harness: () => RailHarness): void {
  it('gets money back, once', async () => {
    const rail = harness();
    if (!rail.adapter.capabilities.canReverse) return;
    const signed = await rail.instruct('payout');
    const forth = executed(await rail.settle(signed));
    const before = await rail.balanceMinor();
    const back = executed(await rail.adapter.reverse(signed));
    expectProof(rail, signed, back.proof);
    expect(back.proof.statement.amount_minor).toBe('34990');
    expect(back.proof.statement.reference).not.toBe(forth.proof.statement.reference);
    for (const line of back.lines) expectLine(rail, line, back.proof, 'credit');
    const again = executed(await rail.adapter.reverse(signed));
    expect(factsOf(again)).toEqual(factsOf(back));
    expect(await rail.balanceMinor()).toBe(before + 34_990n);
  });

  it('hears when the receiver refuses, or there is nothing to give back', async () => {
    const rail = harness();
    if (!rail.adapter.capabilities.canReverse) return;
    const signed = await rail.instruct('payout');
    executed(await rail.settle(signed));
    await rail.misbehave('refuse_return', 'return_request');
    expect(await rail.adapter.reverse(signed)).toMatchObject({ outcome: 'rejected' });
    const unsent = await rail.instruct('payout');
    expect(await rail.adapter.reverse(unsent)).toMatchObject({ outcome: 'not_found' });
  });

  it('sends back what it received, and not more than that', async () => {
    const rail = harness();
    const received = await rail.instruct('pay_in');
    const { proof } = executed(await rail.settle(received));
    const creditor = { account_ref: received.instruction.debtor.account_ref };
    const given = { creditor, returns_reference: proof.statement.reference };
    const signed = await rail.instruct('return', given);
    const back = executed(await rail.settle(signed));
    expectProof(rail, signed, back.proof);
    expect(await rail.balanceMinor(creditor.account_ref)).toBe(10_000_000n);
    if (rail.boundsReturns !== false) {
      const more = await rail.instruct('return', { ...given, amount_minor: '1' });
      expect(await rail.adapter.submit(more)).toMatchObject({ outcome: 'rejected' });
    }
    expect(factsOf(executed(await rail.conclude(signed)))).toEqual(factsOf(back));
  });
}
