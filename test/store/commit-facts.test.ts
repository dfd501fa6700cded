/** What the gate is told: read inside the commit's transaction, from the rows as they are then. */
import { generateKeyPair } from '../../domain/keys';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { inTransaction } from '../../store/db';
import { delegationSpent, pairHistory, partyFacts, railOptions, usdPerUnit } from '../../store/commit-facts';
import { setRailHealth } from '../../store/rail-health';
import { revokeRailKey } from '../../store/rails';
import { registerRailKey } from '../../store/trust';
import { useMandate } from '../../store/payment-accounts';
import { findPrincipal } from '../../store/principals';
import { reputations } from '../../store/reputation';
import { releaseExposures } from '../../store/transactions';
import { describeWithDatabase } from '../support/database';
import {
  aBeacon,
  aDeal,
  aMandate,
  anAccount,
  aPrincipal,
  aScout,
  fund,
  usd,
  type DealWish,
  type TestAgent,
} from '../support/factories';

describeWithDatabase('the facts of a commit', (database) => {
  const db = () => database().db;
  const facts = async ({ id: agentId, principal: { id } }: TestAgent, asset = 'USD') => {
    const principal = await findPrincipal(db(), id);
    if (!principal) throw new Error(`no principal ${id}`);
    const [found] = await inTransaction(db(), (trx) => partyFacts(trx, [{ agentId, principal }], asset));
    return found;
  };

  it('of a newcomer are all zero', async () => {
    const scout = await aScout(db(), { trust: 'L1' });
    expect(await facts(scout)).toEqual({
      principalId: scout.principal.id,
      agentId: scout.id,
      principalActive: true,
      agentActive: true,
      trust: 'L1',
      reputation: 55,
      rolling24hUsdMinor: 0n,
      agentCapacityMinor: null,
      agentExposureMinor: 0n,
      principalExposureUsdMinor: 0n,
      freeCollateralMinor: 0n,
      canFundCall: false,
    });
  });

  it('have capacity and exposure of the agent, and exposure of the whole principal', async () => {
    const scout = await aScout(db(), { capacity: new Map([['USD', 500_000n]]) });
    const sibling = await aScout(db(), { principal: scout.principal });
    const mine = await aDeal(db(), { scout, amount: usd('100.00') });
    await aDeal(db(), { scout: sibling, amount: usd('30.00') });
    const expected = { agentCapacityMinor: 500_000n, agentExposureMinor: 10_000n };
    expect(await facts(scout)).toMatchObject({
      ...expected,
      principalExposureUsdMinor: 13_000n,
      rolling24hUsdMinor: 13_000n,
    });
    expect(await facts(scout, 'EUR')).toMatchObject({ agentCapacityMinor: null, agentExposureMinor: 0n });
    // A deal that is over is no exposure any more, but still counts for the day.
    await inTransaction(db(), (trx) => releaseExposures(trx, mine.id));
    expect(await facts(scout)).toMatchObject({
      agentExposureMinor: 0n,
      principalExposureUsdMinor: 3_000n,
      rolling24hUsdMinor: 13_000n,
    });
    await db().raw("UPDATE exposures SET created_at = now() - interval '24 hours' WHERE transaction_id = ?", [
      mine.id,
    ]);
    expect(await facts(scout)).toMatchObject({ rolling24hUsdMinor: 3_000n });
  });

  it('have the free collateral in the asset, and whether a call can be funded', async () => {
    const beacon = await aBeacon(db());
    await fund(db(), beacon.principal, usd('12.34'));
    await anAccount(db(), { principal: beacon.principal });
    expect(await facts(beacon)).toMatchObject({ freeCollateralMinor: 1_234n, canFundCall: true });
    expect(await facts(beacon, 'EUR')).toMatchObject({ freeCollateralMinor: 0n, canFundCall: false });
  });

  it('tell who is suspended', async () => {
    const scout = await aScout(db());
    await db()('agents').where({ id: scout.id }).update({ status: 'suspended' });
    expect(await facts(scout)).toMatchObject({ agentActive: false, principalActive: true });
    await db()('principals').where({ id: scout.principal.id }).update({ status: 'suspended' });
    expect(await facts(scout)).toMatchObject({ principalActive: false });
  });

  describe('about rails', () => {
    const options = (buyer: { id: string }, seller: { id: string }, mandateId?: string) =>
      inTransaction(db(), (trx) =>
        railOptions(trx, RAIL_TERMS, {
          buyerPrincipalId: buyer.id,
          sellerPrincipalId: seller.id,
          asset: 'USD',
          mandateId,
          fallback: mandateId === undefined,
        }),
      );
    const rtp = async (...parties: Parameters<typeof options>) =>
      (await options(...parties)).find(({ rail }) => rail === 'rtp');

    it('leave what was agreed to for one commit to that one', async () => {
      const [buyer, seller] = [await aPrincipal(db()), await aPrincipal(db())];
      await anAccount(db(), { principal: seller });
      const ofCommit = await aMandate(db(), { principal: buyer, ceiling: usd('20.00'), forCommit: true });
      expect(await rtp(buyer, seller)).toMatchObject({ mandateRef: null, mandateLeftMinor: null });
      expect(await rtp(buyer, seller, ofCommit)).toMatchObject({ mandateRef: ofCommit });
      const general = await aMandate(db(), { principal: buyer, ceiling: usd('10.00') });
      expect(await rtp(buyer, seller)).toMatchObject({ mandateRef: general });
    });

    it('take the mandate with most left, or the one that was named', async () => {
      const [buyer, seller] = [await aPrincipal(db()), await aPrincipal(db())];
      expect(await rtp(buyer, seller)).toMatchObject({
        mandateLeftMinor: null,
        mandateRef: null,
        sellerAccepts: false,
      });
      const small = await aMandate(db(), { principal: buyer, ceiling: usd('10.00') });
      const large = await aMandate(db(), { principal: buyer, ceiling: usd('20.00') });
      await anAccount(db(), { principal: seller });
      expect(await rtp(buyer, seller)).toMatchObject({
        mandateLeftMinor: 2_000n,
        mandateRef: large,
        sellerAccepts: true,
      });
      expect(await rtp(buyer, seller, small)).toMatchObject({ mandateLeftMinor: 1_000n, mandateRef: small });
      await inTransaction(db(), (trx) => useMandate(trx, large, 1_500n));
      expect(await rtp(buyer, seller)).toMatchObject({ mandateLeftMinor: 1_000n, mandateRef: small });
    });

    it('tell which run here: those with a key that is valid now', async () => {
      const [buyer, seller] = [await aPrincipal(db()), await aPrincipal(db())];
      await anAccount(db(), { principal: seller });
      const card = async () => (await options(buyer, seller)).find(({ rail }) => rail === 'card');
      expect(await rtp(buyer, seller)).toMatchObject({ operated: false });
      expect(await card()).toMatchObject({ operated: false, sellerAccepts: false });
      const { publicKey } = generateKeyPair();
      await registerRailKey(db(), { keyId: 'rail-rtp', rail: 'rtp', publicKey });
      expect(await rtp(buyer, seller)).toMatchObject({ operated: true, healthy: true });
      // A card's money reaches the seller over another rail, which has to run.
      expect(await card()).toMatchObject({ operated: false, sellerAccepts: true });
      await setRailHealth(db(), { rail: 'rtp', state: 'open', detail: null });
      expect(await rtp(buyer, seller)).toMatchObject({ operated: true, healthy: false });
      await setRailHealth(db(), { rail: 'rtp', state: 'half_open', detail: null });
      expect(await rtp(buyer, seller)).toMatchObject({ operated: true, healthy: true });
      await revokeRailKey(db(), { rail: 'rtp', keyId: 'rail-rtp' }, 'opr_1');
      expect(await rtp(buyer, seller)).toMatchObject({ operated: false });
    });

    it('leave out mandates that ended, were not accepted, or are someone else’s', async () => {
      const [buyer, seller] = [await aPrincipal(db()), await aPrincipal(db())];
      const mandate = await aMandate(db(), { principal: buyer });
      const none = { mandateLeftMinor: null };
      expect(await rtp(seller, buyer, mandate)).toMatchObject(none);
      await db()('mandates').where({ id: mandate }).update({ status: 'requested' });
      expect(await rtp(buyer, seller)).toMatchObject(none);
      await db()('mandates').where({ id: mandate }).update({ status: 'accepted' });
      expect(await rtp(buyer, seller)).toMatchObject({ mandateRef: mandate });
      await db().raw('UPDATE mandates SET expires_at = now() WHERE id = ?', [mandate]);
      expect(await rtp(buyer, seller)).toMatchObject(none);
    });
  });

  it('have the pair’s history: completed without a dispute in 180 days, and disputes that are open', async () => {
    const [scout, beacon] = [await aScout(db()), await aBeacon(db())];
    const deal = (at: DealWish['at']) => aDeal(db(), { scout, beacon, at });
    const pair = () =>
      inTransaction(db(), (trx) => pairHistory(trx, scout.principal.id, beacon.principal.id));
    const old = await deal({ market: 'completed', clearing: 'cleared' });
    await deal({ market: 'completed', clearing: 'cleared' });
    await deal({ market: 'committed', clearing: 'settled' });
    // Completed by a remedy, after a dispute: not undisputed.
    const remedied = await deal({ market: 'resolved', clearing: 'cleared' });
    await db()('state_history').insert({
      session_id: remedied.sessionId,
      transaction_id: remedied.id,
      region: 'market',
      transition: 'T17',
      from_state: 'resolved',
      to_state: 'completed',
      key: 'T17',
      actor: 'test',
    });
    expect(await pair()).toEqual({ undisputedDeals: 2, openDisputes: 0 });
    await db().raw("UPDATE transactions SET created_at = now() - interval '181 days' WHERE id = ?", [old.id]);
    expect(await pair()).toEqual({ undisputedDeals: 1, openDisputes: 0 });
    await deal({ market: 'disputed', clearing: 'cleared' });
    expect(await pair()).toEqual({ undisputedDeals: 1, openDisputes: 1 });
  });

  it('have what a delegation has spent on deals that stand', async () => {
    const [open, failed] = [
      await aDeal(db(), { amount: usd('100.00') }),
      await aDeal(db(), { amount: usd('50.00'), at: { market: 'failed', clearing: 'declined' } }),
    ];
    await db()('transactions').whereIn('id', [open.id, failed.id]).update({ delegation_id: 'dlg_1' });
    expect(await inTransaction(db(), (trx) => delegationSpent(trx, 'dlg_1'))).toBe(10_000n);
    expect(await inTransaction(db(), (trx) => delegationSpent(trx, 'dlg_2'))).toBe(0n);
  });

  it('have the newest daily rate of the last week, and par for USD', async () => {
    const rate = (asset: string) => inTransaction(db(), (trx) => usdPerUnit(trx, asset));
    const store = (days: number, value: string) =>
      db().raw("INSERT INTO usd_rates VALUES ('EUR', current_date - ?::int, ?)", [days, value]);
    expect(await rate('USD')).toBe('1');
    await store(7, '1.01');
    expect(await rate('EUR')).toBeUndefined();
    await store(6, '1.02');
    await store(1, '1.0825');
    expect(await rate('EUR')).toBe('1.0825000000');
  });

  it('have a reputation that only outcomes move', async () => {
    const beacon = await aBeacon(db(), { trust: 'L2' });
    const reputation = async () => (await reputations(db(), [beacon.principal.id])).get(beacon.principal.id);
    expect(await reputation()).toBe(60);
    await aDeal(db(), { beacon });
    expect(await reputation()).toBe(60);
    await aDeal(db(), { beacon, at: { market: 'completed', clearing: 'cleared' } });
    expect(await reputation()).toBeCloseTo((100 * 7) / 11, 2);
    await aDeal(db(), { beacon, at: { market: 'disputed', clearing: 'cleared' } });
    expect(await reputation()).toBeCloseTo((100 * 6) / 11, 2);
    const lost = await aDeal(db(), { beacon, at: { market: 'failed', clearing: 'declined' } });
    expect(await reputation()).toBeCloseTo((100 * 6) / 11, 2);
    const failure = {
      code: 'BUSINESS_RULE_VIOLATION',
      message: '',
      details: { defaulter: beacon.principal.id },
    };
    await db()('sessions')
      .where({ id: lost.sessionId })
      .update({ failure: JSON.stringify(failure) });
    expect(await reputation()).toBeCloseTo((100 * 6) / 12, 2);
  });
});
