/** The stablecoin rail on a chain that stalls, drops transactions and reorganises. */
import { canonicalJson } from '../../domain/canonical';
import { verifySignature } from '../../domain/keys';
import type { RailAnswer, RailNotice, SignedInstruction } from '../../domain/settlement';
import { SANDBOX_USDC } from '../../domain/rail-terms';
import { verifyChainEvidence } from '../../rails/chain';
import type { RailAdapter } from '../../rails/port';
import { executed } from '../contract/expectations';
import { createChainHarness, type ChainHarness } from '../support/chain-harness';

jest.setTimeout(120_000);

let rail: ChainHarness;
beforeAll(async () => {
  rail = await createChainHarness();
});
afterAll(() => rail?.stop());

const misbehave = async (kind: string, rule: Record<string, unknown> = {}) => {
  const answer = await rail.operator.call('POST', 'misbehaviours', { kind, nextCount: 1, ...rule });
  expect(answer.status).toBe(201);
};

async function allNotices(adapter: RailAdapter, from: string | null) {
  if (!adapter.notices) throw new Error('the rail says nothing of its own accord');
  return adapter.notices(from);
}

describe('confirmations', () => {
  it('are counted block by block, and the twelfth proves', async () => {
    const signed = await rail.instruct('payout');
    const first = await rail.adapter.submit(signed);
    expect(first).toMatchObject({ progress: { done: 0, of: 12, unit: 'confirmations' } });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'pending', progress: { done: 0 } });
    for (let done = 1; done < 12; done += 1) {
      await rail.mine(1);
      expect(await rail.adapter.inquire(signed)).toMatchObject({
        outcome: 'pending',
        progress: { done, of: 12 },
      });
    }
    await rail.mine(1);
    executed(await rail.adapter.inquire(signed));
  });

  it('start again when the block is replaced before the twelfth', async () => {
    const signed = await rail.instruct('pay_in');
    await rail.adapter.submit(signed);
    await rail.mine(5);
    expect(await rail.adapter.inquire(signed)).toMatchObject({ progress: { done: 5 } });
    await rail.reorganise(5);
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
    const answer = await rail.adapter.inquire(signed);
    expect(answer.outcome).toBe('pending');
    expect(answer).toMatchObject({ progress: { done: 0 } });
  });
});

describe('a transaction that is not mined', () => {
  let eager: RailAdapter;
  beforeAll(() => (eager = rail.anotherAdapter({ stuckAfterMs: 50 })));
  afterAll(() => eager.close());
  const conclude = async (signed: SignedInstruction): Promise<RailAnswer> => {
    for (let asked = 0; asked < 20; asked += 1) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      await rail.mine(12);
      const answer = await eager.inquire(signed);
      if (answer.outcome !== 'pending') return answer;
    }
    throw new Error('it stays pending');
  };

  it('is replaced with the same account nonce, and the instruction executes once', async () => {
    await misbehave('stuck');
    const signed = await rail.instruct('payout');
    expect(await eager.submit(signed)).toMatchObject({ outcome: 'pending' });
    await rail.mine(3);
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
    executed(await conclude(signed));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  });

  it('does not hold up those behind it for good', async () => {
    await misbehave('stuck');
    const stuck = await rail.instruct('payout');
    const behind = await rail.instruct('payout');
    await eager.submit(stuck);
    await eager.submit(behind);
    await rail.mine(2);
    expect(await rail.bookingsOf(behind.instruction.instruction_id)).toBe(0);
    executed(await conclude(behind));
    executed(await conclude(stuck));
  });

  it('is replaced by nothing once the instruction is over, and then provably never executes', async () => {
    await misbehave('stuck');
    const expires_at = new Date(Date.now() + 1_500).toISOString();
    const late = await rail.instruct('payout', { expires_at });
    expect(await eager.submit(late)).toMatchObject({ outcome: 'pending' });
    const behind = await rail.instruct('payout');
    await eager.submit(behind);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(await conclude(late)).toMatchObject({ outcome: 'rejected', reason: 'AUTHORIZATION_EXPIRED' });
    executed(await conclude(behind));
    expect(await rail.bookingsOf(late.instruction.instruction_id)).toBe(0);
  });

  it('does not stop a payout when a twin in another process has sent it too', async () => {
    const twin = rail.anotherAdapter();
    const signed = await rail.instruct('payout');
    await eager.submit(signed);
    await twin.submit(signed);
    await rail.mine(12);
    executed(await eager.inquire(signed));
    executed(await twin.inquire(signed));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
    await twin.close();
  });
});

