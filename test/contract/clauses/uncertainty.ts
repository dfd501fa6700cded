/** Lost, late and untrustworthy answers. */
import { newId } from '../../../domain/ids';
import { RailUnreachableError, type RailAdapter } from '../../../rails/port';
import type { RailHarness } from '../../support/rail-harness';
import { executed, expectProof } from '../expectations';

/** Where the network never answers, the test need not wait long to see it. */
function adapterFor(rail: RailHarness, kind: string): RailAdapter {
  return kind.endsWith('time_out') ? rail.impatient : rail.adapter;
}

export function describeUncertainty(harness: () => RailHarness): void {
  it.each([
    'execute_then_time_out',
    'execute_then_disconnect',
    'execute_then_fail',
    'garbage',
    'bad_signature',
  ] as const)('does not know the outcome after %s, and an inquiry finds one execution', async (kind) => {
    const rail = harness();
    if (rail.impossible.has(kind)) return;
    await rail.misbehave(kind);
    const signed = await rail.instruct('pay_in');
    expect(await adapterFor(rail, kind).submit(signed)).toMatchObject({ outcome: 'unknown' });
    const { proof } = executed(await rail.conclude(signed));
    expectProof(rail, signed, proof);
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  });

  it.each(['time_out', 'fail'] as const)(
    'does not know the outcome after %s, and an inquiry finds nothing',
    async (kind) => {
      const rail = harness();
      if (rail.impossible.has(kind)) return;
      await rail.misbehave(kind);
      const signed = await rail.instruct('pay_in');
      expect(await adapterFor(rail, kind).submit(signed)).toMatchObject({ outcome: 'unknown' });
      const answer = await rail.adapter.inquire(signed);
      if (answer.outcome !== 'not_found') throw new Error(`expected not_found, got ${answer.outcome}`);
      expect(Math.abs(Date.parse(answer.as_of) - Date.now())).toBeLessThan(60_000);
      expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
    },
  );

  it.each(['time_out', 'fail', 'garbage', 'bad_signature', 'execute_then_disconnect'] as const)(
    'does not know the outcome when the inquiry meets %s',
    async (kind) => {
      const rail = harness();
      if (rail.impossible.has(kind)) return;
      const signed = await rail.instruct('pay_in');
      executed(await rail.settle(signed));
      await rail.misbehave(kind === 'fail' ? 'execute_then_fail' : kind, 'inquiry');
      expect(await adapterFor(rail, kind).inquire(signed)).toMatchObject({ outcome: 'unknown' });
      executed(await rail.conclude(signed));
    },
  );
}

export function describeWaiting(harness: () => RailHarness): void {
  it('is pending until the network decides', async () => {
    const rail = harness();
    await rail.misbehave('pending');
    const accepted = await rail.instruct('pay_in');
    expect(await rail.adapter.submit(accepted)).toMatchObject({ outcome: 'pending' });
    expect(await rail.bookingsOf(accepted.instruction.instruction_id)).toBe(0);
    expectProof(rail, accepted, executed(await rail.conclude(accepted)).proof);
    await rail.misbehave('pending_then_rejected');
    const refused = await rail.instruct('pay_in');
    expect(await rail.adapter.submit(refused)).toMatchObject({ outcome: 'pending' });
    expect(await rail.conclude(refused)).toMatchObject({ outcome: 'rejected' });
  });

  it('says so when nothing can have been sent', async () => {
    const rail = harness();
    const unreachable = rail.unreachable();
    const signed = await rail.instruct('pay_in');
    await expect(unreachable.submit(signed)).rejects.toThrow(RailUnreachableError);
    await expect(unreachable.inquire(signed)).rejects.toThrow(RailUnreachableError);
    if (rail.adapter.capabilities.canReverse)
      await expect(unreachable.reverse(signed)).rejects.toThrow(RailUnreachableError);
    await expect(rail.adapter.submit(signed, AbortSignal.abort())).rejects.toThrow(RailUnreachableError);
    const nobody = { account_ref: newId('paymentAccount') };
    const stranger = rail.carriesPayouts
      ? await rail.instruct('payout', { creditor: nobody })
      : await rail.instruct('pay_in', { debtor: { ...nobody, mandate_ref: newId('mandate') } });
    await expect(rail.adapter.submit(stranger)).rejects.toThrow(RailUnreachableError);
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'not_found' });
    await unreachable.close();
  });

  it('does not know the outcome when its caller stops waiting', async () => {
    const rail = harness();
    await rail.misbehave('execute_then_time_out');
    const signed = await rail.instruct('pay_in');
    const answer = await rail.adapter.submit(signed, AbortSignal.timeout(500));
    expect(answer).toMatchObject({ outcome: 'unknown' });
    executed(await rail.conclude(signed));
  });
}
