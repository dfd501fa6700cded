/** Netting over the ACH sandbox: members' deals wait for the close and are paid by one payment a member. */
import { Scout, type Transaction } from '../../sdk';
import { checkLedger } from '../../store/ledger';
import { nettingFaults } from '../../store/netting-audit';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { aFirmOf, type Firm } from '../support/firms';
import { anOffer, createMarket, type Market } from '../support/market';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(180_000);

const SETTLED_MS = 90_000;

const transitionsOf = ({ status_history }: Transaction) => {
  const all = status_history.map(({ transition }) => transition);
  return all.slice(all.indexOf('T19'));
};

describeOnServer('netting', () => {
  let env: TestEnvironment;
  let market: Market;
  let aFirm: () => Promise<Firm>;

  beforeAll(async () => {
    const quick = { AURA_INQUIRY_LAST_MS: '500', AURA_NOTICES_EVERY_MS: '2000' };
    env = await testEnvironment(quick, { rails: ['rtp', 'ach'] });
    market = createMarket(env);
    aFirm = aFirmOf(env, market);
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  async function sell(buyer: Firm, seller: Firm, price: string): Promise<string> {
    const session = await market.rankedSession(buyer, [[seller, [anOffer({ price })]]], {
      profileId: 'services',
    });
    const [offer] = session.offers;
    const terms = market.commitment(buyer, offer?.offer_id ?? '', { rail: 'ach' });
    const committed = await buyer.scout.commit(session.sessionId, terms);
    expect(committed).toMatchObject({ status: 'committed', clearing_status: 'authorized' });
    return committed.transaction_id;
  }

  const settled = (firm: Firm, id: string, clearing: string) =>
    firm.scout.waitFor(id, ({ clearing_status }) => clearing_status === clearing, { timeoutMs: SETTLED_MS });

  async function cleared(firm: Firm, id: string): Promise<Transaction> {
    for (let tries = 0; tries < 60; tries++) {
      const found = await firm.scout.transaction(id);
      if (found.clearing_status === 'cleared') return found;
      await env.operator.reconcile('ach');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    throw new Error(`${id} was not cleared`);
  }

  async function openCycle(firm: Firm): Promise<string> {
    const [cycle] = await firm.scout.netting.cycles({ status: 'open' });
    if (!cycle) throw new Error('no cycle is open');
    return cycle.cycle_id;
  }

  async function ended(cycleId: string): Promise<void> {
    for (let tries = 0; tries < 90; tries++) {
      const { status } = await env.operator.netting.cycle(cycleId);
      if (status === 'settled' || status === 'failed_over') return;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    throw new Error(`${cycleId} did not end`);
  }

  async function expectLaws() {
    expect(await nettingFaults(env.db)).toEqual([]);
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  it('pays two deals in a row with one payment in and two out, clears them, and completes them', async () => {
    const [a, b, c] = [await aFirm(), await aFirm(), await aFirm()];
    const ab = await sell(a, b, '300.00');
    const bc = await sell(b, c, '200.00');
    const cycleId = await openCycle(a);
    await env.operator.closeNettingCycle(cycleId);
    await settled(a, ab, 'settled');
    await ended(cycleId);

    const seen = await env.operator.netting.cycle(cycleId);
    expect(seen).toMatchObject({ status: 'settled', generation: 1 });
    const nets = new Map(seen.positions.map(({ principal_id, net }) => [principal_id, net]));
    expect(nets).toEqual(
      new Map([
        [a.principalId, '-300.00'],
        [b.principalId, '97.00'],
        [c.principalId, '198.00'],
      ]),
    );
    expect(seen.payments.map(({ direction, amount, status }) => [direction, amount, status])).toEqual(
      expect.arrayContaining([
        ['in', '300.00', 'proved'],
        ['out', '97.00', 'proved'],
        ['out', '198.00', 'proved'],
      ]),
    );
    expect(seen.payments).toHaveLength(3);

    const own = await a.scout.netting.cycle(cycleId);
    expect(own.positions.map(({ principal_id }) => principal_id)).toEqual([a.principalId]);
    expect(own.deals.map(({ transaction_id }) => transaction_id)).toEqual([ab]);
    expect(await c.scout.netting.cycleCsv(cycleId)).toMatch(
      new RegExp(`,position,${c.principalId},.*198.00`),
    );
    const stranger = await aFirm();
    await expect(stranger.scout.netting.cycle(cycleId)).rejects.toMatchObject({ status: 404 });

    for (const [firm, id] of [
      [a, ab],
      [b, bc],
    ] as const) {
      expect(transitionsOf(await cleared(firm, id))).toEqual(['T19', 'T20', 'T21', 'T22']);
    }
    await b.beacon.reportDelivery(ab);
    await b.beacon.waitFor(ab, ({ status }) => status === 'completed');
    await expectLaws();
  });

  it('settles the others when a payer cannot pay, whose deals are tried one by one', async () => {
    const [a, b, c] = [await aFirm(), await aFirm(), await aFirm()];
    // The bank rejects this amount for insufficient funds, netted or not.
    const ab = await sell(a, b, '366.02');
    const bc = await sell(b, c, '200.00');
    const cycleId = await openCycle(a);
    await env.operator.closeNettingCycle(cycleId);
    await settled(b, bc, 'settled');
    const failed = await settled(a, ab, 'declined');
    expect(transitionsOf(failed)).toEqual(['T19', 'T20', 'X2', 'X3', 'X2', 'X4', 'T4']);
    await ended(cycleId);
    const seen = await env.operator.netting.cycle(cycleId);
    expect(seen).toMatchObject({ status: 'settled', generation: 2 });
    expect(seen.deals.map(({ transaction_id, status }) => [transaction_id, status])).toEqual([
      [ab, 'gross'],
      [bc, expect.stringMatching(/settled|cleared/)],
    ]);
    await cleared(b, bc);
    await expectLaws();
  });

  it('takes no members that could not pay or be paid', async () => {
    const principal = await market.aPrincipal('L1');
    const scout = await Scout.register(env.http, principal);
    await expect(scout.netting.join({ rail: 'ach' })).rejects.toMatchObject({
      code: 'BUSINESS_RULE_VIOLATION',
    });
    await expect(scout.netting.join({ rail: 'rtp' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    const verified = await Scout.register(env.http, await market.aPrincipal('L2'));
    await expect(verified.netting.join({ rail: 'ach' })).rejects.toMatchObject({
      code: 'BUSINESS_RULE_VIOLATION',
    });
  });
});
