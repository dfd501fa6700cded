import { parseMoney } from '../../../domain/money';
import { post } from '../../purse';
import { dim } from '../print';
import { chapter } from '../stage';
import { paidByCard, showRecoveries } from './chargeback';
import { expectThat, type Scenario } from './scenario';

export const sellerDefault: Scenario = {
  title: 'A seller cannot make good what it owes: the default waterfall',
  rails: ['card', 'rtp'],
  pays: ['card'],
  // A debt may stay open for three days of the profile.
  env: { AURA_DAY_MS: '2000', AURA_SANDBOX_GRANT_USD: '0.00' },
  async tell(stage) {
    const { say, environment } = stage;
    const processor = `${environment.platform.sandboxes.processes.get('card')?.url ?? ''}/card`;
    const { id, sellerId } = await paidByCard(stage);
    chapter(say, 'The cardholder takes the payment back; the seller has spent the money');
    const deal = await stage.buyer.scout.transaction(id);
    await post(`${processor}/operator/chargebacks`, {
      capture: deal.payment.reference,
      reasonCode: '13.1',
      reason: 'merchandise not received',
    });
    await stage.watch(id, ({ clearing_status }) => clearing_status === 'reversed');
    const called = await showRecoveries(stage, id);
    say(dim(`  a call for the rest runs until ${called[0]?.call_until ?? ''}`));

    chapter(say, 'The call runs out');
    const ended = await untilDefaulted(stage.operator, id);
    const [debt] = await showRecoveries(stage, id);
    const [seller] = await stage.query<{ status: string }>('SELECT status FROM principals WHERE id = ?', [
      sellerId,
    ]);
    say(`  ${stage.names.get(sellerId) ?? sellerId} is ${seller?.status ?? ''}`);
    await stage.ledger(id, 'the deal on the ledger');
    expectThat(ended && debt !== undefined, 'no default was declared');
    expectThat(seller?.status === 'suspended', 'the defaulter was not suspended');
    const minor = (decimal = '0') => parseMoney(decimal, 'USD').amountMinor;
    const covered =
      minor(debt?.from_margin) +
      minor(debt?.from_collateral) +
      minor(debt?.from_default_fund) +
      minor(debt?.from_capital);
    expectThat(covered === minor(debt?.owed), 'the waterfall does not add up');
    return {
      owed: debt?.owed ?? '',
      margin: debt?.from_margin ?? '',
      collateral: debt?.from_collateral ?? '',
      defaultFund: debt?.from_default_fund ?? '',
      capital: debt?.from_capital ?? '',
    };
  },
};

const TRIES = 120;

async function untilDefaulted(
  operator: { recoveries(): Promise<{ recoveries: { transaction_id: string | null; status: string }[] }> },
  transactionId: string,
): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { recoveries } = await operator.recoveries();
    const mine = recoveries.filter(({ transaction_id: of }) => of === transactionId);
    if (mine.some(({ status }) => status === 'defaulted')) return true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return false;
}
