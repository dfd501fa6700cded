/** Every rail clears a deal, delivers it, pays the seller out and reconciles, against its own sandbox network. */
import { RAILS, type RailName } from '../../domain/settlement';
import { suspendAgent } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { checkLedger } from '../../store/ledger';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { createMarket, post, type Market } from '../support/market';

const SETTLED_MS = 60_000;
const RECONCILED_TRIES = 40;

describe('six rails', () => {
  let env: TestEnvironment;
  let market: Market;
  beforeAll(async () => {
    const quick = { AURA_INQUIRY_LAST_MS: '500', AURA_NOTICES_EVERY_MS: '2000' };
    env = await testEnvironment(quick, { rails: RAILS });
    market = createMarket(env);
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  it.each(RAILS)('clears over %s, delivers, pays out, and reconciles', async (rail) => {
    const { buyer, seller, transaction } = await market.aDealCommitted({ rail });
    const id = transaction.transaction_id;
    const settled = await buyer.scout.waitFor(
      id,
      ({ clearing_status }) => clearing_status === 'settled' || clearing_status === 'cleared',
      { timeoutMs: SETTLED_MS },
    );
    expect(settled.payment.proof).toMatchObject({ accepted: true });
    expect(settled.payment.rail).toBe(rail);
    await cleared(rail, id, buyer.scout);
    await seller.beacon.reportDelivery(id);
    const paid = await seller.beacon.waitFor(id, ({ payout }) => payout?.status === 'proved', {
      timeoutMs: SETTLED_MS,
    });
    expect(paid).toMatchObject({ status: 'completed', clearing_status: 'cleared' });
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  });

  it('takes a chargeback from the seller, gives it back when the seller wins it, and lets a suspended seller in again', async () => {
    const processor = `${env.platform.sandboxes.processes.get('card')?.url ?? ''}/card`;
    const { buyer, seller, transaction } = await market.aDealCommitted({ rail: 'card' });
    const id = transaction.transaction_id;
    await cleared('card', id, buyer.scout);
    await seller.beacon.reportDelivery(id);
    const { payment } = await buyer.scout.transaction(id);
    const fraud = { capture: payment.reference, reasonCode: '10.4', reason: 'fraud' };
    const opened = (await post(`${processor}/operator/chargebacks`, fraud)) as { id: string };
    const taken = await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status === 'reversed', {
      timeoutMs: SETTLED_MS,
    });
    expect(taken.notices).toMatchObject([{ kind: 'chargeback', reason_code: '10.4' }]);

    const contested = await seller.beacon.contestChargeback(id, { statement: 'Delivered and signed for.' });
    expect(contested.outcome).toBe('accepted');
    await post(`${processor}/operator/chargebacks/${opened.id}/decision`, { outcome: 'won' });
    await buyer.scout.waitFor(id, ({ clearing_status }) => clearing_status !== 'reversed', {
      timeoutMs: SETTLED_MS,
    });
    await cleared('card', id, buyer.scout);
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });

    await inTransaction(env.db, (trx) => suspendAgent(trx, seller.beacon.agentId));
    await expect(seller.beacon.setPayoutSchedule('daily')).rejects.toMatchObject({ code: 'AGENT_SUSPENDED' });
    await env.operator.reinstate(seller.beacon.agentId, 'it paid what it owed');
    await expect(seller.beacon.setPayoutSchedule('daily')).resolves.toBeDefined();
  });

  /** Some rails tell by their statement only, and some tell it late. */
  async function cleared(
    rail: RailName,
    id: string,
    reader: { transaction(id: string): Promise<{ clearing_status: string | null }> },
  ): Promise<void> {
    for (let tries = 0; tries < RECONCILED_TRIES; tries++) {
      if ((await reader.transaction(id)).clearing_status === 'cleared') return;
      await env.operator.reconcile(rail);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`${id} was not reconciled`);
  }
});
