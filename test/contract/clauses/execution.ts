/** What a rail can do, and that it does it once. */
import type { RailAnswer } from '../../../domain/settlement';
import type { RailHarness } from '../../support/rail-harness';
import { executed, factsOf, expectProof, expectLine } from '../expectations';

export function describeCapabilities(harness: () => RailHarness): void {
  it('says what it can do', () => {
    const { adapter, rail, asset } = harness();
    const { capabilities } = adapter;
    expect(capabilities.rail).toBe(rail);
    expect(capabilities.assets).toContain(asset);
    for (const one of capabilities.assets) expect(capabilities.maxAmountMinor[one]).toBeGreaterThan(0n);
    expect(capabilities.maxDelayMs).toBeGreaterThan(0);
  });
}

export function describeExecution(harness: () => RailHarness): void {
  it.each(['pay_in', 'deposit'] as const)('executes a %s with a proof that verifies', async (kind) => {
    const rail = harness();
    const before = await rail.balanceMinor();
    const signed = await rail.instruct(kind);
    const { proof, lines } = executed(await rail.settle(signed));
    expectProof(rail, signed, proof);
    expect(proof.statement.amount_minor).toBe(signed.instruction.amount_minor);
    expect(await rail.balanceMinor()).toBe(before + 34_990n - rail.feeMinor(34_990n));
    expect(await rail.balanceMinor(signed.instruction.debtor.account_ref)).toBe(10_000_000n - 34_990n);
    for (const line of lines) expectLine(rail, line, proof, 'credit');
  });

  it('executes a payout with a proof that verifies', async () => {
    const rail = harness();
    if (!rail.carriesPayouts) return;
    const before = await rail.balanceMinor();
    const signed = await rail.instruct('payout');
    const { proof, lines } = executed(await rail.settle(signed));
    expectProof(rail, signed, proof);
    expect(await rail.balanceMinor()).toBe(before - 34_990n);
    expect(await rail.balanceMinor(signed.instruction.creditor.account_ref)).toBe(10_000_000n + 34_990n);
    for (const line of lines) expectLine(rail, line, proof, 'debit');
  });

  it.each(['payout', 'net_out'] as const)('refuses a %s where it carries none', async (kind) => {
    const rail = harness();
    if (rail.carriesPayouts) return;
    const signed = await rail.instruct(kind);
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'rejected', reason: 'NOT_CARRIED' });
    expect(await rail.adapter.reverse(signed)).toMatchObject({ outcome: 'rejected' });
  });

  it('never executes an instruction twice', async () => {
    const rail = harness();
    const signed = await rail.instruct('pay_in');
    const first = executed(await rail.settle(signed));
    const again = await Promise.all([1, 2, 3].map(() => rail.adapter.submit(signed)));
    for (const answer of again) expect(factsOf(executed(answer))).toEqual(factsOf(first));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  });

  it('never executes an instruction twice when it is sent at once', async () => {
    const rail = harness();
    const signed = await rail.instruct('pay_in');
    const first = await Promise.all([1, 2, 3, 4, 5].map(() => rail.adapter.submit(signed)));
    const answers: RailAnswer[] = [];
    for (const answer of first)
      answers.push(answer.outcome === 'pending' ? await rail.conclude(signed) : answer);
    const references = new Set(answers.map((answer) => executed(answer).proof.statement.reference));
    expect(references.size).toBe(1);
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  });

  it('shows an amount other than the instructed one in the proof', async () => {
    const rail = harness();
    if (rail.impossible.has('wrong_amount')) return;
    await rail.misbehave('wrong_amount');
    const signed = await rail.instruct('pay_in');
    const { proof } = executed(await rail.settle(signed));
    expectProof(rail, signed, proof);
    expect(proof.statement.amount_minor).toBe('34890');
  });

  it('answers late, but answers', async () => {
    const rail = harness();
    await rail.misbehave('slow');
    executed(await rail.settle(await rail.instruct('pay_in')));
  });
}
