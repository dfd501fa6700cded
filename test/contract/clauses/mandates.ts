/** Mandates of payers. */
import { newId } from '../../../domain/ids';
import type { RailHarness } from '../../support/rail-harness';

export function describeMandates(harness: () => RailHarness): void {
  const request = async (rail: RailHarness, accountRef: string, ceilingMinor = '500000') => {
    const asked = {
      mandateId: newId('mandate'),
      accountRef,
      ceilingMinor,
      asset: rail.asset,
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    };
    await rail.payerSigns?.(asked);
    return asked;
  };

  it('gets a mandate accepted, the same one when asked again', async () => {
    const rail = harness();
    const asked = await request(rail, await rail.anAccount());
    const answer = await rail.adapter.requestMandate(asked);
    if (answer.outcome !== 'accepted') throw new Error(`expected accepted, got ${answer.outcome}`);
    expect(answer.reference).not.toBe('');
    expect(answer.evidence).not.toBe('');
    expect(await rail.adapter.requestMandate(asked)).toMatchObject({ reference: answer.reference });
  });

  it('hears when the payer or its bank refuses', async () => {
    const rail = harness();
    const unwilling = await rail.anAccount({ refusesMandates: true });
    expect(await rail.adapter.requestMandate(await request(rail, unwilling))).toMatchObject({
      outcome: 'rejected',
    });
    if (rail.mandatesIgnoreFunds) return;
    const poor = await rail.anAccount({ balanceMinor: 1n });
    const answer = await rail.adapter.requestMandate(await request(rail, poor));
    expect(answer).toMatchObject({ outcome: 'rejected', reason: rail.reasons.insufficient });
  });

  it('does not know the outcome when the answer is lost', async () => {
    const rail = harness();
    const account = await rail.anAccount();
    await rail.misbehave('execute_then_time_out', 'mandate');
    const asked = await request(rail, account);
    expect(await rail.impatient.requestMandate(asked)).toMatchObject({ outcome: 'unknown' });
    expect(await rail.adapter.requestMandate(asked)).toMatchObject({ outcome: 'accepted' });
  });

  it('takes money only within a mandate', async () => {
    const rail = harness();
    const account = await rail.anAccount();
    const mandate = await rail.aMandate(account, { ceilingMinor: 1_000n });
    const above = await rail.instruct('pay_in', {
      debtor: { account_ref: account, mandate_ref: mandate },
      amount_minor: '1001',
    });
    expect(await rail.adapter.submit(above)).toMatchObject({ outcome: 'rejected' });
    const none = await rail.instruct('pay_in', { debtor: { account_ref: account } });
    expect(await rail.adapter.submit(none)).toMatchObject({ outcome: 'rejected' });
    expect(await rail.balanceMinor(account)).toBe(10_000_000n);
  });
}
