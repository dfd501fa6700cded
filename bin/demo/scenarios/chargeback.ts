import type { Beacon } from '../../../sdk';
import { post } from '../../purse';
import { strong, table } from '../print';
import { chapter, type Stage } from '../stage';
import { expectThat, type Scenario } from './scenario';

export const chargeback: Scenario = {
  title: 'The cardholder takes the payment back, and the seller wins it again',
  rails: ['card', 'rtp'],
  pays: ['card'],
  async tell(stage) {
    const { say, environment } = stage;
    const processor = `${environment.platform.sandboxes.processes.get('card')?.url ?? ''}/card`;
    const { id, seller } = await paidByCard(stage);

    chapter(say, 'Three weeks later the cardholder denies the purchase');
    const deal = await stage.buyer.scout.transaction(id);
    const opened = (await post(`${processor}/operator/chargebacks`, {
      capture: deal.payment.reference,
      reasonCode: '10.4',
      reason: 'fraud, card not present',
    })) as { id: string };
    const reversed = await stage.watch(id, ({ clearing_status }) => clearing_status === 'reversed');
    const [notice] = reversed.notices;
    say(
      `  chargeback ${notice?.reason_code ?? ''} ${notice?.reason ?? ''}; to be contested until ${notice?.respond_by ?? ''}`,
    );
    await showRecoveries(stage, id);
    await stage.ledger(id, 'the deal on the ledger: the seller bears it, out of its margin and balance');

    chapter(say, 'The seller contests it with the evidence of the deal, and wins');
    const contested = await seller.contestChargeback(id, {
      statement: 'Delivered to the address that the cardholder gave; the carrier has the signature.',
    });
    say(`  the processor took the representment: ${strong(contested.outcome)}`);
    await post(`${processor}/operator/chargebacks/${opened.id}/decision`, { outcome: 'won' });
    await stage.watch(id, ({ clearing_status }) => clearing_status !== 'reversed');
    const won = await stage.untilCleared(id, 'card');
    await stage.ledger(id, 'the deal on the ledger: all of it given back');
    const { open_breaks: breaks } = await stage.operator.reconcile('card');
    expectThat(won.clearing_status === 'cleared', 'the won representment was not reconciled');
    return { reversed: true, wonBack: true, clearing: won.clearing_status ?? '', breaks };
  },
};

/** A delivered, paid and paid-out deal by card. */
export async function paidByCard(stage: Stage): Promise<{ id: string; sellerId: string; seller: Beacon }> {
  const chosen = await stage.choose();
  const deal = await stage.commit(chosen, 'card');
  const id = deal.transaction_id;
  await stage.untilSettled(id);
  await stage.untilCleared(id, 'card');
  const { beacon, principal } = chosen.merchant;
  await beacon.reportDelivery(id, { carrier: 'demo courier' });
  await stage.watch(id, ({ status }) => status === 'completed');
  await beacon.waitFor(id, ({ payout }) => payout?.status === 'proved', { timeoutMs: 60_000 });
  stage.say(`  ${chosen.merchant.name} has been paid out`);
  return { id, sellerId: principal.principal_id, seller: beacon };
}

/** Every cent of what a reversal cost whom. */
export async function showRecoveries(stage: Stage, transactionId: string) {
  const { recoveries } = await stage.operator.recoveries();
  const mine = recoveries.filter(({ transaction_id: of }) => of === transactionId);
  stage.say(
    table(
      ['debt', 'of', 'owed', 'margin', 'balance', 'default fund', 'capital', 'open', 'status'],
      mine.map((recovery) => [
        recovery.recovery_id,
        stage.names.get(recovery.principal_id) ?? recovery.principal_id,
        strong(recovery.owed),
        recovery.from_margin,
        recovery.from_collateral,
        recovery.from_default_fund,
        recovery.from_capital,
        recovery.open,
        recovery.status,
      ]),
      [2, 3, 4, 5, 6, 7],
    ),
  );
  return mine;
}
