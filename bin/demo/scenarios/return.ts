import { post } from '../../purse';
import { dim, strong } from '../print';
import { chapter } from '../stage';
import { expectThat, type Scenario } from './scenario';

export const achReturn: Scenario = {
  title: 'An ACH debit comes back, and is presented again',
  rails: ['ach', 'rtp'],
  pays: ['ach'],
  env: { AURA_DAY_MS: '4000' },
  async tell(stage) {
    const { say, environment } = stage;
    const bank = `${environment.platform.sandboxes.processes.get('ach')?.url ?? ''}/ach`;
    const chosen = await stage.choose();
    const deal = await stage.commit(chosen, 'ach');
    const id = deal.transaction_id;
    const settled = await stage.untilSettled(id);
    const first = settled.payment.instruction_id ?? '';
    say(
      dim(
        `  provisional: an ACH debit may come back for two banking days (sixty days if it was not authorised)`,
      ),
    );

    chapter(say, "The payer's bank returns it: R01, insufficient funds");
    await post(`${bank}/operator/entries/${first}/return`, { code: 'R01' });
    await stage.watch(id, ({ clearing_status }) => clearing_status === 'reversed');
    await stage.ledger(id, 'the deal on the ledger, with the money gone again');
    const again = await stage.watch(id, ({ clearing_status }) => clearing_status !== 'reversed');
    const second = again.payment.instruction_id ?? '';
    say(`  NACHA lets R01 be presented again: ${strong(second)} replaces ${first}`);

    chapter(say, 'This time it stays; the seller delivers and is paid');
    await stage.untilCleared(id, 'ach');
    await chosen.merchant.beacon.reportDelivery(id, { carrier: 'demo courier' });
    const done = await stage.watch(id, ({ status }) => status === 'completed');
    await stage.ledger(id, 'the deal on the ledger');
    expectThat(second !== first && second !== '', 'it was not presented again');
    return { status: done.status, clearing: done.clearing_status ?? '', notices: done.notices.length };
  },
};
