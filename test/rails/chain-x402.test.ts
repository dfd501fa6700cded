/** The x402 rail: what a facilitator says is a hint, the chain is asked itself. */
import { createChainHarness, type ChainHarness } from '../support/chain-harness';
import { X402 } from '../support/chain-rails';
import { executed } from '../contract/expectations';

let rail: ChainHarness;
beforeAll(async () => {
  rail = await createChainHarness(X402);
});
afterAll(() => rail?.stop());

const facilitator = async (kind: string, rule: Record<string, unknown> = {}) => {
  const { status } = await rail.facilitatorOperator.call('POST', 'misbehaviours', {
    kind,
    nextCount: 1,
    ...rule,
  });
  expect(status).toBe(201);
};

it.each([
  ['invalid_exact_evm_insufficient_balance', 'AM04'],
  ['insufficient_funds', 'AM04'],
  ['invalid_exact_evm_payload_authorization_value_mismatch', 'AUTHORIZATION_AMOUNT'],
  ['invalid_exact_evm_payload_authorization_valid_before', 'AUTHORIZATION_EXPIRED'],
  ['invalid_exact_evm_signature', 'AUTHORIZATION_FORGED'],
  ['invalid_exact_evm_recipient_mismatch', 'AUTHORIZATION_PAYEE'],
  ['unsupported_scheme', 'FACILITATOR_REFUSED'],
])('passes on the refusal %s', async (reason, code) => {
  await facilitator('refuse', { reason, on: 'settle' });
  const signed = await rail.instruct('pay_in');
  expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'rejected', reason: code });
  expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
});

it.each(['invalid_exact_evm_nonce_already_used', 'unexpected_settle_error', 'invalid_transaction_state'])(
  'does not take %s for an end',
  async (reason) => {
    await facilitator('refuse', { reason, on: 'settle' });
    const signed = await rail.instruct('payout');
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'not_found' });
  },
);

it('asks the chain on while a settlement is pending, and settles once', async () => {
  await facilitator('pending');
  const signed = await rail.instruct('payout');
  expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'pending' });
  expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'pending' });
  executed(await rail.conclude(signed));
  expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
});

it('names the transaction that the chain shows, not the one the facilitator claims', async () => {
  await facilitator('wrong_transaction');
  const signed = await rail.instruct('pay_in');
  const { proof } = executed(await rail.settle(signed));
  const receipt = await rail.ask<{ status: string }>('eth_getTransactionReceipt', [
    proof.statement.reference,
  ]);
  expect(receipt.status).toBe('0x1');
  expect(proof.statement.evidence_format).toBe('x402:v2+evm:receipt');
});

it('believes no settlement that the chain does not show', async () => {
  await facilitator('claim_without_executing');
  const expires_at = new Date(Date.now() + 8_000).toISOString();
  const signed = await rail.instruct('payout', { expires_at });
  expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'pending' });
  expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'pending', progress: { done: 0 } });
  await new Promise((resolve) => setTimeout(resolve, Date.parse(expires_at) - Date.now() + 1_000));
  expect(await rail.conclude(signed)).toMatchObject({ outcome: 'rejected', reason: 'AUTHORIZATION_EXPIRED' });
});

it('sends nothing when the facilitator cannot verify', async () => {
  await facilitator('fail', { on: 'verify' });
  const signed = await rail.instruct('pay_in');
  await expect(rail.adapter.submit(signed)).rejects.toThrow('nothing was settled');
  executed(await rail.settle(signed));
});