it('sends fifty payouts at once, each executed once', async () => {
  const before = await rail.balanceMinor();
  const payouts: SignedInstruction[] = [];
  for (let count = 0; count < 50; count += 1) payouts.push(await rail.instruct('payout'));
  const answers = await Promise.all(payouts.map((signed) => rail.adapter.submit(signed)));
  expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['pending']));
  await rail.mine(13);
  for (const signed of payouts) {
    executed(await rail.adapter.inquire(signed));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  }
  expect(await rail.balanceMinor()).toBe(before - 50n * 34_990n);
});

describe('a reorganisation', () => {
  const watch = async () => (await allNotices(rail.adapter, null)).cursor;

  it('of a confirmed settlement is told once, signed, with what it took away', async () => {
    const signed = await rail.instruct('pay_in');
    const { proof } = executed(await rail.settle(signed));
    const cursor = await watch();
    expect((await allNotices(rail.adapter, cursor)).notices).toEqual([]);
    await rail.reorganise(20);
    await rail.mine(12);
    const told = await allNotices(rail.adapter, cursor);
    const [notice] = told.notices.filter(
      ({ statement }) => statement.instruction_id === signed.instruction.instruction_id,
    ) as [RailNotice];
    expect(notice.statement).toMatchObject({
      kind: 'reorganisation',
      rail: 'stablecoin',
      original_reference: proof.statement.reference,
      amount_minor: '34990',
    });
    expect(verifySignature(rail.proofKey, canonicalJson(notice.statement), notice.signature)).toBe(true);
    expect((await allNotices(rail.adapter, told.cursor)).notices).toEqual([]);
    expect(await verifyChainEvidence(proof, rail.rpcUrl(), SANDBOX_USDC)).not.toEqual([]);
  });

  it('that brings the same transactions back is no loss', async () => {
    const signed = await rail.instruct('payout');
    executed(await rail.settle(signed));
    const cursor = await watch();
    await rail.reorganise(15, true);
    await rail.mine(12);
    const told = await allNotices(rail.adapter, cursor);
    expect(told.notices).toEqual([]);
    executed(await rail.adapter.inquire(signed));
    expect((await allNotices(rail.adapter, told.cursor)).notices).toEqual([]);
  });

  it('happens by itself where an amount asks for it', async () => {
    const signed = await rail.instruct('payout', { amount_minor: '66300000' });
    executed(await rail.settle(signed));
    const cursor = await watch();
    await rail.mine(2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await rail.mine(1);
    const { notices } = await allNotices(rail.adapter, cursor);
    expect(notices.map(({ statement }) => statement.instruction_id)).toEqual([
      signed.instruction.instruction_id,
    ]);
  });
});

describe('a proof', () => {
  it('is read again from the chain by whoever doubts it', async () => {
    const signed = await rail.instruct('pay_in');
    const { proof } = executed(await rail.settle(signed));
    const payer = rail.keyOf(signed.instruction.debtor.account_ref).address;
    const expected = { from: payer, to: rail.auraAddress };
    expect(await verifyChainEvidence(proof, rail.rpcUrl(), SANDBOX_USDC, expected)).toEqual([]);
    const otherPayee = { to: payer };
    expect(await verifyChainEvidence(proof, rail.rpcUrl(), SANDBOX_USDC, otherPayee)).toEqual([
      'another receiver',
    ]);
    const statement = { ...proof.statement, amount_minor: '34991' };
    expect(await verifyChainEvidence({ ...proof, statement }, rail.rpcUrl(), SANDBOX_USDC)).toEqual([
      'the transfer has another amount',
    ]);
  });
});

describe('what the payer does meanwhile', () => {
  it('ends in a rejection when it spends its money elsewhere, once that is final', async () => {
    const signed = await rail.instruct('pay_in');
    await rail.adapter.submit(signed);
    const { account_ref } = signed.instruction.debtor;
    await rail.closeAccount(account_ref);
    await rail.mine(3);
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'pending' });
    await rail.mine(12);
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'rejected', reason: 'AC06' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'rejected', reason: 'AC06' });
  });
});

it('has no statement of a period whose last movements are not confirmed', async () => {
  const signed = await rail.instruct('payout');
  await rail.adapter.submit(signed);
  await rail.mine(1);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await rail.mine(1);
  const to = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await rail.mine(1);
  const period = { from: new Date(Date.now() - 3_600_000).toISOString(), to };
  await expect(rail.adapter.statement(period)).rejects.toThrow('not confirmed yet');
  await rail.mine(12);
  const statement = await rail.adapter.statement(period);
  const lines = [];
  for await (const line of statement.lines) lines.push(line);
  expect(lines.at(-1)?.instruction_id).toBe(signed.instruction.instruction_id);
});
