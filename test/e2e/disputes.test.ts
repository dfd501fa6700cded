/** Disputes on the real services: filed, answered, decided, carried out, and proved by a bundle that holds offline. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyBundle } from '../../domain/evidence';
import { bundleText, type AgentClient, type Dispute, type Transaction } from '../../sdk';
import { Scout } from '../../sdk';
import { checkLedger, dealBalances } from '../../store/ledger';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { createMarket, INTENT, type Market, type TestBuyer, type TestSeller } from '../support/market';

jest.setTimeout(120_000);

const ROOT = join(__dirname, '..', '..');
const isCleared = ({ clearing_status }: Transaction) => clearing_status === 'cleared';
const transitionsOf = ({ status_history }: Transaction) => status_history.map(({ transition }) => transition);

describeOnServer('disputes', () => {
  let env: TestEnvironment;
  let market: Market;

  beforeAll(async () => {
    // A day of the windows is a second and a half: seven seconds and a half to answer, fifteen more to decide.
    env = await testEnvironment({ AURA_DAY_MS: '1500' });
    market = createMarket(env);
  });
  afterAll(() => env?.stop());

  interface TestDeal {
    buyer: TestBuyer;
    seller: TestSeller;
    id: string;
  }

  async function aDealCleared(options: { delivered?: boolean; profileId?: string } = {}): Promise<TestDeal> {
    const { profileId } = options;
    const { buyer, seller, transaction } = await market.aDealCommitted({ price: '100.00', profileId });
    const id = transaction.transaction_id;
    await buyer.scout.waitFor(id, isCleared);
    if (options.delivered) {
      await seller.beacon.reportDelivery(id);
      await buyer.scout.waitFor(id, ({ status }) => status === 'completed');
    }
    return { buyer, seller, id };
  }

  const claim = {
    reason: 'defective',
    description: 'It does not switch on.',
    remedy: 'refund',
    evidence: [{ description: 'a photograph of it', content: 'dark' }],
  } as const;
  const against = (deal: TestDeal, more: object = {}) =>
    deal.buyer.scout.disputes.file(deal.id, { ...claim, evidence: [...claim.evidence], ...more });

  async function untilClosed(agent: AgentClient, disputeId: string, timeoutMs = 60_000): Promise<Dispute> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const dispute = await agent.disputes.get(disputeId);
      if (dispute.status === 'closed') return dispute;
      if (Date.now() > deadline) throw new Error(`${disputeId} is still ${dispute.status}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function expectBooksToTie(id: string) {
    const owed = (await dealBalances(env.db, id)).filter(
      ({ kind, balanceMinor }) =>
        ['obligation', 'entitlement', 'fees_deferred', 'refund_due'].includes(kind) && balanceMinor !== 0n,
    );
    expect(owed).toEqual([]);
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  async function bankBalance({ accountNumber }: { accountNumber: string }): Promise<string> {
    const answer = await fetch(
      `${env.platform.network.url}/rtp/operator/accounts/021000021/${accountNumber}`,
    );
    return ((await answer.json()) as { balanceMinor: string }).balanceMinor;
  }

  it('that the seller accepts before delivery are unwound: the buyer has its money back', async () => {
    const deal = await aDealCleared();
    const before = BigInt(await bankBalance(deal.buyer));
    const filed = await against(deal, { reason: 'not_delivered' });
    expect(filed).toMatchObject({ status: 'open', respondent: 'seller', side: 'buyer', overdue: false });
    await expect(deal.seller.beacon.disputes.file(deal.id, { ...claim, evidence: [] })).rejects.toMatchObject(
      { status: 409, code: 'SESSION_STATE_CONFLICT' },
    );
    const answer = { position: 'accept', statement: 'We are out of stock.' } as const;
    await expect(deal.buyer.scout.disputes.answer(filed.dispute_id, answer)).rejects.toMatchObject({
      code: 'INSUFFICIENT_PERMISSIONS',
    });
    const accepted = await deal.seller.beacon.disputes.answer(filed.dispute_id, answer);
    expect(accepted.decision).toMatchObject({ remedy: 'refund', decided_by: deal.seller.beacon.agentId });
    const closed = await untilClosed(deal.buyer.scout, filed.dispute_id);
    expect(closed.refund).toMatchObject({ amount: '100.00', status: 'proved' });
    const ended = await deal.buyer.scout.transaction(deal.id);
    expect(ended).toMatchObject({ status: 'cancelled', clearing_status: 'refunded' });
    expect(transitionsOf(ended).slice(-4)).toEqual(['T13', 'T14', 'X6', 'T16']);
    expect(BigInt(await bankBalance(deal.buyer)) - before).toBe(10_000n);
    await expectBooksToTie(deal.id);
  });

  it('that are contested wait for the arbiter; a part goes back, and the evidence holds offline', async () => {
    const deal = await aDealCleared({ delivered: true });
    const { scout } = deal.buyer;
    const first = await scout.disputes.file(
      deal.id,
      { ...claim, evidence: [...claim.evidence] },
      'filed-once',
    );
    const again = await scout.disputes.file(
      deal.id,
      { ...claim, evidence: [...claim.evidence] },
      'filed-once',
    );
    expect(again.dispute_id).toBe(first.dispute_id);
    const id = first.dispute_id;
    const decision = { remedy: 'partial_refund', amount: '30.00', reason: 'A scratch, no more.' } as const;
    await expect(env.operator.disputes.resolve(id, decision)).rejects.toMatchObject({ status: 409 });
    const { disputes } = deal.seller.beacon;
    await disputes.answer(id, { position: 'contest', statement: 'It left our house in order.' });
    await scout.disputes.answer(id, { position: 'evidence', statement: 'See this film of it.' });
    await expect(env.operator.disputes.resolve(id, { ...decision, amount: '100.01' })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
    const decided = await env.operator.disputes.resolve(id, decision);
    expect(decided.decision).toMatchObject({ remedy: 'partial_refund', amount: '30.00' });
    await expect(
      env.operator.disputes.resolve(id, { remedy: 'uphold', reason: 'Or not.' }),
    ).rejects.toMatchObject({ status: 409 });
    const closed = await untilClosed(scout, id);
    expect(closed.statements.map(({ position }) => position)).toEqual(['claim', 'contest', 'evidence']);
    expect(closed.refund).toMatchObject({ amount: '30.00', status: 'proved' });
    const ended = await scout.transaction(deal.id);
    expect(transitionsOf(ended).slice(-4)).toEqual(['T8', 'T15', 'T14', 'T17']);
    await expect(scout.disputes.file(deal.id, { ...claim, evidence: [] })).rejects.toMatchObject({
      status: 409,
    });

    const stranger = await market.aBuyer();
    await expect(stranger.scout.disputes.get(id)).rejects.toMatchObject({ code: 'DISPUTE_NOT_FOUND' });
    await expect(stranger.scout.disputes.evidence(id)).rejects.toMatchObject({ code: 'DISPUTE_NOT_FOUND' });
    await expect(stranger.scout.disputes.evidenceOfTransaction(deal.id)).rejects.toMatchObject({
      code: 'TRANSACTION_NOT_FOUND',
    });

    const text = bundleText(await disputes.evidence(id));
    expect(verifyBundle(text, env.platform.auraPublicKey).filter(({ passed }) => !passed)).toEqual([]);
    for (const secret of ['Jane', 'jane@example.com', INTENT, deal.buyer.accountNumber]) {
      expect(text).not.toContain(secret);
    }
    const ofDeal = await env.operator.disputes.evidenceOfTransaction(deal.id);
    expect(ofDeal.bundle.instructions.map(({ instruction }) => instruction.kind)).toEqual([
      'pay_in',
      'refund',
    ]);
    expect(ofDeal.bundle.proofs.every(({ evidence }) => evidence !== null)).toBe(true);
    expectToolToAgree(text);
    await expectBooksToTie(deal.id);
  });

  /** The command ends with 0 on the bundle, and with 1 on one that was changed. */
  function expectToolToAgree(text: string) {
    const folder = mkdtempSync(join(tmpdir(), 'aura-bundle-'));
    const run = (content: string) => {
      const file = join(folder, 'bundle.json');
      writeFileSync(file, content);
      try {
        const args = [
          '--import',
          'tsx',
          'bin/verify-bundle.ts',
          file,
          '--aura-key',
          env.platform.auraPublicKey,
        ];
        return { status: 0, out: execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }) };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { status, out: stdout };
      }
    };
    try {
      expect(run(text)).toMatchObject({
        status: 0,
        out: expect.stringContaining('The bundle holds.') as string,
      });
      const changed = run(text.replace('"It does not switch on."', '"It does not switch off."'));
      expect(changed).toMatchObject({ status: 1, out: expect.stringContaining('does not hold') as string });
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(readFileSync(join(ROOT, 'bin', 'verify-bundle.ts'), 'utf8')).not.toContain('store/');
  }

  it('that nobody answers are decided as was asked', async () => {
    const deal = await aDealCleared({ delivered: true });
    const filed = await against(deal, { remedy: 'partial_refund', amount: '12.50' });
    const closed = await untilClosed(deal.buyer.scout, filed.dispute_id);
    expect(closed.decision).toMatchObject({ remedy: 'partial_refund', amount: '12.50', decided_by: 'aura' });
    expect(closed.refund).toMatchObject({ amount: '12.50', status: 'proved' });
    await expectBooksToTie(deal.id);
  });

  it('of a deal that was not delivered in time are opened by AURA, and end in a refund', async () => {
    const deal = await aDealCleared({ profileId: 'digital_goods' });
    await deal.buyer.scout.waitFor(deal.id, ({ status }) => status === 'disputed');
    const [opened] = await deal.buyer.scout.disputes.list();
    expect(opened).toMatchObject({ side: 'aura', reason: 'not_delivered', respondent: 'seller' });
    const closed = await untilClosed(deal.buyer.scout, opened?.dispute_id ?? '');
    expect(closed.refund).toMatchObject({ amount: '100.00', status: 'proved' });
    const ended = await deal.buyer.scout.transaction(deal.id);
    expect(ended).toMatchObject({ status: 'cancelled', clearing_status: 'refunded' });
    await expectBooksToTie(deal.id);
  });

  it('are decided by the signed votes of a panel that is nobody’s', async () => {
    const deal = await aDealCleared();
    const filed = await against(deal, { reason: 'not_delivered' });
    const id = filed.dispute_id;
    await deal.seller.beacon.disputes.answer(id, { position: 'contest', statement: 'It is on its way.' });
    const judges = await Promise.all(
      [1, 2, 3].map(async () => Scout.register(env.http, await market.aPrincipal('L1'))),
    );
    const members = judges.map(({ agentId }) => agentId);
    const { operator } = env;
    await expect(operator.disputes.appointPanel(id, { members, quorum: 1 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
    await expect(
      operator.disputes.appointPanel(id, { members: [...members, deal.buyer.scout.agentId], quorum: 3 }),
    ).rejects.toMatchObject({ details: { field: 'members' } });
    await operator.disputes.appointPanel(id, { members, quorum: 2 });
    await expect(
      operator.disputes.resolve(id, { remedy: 'uphold', reason: 'Myself.' }),
    ).rejects.toMatchObject({ status: 409 });
    const [one, two, three] = judges as [Scout, Scout, Scout];
    const vote = { remedy: 'uphold', reason: 'It is on its way indeed.' } as const;
    const forged = { ...vote, signature: Buffer.alloc(64).toString('base64') };
    await expect(rawVote(one, id, forged)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    const first = await one.disputes.vote(id, vote);
    expect(first).toMatchObject({ status: 'answered', decision: null });
    expect(first.panel?.members.map(({ remedy }) => remedy)).toEqual([null, null, null]);
    await one.disputes.vote(id, vote);
    await expect(one.disputes.vote(id, { ...vote, remedy: 'refund' })).rejects.toMatchObject({ status: 409 });
    await expect(deal.buyer.scout.disputes.vote(id, vote)).rejects.toMatchObject({
      code: 'INSUFFICIENT_PERMISSIONS',
    });
    const decided = await two.disputes.vote(id, vote);
    expect(decided.decision).toMatchObject({ remedy: 'uphold', decided_by: 'panel' });
    await expect(three.disputes.vote(id, vote)).rejects.toMatchObject({ status: 409 });
    const closed = await untilClosed(three, id);
    expect(closed.refund).toBeNull();
    const paid = await deal.seller.beacon.waitFor(deal.id, ({ payout }) => payout?.status === 'proved');
    expect(transitionsOf(paid).slice(-3)).toEqual(['T13', 'T14', 'T17']);
    const text = bundleText(await two.disputes.evidence(id));
    expect(verifyBundle(text, env.platform.auraPublicKey).filter(({ passed }) => !passed)).toEqual([]);
    await expectBooksToTie(deal.id);
  });

  /** A vote with a signature of the test's own making. */
  function rawVote(agent: Scout, disputeId: string, vote: object): Promise<unknown> {
    const { send } = agent.disputes as unknown as {
      send: (method: string, path: string, body: unknown) => Promise<unknown>;
    };
    return send('POST', `/v1/disputes/${disputeId}/votes`, vote);
  }
});
