/** What a rail or its adapter refuses. */
import type { RailHarness } from '../../support/rail-harness';

export function describeRefusals(harness: () => RailHarness): void {
  it('passes on a rejection with its reason, and books nothing', async () => {
    const rail = harness();
    await rail.misbehave('reject_FRAD');
    const signed = await rail.instruct('pay_in');
    const answer = await rail.settle(signed);
    expect(answer).toMatchObject({ outcome: 'rejected', reason: rail.reasons.refused });
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
    expect(await rail.adapter.inquire(signed)).toMatchObject({
      outcome: 'rejected',
      reason: rail.reasons.refused,
    });
    expect(await rail.adapter.submit(signed)).toMatchObject({
      outcome: 'rejected',
      reason: rail.reasons.refused,
    });
  });

  it('rejects what the accounts do not allow', async () => {
    const rail = harness();
    const account = await rail.anAccount({ balanceMinor: 1_000_000n });
    // Where the payer signs the amount itself, each payment has a mandate of its own.
    const common = rail.payerSigns ? undefined : await rail.aMandate(account);
    const payIn = async (amountMinor: bigint) => {
      const mandate_ref = common ?? (await rail.aMandate(account, { ceilingMinor: amountMinor }));
      const debtor = { account_ref: account, mandate_ref };
      return rail.instruct('pay_in', { debtor, amount_minor: amountMinor.toString() });
    };
    const [most, beyond, last] = [await payIn(999_999n), await payIn(2n), await payIn(1n)];
    await rail.settle(most);
    const poor = await rail.settle(beyond);
    expect(poor).toMatchObject({ outcome: 'rejected', reason: rail.reasons.insufficient });
    await rail.closeAccount(account);
    const closed = await rail.settle(last);
    expect(closed).toMatchObject({ outcome: 'rejected', reason: rail.reasons.closed });
  });

  it('rejects an amount above its limit', async () => {
    const rail = harness();
    const limit = rail.adapter.capabilities.maxAmountMinor[rail.asset] ?? 0n;
    const kind = rail.carriesPayouts ? 'payout' : 'pay_in';
    const signed = await rail.instruct(kind, { amount_minor: (limit + 1n).toString() });
    expect(await rail.adapter.submit(signed)).toMatchObject({
      outcome: 'rejected',
      reason: rail.reasons.limit,
    });
  });

  it('sends nothing that AURA did not sign', async () => {
    const rail = harness();
    const signed = await rail.instruct('pay_in');
    const forged = { ...signed, instruction: { ...signed.instruction, amount_minor: '34991' } };
    expect(await rail.adapter.submit(forged)).toMatchObject({ outcome: 'rejected', reason: 'FORGED' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'not_found' });
  });

  it('sends nothing that is expired, and claims nothing about an earlier attempt', async () => {
    const rail = harness();
    const signed = await rail.instruct('pay_in', { expires_at: new Date(Date.now() - 1).toISOString() });
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'not_found' });
  });

  it('sends nothing that is not for this rail', async () => {
    const rail = harness();
    const { instruction } = await rail.instruct('pay_in');
    const other = rail.rail === 'rtp' ? ('fednow' as const) : ('rtp' as const);
    const signed = rail.sign({ ...instruction, rail: other });
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'rejected', reason: 'WRONG_RAIL' });
    for (const amount of ['0', '-5', '1.5', 'x']) {
      const odd = rail.sign({ ...instruction, amount_minor: amount });
      expect(await rail.adapter.submit(odd)).toMatchObject({ outcome: 'rejected', reason: 'AM12' });
    }
  });
}
