/** Disputes in the books: how they open, what their deadlines and decisions do, and what they cost a reputation. */
import { setTimeout } from 'node:timers/promises';
import type { ActivityDeps } from '../../activities';
import { hasOpenDispute, openDispute as openForAura } from '../../activities/dispute';
import { disputeActivities } from '../../activities/remedy';
import { createEmbedder } from '../../domain/embedding';
import { createRuleInterpreter } from '../../domain/interpretation';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { novation, refundProved, settlementProved } from '../../domain/ledger/postings';
import type { TransitionId } from '../../domain/lifecycle';
import { createPolicyEngine } from '../../domain/policies';
import { withDaysOf } from '../../domain/profiles';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { inTransaction, rows, type Db } from '../../store/db';
import {
  decideDispute,
  findDispute,
  listDisputes,
  lockDispute,
  openDispute,
  setDisputeStatus,
  type Dispute,
  type Filing,
} from '../../store/disputes';
import { checkLedger, dealBalances, postEntries } from '../../store/ledger';
import { dealPosting, marginsOf } from '../../store/margins';
import { useMandate } from '../../store/payment-accounts';
import { refundsOf, setRefundStatus } from '../../store/refunds';
import { reputations } from '../../store/reputation';
import { stateHistory } from '../../store/states';
import { findDeal, lockDeal, stateOf, type Deal } from '../../store/transactions';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aDeal, aScout, usd } from '../support/factories';
import { takeSteps, type WantedState } from '../support/lifecycle-paths';

const LONG = withDaysOf(86_400_000);
const SHORT = withDaysOf(1);

