import type { SignedInstruction } from '../../domain/settlement';
import { executed, expectProof } from '../contract/expectations';
import { createCardHarness, type CardHarness } from '../support/card-harness';

describe('refunds to a card', () => {
  let rail: CardHarness;
  beforeAll(async () => {
    rail = await createCardHarness();
  });
  afterAll(() => rail?.stop());

  const paid = async () => {
    const signed = await rail.instruct('pay_in');
    const { proof } = executed(await rail.adapter.submit(signed));
    return { signed, capture: proof.statement.reference, card: signed.instruction.debtor.account_ref };
  };
  const refundOf = (
    { capture, card }: { capture: string; card: string },
    amountMinor: string,
  ): Promise<SignedInstruction> =>
    rail.instruct('refund', {
      amount_minor: amountMinor,
      creditor: { account_ref: card },
      returns_reference: capture,
    });

  it('go in parts, up to the captured amount and not beyond', async () => {
    const payment = await paid();
    const before = await rail.balanceMinor();
    for (const amount of ['10000', '20000']) {
      const signed = await refundOf(payment, amount);
      const { proof } = executed(await rail.adapter.submit(signed));
      expectProof(rail, signed, proof);
      expect(proof.statement).toMatchObject({ amount_minor: amount, evidence_format: 'card:refund' });
    }
    const above = await refundOf(payment, '4991');
    const refused = { outcome: 'rejected', reason: 'exceeds_captured_amount' };
    expect(await rail.adapter.submit(above)).toMatchObject(refused);
    expect(await rail.adapter.inquire(above)).toMatchObject(refused);
    executed(await rail.adapter.submit(await refundOf(payment, '4990')));
    expect(await rail.balanceMinor(payment.card)).toBe(10_000_000n);
    expect(await rail.balanceMinor()).toBe(before - 34_990n);
    expect(await rail.captureOf(payment.signed)).toMatchObject({ refunded_minor: '34990' });
  });

  it('do not exceed what a chargeback left', async () => {
    const payment = await paid();
    await rail.openChargeback(payment.signed, { amountMinor: '30000' });
    expect(await rail.adapter.submit(await refundOf(payment, '5000'))).toMatchObject({ outcome: 'rejected' });
    executed(await rail.adapter.submit(await refundOf(payment, '4990')));
  });

  it.each(['execute_then_disconnect', 'execute_then_fail', 'garbage', 'bad_signature'] as const)(
    'happen once when the answer is lost (%s)',
    async (kind) => {
      const payment = await paid();
      await rail.misbehave(kind, 'refund');
      const signed = await refundOf(payment, '700');
      expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
      executed(await rail.adapter.inquire(signed));
      executed(await rail.adapter.submit(signed));
      expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
    },
  );

  it('are not found when the processor never heard of them', async () => {
    const payment = await paid();
    await rail.misbehave('fail', 'refund');
    const signed = await refundOf(payment, '700');
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'not_found' });
  });

  it('may be pending, and refused in the end', async () => {
    const payment = await paid();
    await rail.misbehave('pending', 'refund');
    const signed = await refundOf(payment, '700');
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'pending' });
    executed(await rail.adapter.inquire(signed));
    await rail.misbehave('refuse_return', 'refund');
    const refused = await rail.adapter.submit(await refundOf(payment, '700'));
    expect(refused).toMatchObject({ outcome: 'rejected', reason: 'refund_not_permitted' });
  });

  it('need a capture that there is', async () => {
    const payment = await paid();
    const lost = await rail.adapter.submit(await refundOf({ ...payment, capture: 'cap_none' }, '700'));
    expect(lost).toMatchObject({ outcome: 'rejected', reason: 'resource_missing' });
    const unnamed = await rail.instruct('refund', { creditor: { account_ref: payment.card } });
    expect(await rail.adapter.submit(unnamed)).toMatchObject({ reason: 'NO_REFERENCE' });
  });
});
