import { strong, table } from '../print';
import { chapter } from '../stage';
import { expectThat, type Scenario } from './scenario';

const NOTHING_LISTENS_THERE = 'http://127.0.0.1:9/rtp';

export const railDown: Scenario = {
  title: 'A rail is out of service',
  rails: ['rtp', 'fednow'],
  pays: ['rtp', 'fednow'],
  env: { RAIL_BREAKER_OPEN_MS: '60000' },
  async tell(stage) {
    const { say, environment } = stage;
    const chosen = await stage.choose();
    const mandateId = await stage.buyer.payers.get('rtp')?.mandate('20000.00');
    await stage.buyer.payers.get('fednow')?.mandate('20000.00');
    chapter(say, 'RTP cannot be reached any more');
    await environment.platform.restart('rail-rtp', { RAIL_URL: NOTHING_LISTENS_THERE });
    const deal = await stage.commit(chosen, 'rtp', { fallback: true, mandateId });
    const id = deal.transaction_id;
    say(
      `  committed over ${strong(deal.payment.rail)}; nothing can have been sent, so the deal may take another way`,
    );
    await stage.watch(
      id,
      ({ clearing_status }) => clearing_status === 'settled' || clearing_status === 'cleared',
    );
    const cleared = await stage.untilCleared(id, 'fednow');
    say(`  settled over ${strong(cleared.payment.rail)}`);
    chapter(say, 'The circuit breaker keeps new deals off the rail');
    const { rails } = await stage.operator.rails();
    const health = rails.map(({ rail, health }) => [rail, health?.state ?? 'closed']);
    say(table(['rail', 'circuit'], health));
    const second = await stage.commit(await stage.choose(), 'fednow');
    await stage.watch(second.transaction_id, ({ clearing_status }) => clearing_status === 'cleared');
    expectThat(cleared.payment.rail === 'fednow', `the deal went over ${cleared.payment.rail}`);
    const open = health.find(([rail]) => rail === 'rtp')?.[1];
    expectThat(open !== 'closed', `the breaker of rtp is ${String(open)}`);
    return { rerouted: true, settledOver: cleared.payment.rail, breaker: String(open) };
  },
};