describeWithDatabase('disputes', (database) => {
  const deps = (profiles = LONG): ActivityDeps => ({
    db: database().db,
    signer: createSigner(generateKeyPair().privateKeyPem, 'aura'),
    interpreter: createRuleInterpreter(),
    embedder: createEmbedder(),
    railTerms: RAIL_TERMS,
    profiles,
    policies: createPolicyEngine(),
  });
  const advance = (dispute: Dispute, profiles = LONG) =>
    disputeActivities(deps(profiles)).advanceDispute({ disputeId: dispute.id });

  /** A deal whose books say what its state says. */
  async function aBookedDeal(db: Db, at: WantedState, wish: Parameters<typeof aDeal>[1] = {}): Promise<Deal> {
    const deal = await aDeal(db, { ...wish, at, amount: usd('100.00'), fee: usd('1.00') });
    const novated = !['risk_assessed', 'declined'].includes(at.clearing ?? 'declined');
    const paid = ['settled', 'cleared'].includes(at.clearing ?? '');
    await inTransaction(db, async (trx) => {
      await useMandate(trx, deal.mandateId, deal.totalMinor);
      if (novated) await postEntries(trx, [novation(dealPosting(deal, await marginsOf(trx, deal.id)))]);
      if (paid) {
        const posting = { ...deal, transactionId: deal.id, buyer: deal.buyerPrincipalId };
        await postEntries(trx, [settlementProved(posting)]);
      }
    });
    return deal;
  }

  async function aDispute(deal: Deal, wish: Partial<Filing> = {}): Promise<Dispute> {
    const { db } = database();
    const opened = await inTransaction(db, async (trx) =>
      openDispute(trx, {
        deal: await lockDeal(trx, deal.id),
        side: 'buyer',
        filedBy: deal.scoutId,
        reason: 'defective',
        description: 'It does not switch on.',
        remedy: 'refund',
        profile: LONG.retail,
        ...wish,
      }),
    );
    if (!opened) throw new Error('no dispute was opened');
    return opened;
  }

  async function decided(dispute: Dispute, remedy: Dispute['remedyAsked'], amountMinor?: bigint) {
    await inTransaction(database().db, async (trx) => {
      const deal = await lockDeal(trx, dispute.transactionId);
      const locked = await lockDispute(trx, dispute.id);
      await decideDispute(trx, deal, locked, { remedy, amountMinor, decidedBy: 'opr_1', reason: 'fair' });
    });
  }

  async function step(deal: Deal, ...steps: TransitionId[]) {
    const now = await current(deal);
    await takeSteps(
      database().db,
      { sessionId: deal.sessionId, transactionId: deal.id },
      stateOf(now),
      steps,
    );
  }

  /** What the refund's own workflow does when the rail has brought it. */
  async function refundArrives(deal: Deal) {
    const { db } = database();
    await inTransaction(db, async (trx) => {
      for (const refund of await refundsOf(trx, deal.id)) {
        await setRefundStatus(trx, refund.id, 'proved');
        const posting = { ...refund, refundId: refund.id, buyer: deal.buyerPrincipalId, rail: deal.rail };
        await postEntries(trx, [refundProved(posting)]);
      }
    });
  }

  async function current(deal: Deal): Promise<Deal> {
    const found = await findDeal(database().db, deal.id);
    if (!found) throw new Error('the deal is gone');
    return found;
  }

  async function expectNothingOwed(deal: Deal) {
    const owed = (await dealBalances(database().db, deal.id)).filter(
      ({ kind, balanceMinor }) =>
        ['obligation', 'entitlement', 'fees_deferred', 'refund_due'].includes(kind) && balanceMinor !== 0n,
    );
    expect(owed).toEqual([]);
    expect(await checkLedger(database().db)).toMatchObject({ balanced: true });
  }

  it.each<[WantedState, string]>([
    [{ market: 'committed', clearing: 'settling' }, 'T13'],
    [{ market: 'fulfilled', clearing: 'settled' }, 'T7'],
    [{ market: 'completed', clearing: 'cleared' }, 'T15'],
  ])('open from %j by %s, once at a time, with events and deadlines', async (at, transition) => {
    const { db } = database();
    const deal = await aDeal(db, { at });
    const dispute = await aDispute(deal);
    expect(await aDispute(deal, { reason: 'other' })).toMatchObject({ id: dispute.id, reason: 'defective' });
    const day = 86_400_000;
    expect(dispute.answerDueAt.getTime() - dispute.createdAt.getTime()).toBe(5 * day);
    expect(dispute.decisionDueAt.getTime() - dispute.createdAt.getTime()).toBe(15 * day);
    expect((await current(deal)).marketState).toBe('disputed');
    expect((await stateHistory(db, deal.sessionId)).at(-1)?.transition).toBe(transition);
    const told = await rows(
      db,
      `SELECT type, payload->>'dispute_id' AS id FROM outbox WHERE correlation_id = ? AND type LIKE 'dispute.%'`,
      [deal.sessionId],
    );
    expect(told).toEqual([{ type: 'dispute.opened', id: dispute.id }]);
    expect(await hasOpenDispute(db, deal.id)).toBe(true);
  });

  it('are not opened where there is nothing to dispute', async () => {
    const { db } = database();
    const deal = await aDeal(db, { at: { market: 'failed', clearing: 'declined' } });
    const opened = await inTransaction(db, async (trx) =>
      openForAura(trx, deps(), await lockDeal(trx, deal.id), {
        side: 'aura',
        reason: 'reversal',
        description: 'It was charged back.',
      }),
    );
    expect(opened).toBeNull();
    expect(await hasOpenDispute(db, deal.id)).toBe(false);
  });

  it('wait for the answer, and without one are decided as was asked', async () => {
    const { db } = database();
    const deal = await aBookedDeal(db, { market: 'fulfilled', clearing: 'cleared' });
    const dispute = await aDispute(deal);
    const waiting = await advance(dispute);
    expect(waiting).toMatchObject({ next: 'wait', transactionId: deal.id });

    const hasty = await aBookedDeal(db, { market: 'committed', clearing: 'cleared' });
    const opened = await inTransaction(db, async (trx) =>
      openForAura(trx, deps(SHORT), await lockDeal(trx, hasty.id), {
        side: 'aura',
        reason: 'not_delivered',
        description: 'Nothing was delivered by the deadline.',
      }),
    );
    const late = (await findDispute(db, opened ?? '')) as Dispute;
    await setTimeout(20);
    expect(await advance(late, SHORT)).toMatchObject({ next: 'look_again', changed: true });
    expect(await findDispute(db, late.id)).toMatchObject({
      status: 'decided',
      remedy: 'refund',
      decidedBy: 'aura',
    });
    const refunding = await advance(late, SHORT);
    expect(refunding.next).toBe('refund');
    // Once more, as after a crash: the same refund.
    expect(await advance(late, SHORT)).toEqual(refunding);
    expect(await refundsOf(db, hasty.id)).toMatchObject([{ amountMinor: 10_000n, cause: 'remedy' }]);

    await refundArrives(hasty);
    await step(hasty, 'X6');
    expect(await advance(late, SHORT)).toMatchObject({ next: 'ended', transition: 'T16', changed: true });
    expect(await current(hasty)).toMatchObject({ marketState: 'cancelled', clearingState: 'refunded' });
    expect(await advance(late, SHORT)).toMatchObject({ next: 'ended' });
    expect(await hasOpenDispute(db, hasty.id)).toBe(false);
    await expectNothingOwed(hasty);
  });

  it('that uphold a deal release it to the seller once it is cleared', async () => {
    const { db } = database();
    const deal = await aBookedDeal(db, { market: 'fulfilled', clearing: 'settled' });
    const dispute = await aDispute(deal);
    await decided(dispute, 'uphold');
    expect(await advance(dispute)).toMatchObject({ next: 'wait_for_payment' });
    await step(deal, 'T22');
    expect(await advance(dispute)).toMatchObject({ next: 'ended', transition: 'T17' });
    const payables = await rows(db, 'SELECT amount_minor AS minor FROM payables WHERE transaction_id = ?', [
      deal.id,
    ]);
    expect(payables).toEqual([{ minor: '9900' }]);
    await expectNothingOwed(deal);
  });

  it('that give a part back release the rest', async () => {
    const { db } = database();
    const deal = await aBookedDeal(db, { market: 'fulfilled', clearing: 'cleared' });
    const dispute = await aDispute(deal, { remedy: 'partial_refund', amountMinor: 3_000n });
    await decided(dispute, 'partial_refund', 3_000n);
    expect(await advance(dispute)).toMatchObject({ next: 'refund' });
    await refundArrives(deal);
    expect(await advance(dispute)).toMatchObject({ next: 'ended', transition: 'T17' });
    const payables = await rows(db, 'SELECT amount_minor AS minor FROM payables WHERE transaction_id = ?', [
      deal.id,
    ]);
    expect(payables).toEqual([{ minor: '6930' }]);
    await expectNothingOwed(deal);
  });

  it('decided before anything was sent unwind the deal', async () => {
    const { db } = database();
    const deal = await aBookedDeal(db, { market: 'committed', clearing: 'risk_assessed' });
    const dispute = await aDispute(deal);
    await decided(dispute, 'uphold');
    expect(await advance(dispute)).toMatchObject({ next: 'look_again', changed: true });
    expect((await current(deal)).clearingState).toBe('declined');
    expect(await advance(dispute)).toMatchObject({ next: 'ended', transition: 'T16' });
    expect((await current(deal)).marketState).toBe('cancelled');
    await expectNothingOwed(deal);
  });

  it('decided while the payment is under way wait for how it ends', async () => {
    const { db } = database();
    const deal = await aDeal(db, { at: { market: 'committed', clearing: 'settling' } });
    const dispute = await aDispute(deal);
    await decided(dispute, 'refund');
    expect(await advance(dispute)).toMatchObject({ next: 'wait_for_payment' });
    await step(deal, 'X2', 'X4');
    expect(await advance(dispute)).toMatchObject({ next: 'ended', transition: 'T16' });
    expect(await refundsOf(db, deal.id)).toEqual([]);
  });

  it('give nothing back that a rail took back before', async () => {
    const { db } = database();
    const deal = await aDeal(db, { at: { market: 'fulfilled', clearing: 'cleared' } });
    await step(deal, 'X5');
    const dispute = await aDispute(deal);
    await decided(dispute, 'refund');
    expect(await advance(dispute)).toMatchObject({ next: 'ended', transition: 'T17' });
    expect(await refundsOf(db, deal.id)).toEqual([]);
  });

  it('that nobody decides are called to mind five times, and stay on the operators’ list', async () => {
    const { db } = database();
    const deal = await aDeal(db, { at: { market: 'fulfilled', clearing: 'settled' } });
    const dispute = await aDispute(deal, { profile: SHORT.retail });
    await inTransaction(db, (trx) => setDisputeStatus(trx, dispute.id, 'answered'));
    await setTimeout(40);
    const seen = [];
    for (let look = 0; look < 8; look++) seen.push((await advance(dispute, SHORT)).next);
    expect(seen).toEqual([...Array<string>(5).fill('look_again'), ...Array<string>(3).fill('wait')]);
    expect(await advance(dispute, SHORT)).toMatchObject({ next: 'wait', forMs: null });
    const reminders = await rows<{ n: number }>(
      db,
      `SELECT (payload->>'reminder')::int AS n FROM outbox WHERE correlation_id = ? AND type = 'dispute.overdue'
       ORDER BY seq`,
      [deal.sessionId],
    );
    expect(reminders.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
    const overdue = await listDisputes(db, { status: 'overdue', limit: 200 });
    expect(overdue.map(({ id }) => id)).toContain(dispute.id);
    const mine = await listDisputes(db, { agentId: deal.beaconId, limit: 200 });
    expect(mine.map(({ id }) => id)).toEqual([dispute.id]);
  });

  it('count in the record of the side they were decided against, and of no other', async () => {
    const { db } = database();
    const before = { buyer: 60, seller: 63.64 };
    for (const [remedy, buyer, seller] of [
      ['refund', before.buyer, 54.55],
      ['uphold', 54.55, before.seller],
    ] as const) {
      const scout = await aScout(db);
      const beacon = await aBeacon(db);
      const deal = await aDeal(db, { at: { market: 'completed', clearing: 'cleared' }, scout, beacon });
      const of = async () => {
        const found = await reputations(db, [scout.principal.id, beacon.principal.id]);
        return [found.get(scout.principal.id), found.get(beacon.principal.id)];
      };
      expect(await of()).toEqual([before.buyer, before.seller]);
      const dispute = await aDispute(deal);
      await decided(dispute, remedy);
      expect(await of()).toEqual([buyer, seller]);
    }
  });
});
