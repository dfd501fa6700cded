import { strong, table } from '../print';
import { chapter } from '../stage';
import { expectThat, type Scenario } from './scenario';

export const dispute: Scenario = {
  title: 'The buyer disputes what was delivered',
  rails: ['rtp', 'fednow'],
  pays: ['rtp'],
  async tell(stage) {
    const { say, operator, buyer } = stage;
    const chosen = await stage.choose();
    const deal = await stage.commit(chosen, 'rtp');
    const id = deal.transaction_id;
    await stage.untilSettled(id);
    await stage.untilCleared(id, 'rtp');
    await chosen.merchant.beacon.reportDelivery(id, { carrier: 'demo courier' });
    await stage.watch(id, ({ status }) => status === 'completed');

    chapter(say, 'Two weeks later the buyer complains');
    const filed = await buyer.scout.disputes.file(id, {
      reason: 'not_as_described',
      description: 'The left ear cup is scratched; the offer said new.',
      remedy: 'partial_refund',
      amount: '60.00',
      evidence: [{ description: 'what the parcel looked like', content: 'a photograph, described' }],
    });
    await stage.watch(id, ({ status }) => status === 'disputed');
    say(`  ${filed.dispute_id}: ${filed.reason}, asks for ${strong('60.00 USD')} back`);
    await chosen.merchant.beacon.disputes.answer(filed.dispute_id, {
      position: 'contest',
      statement: 'It left our warehouse without a scratch.',
    });
    say('  the seller contests it; an arbiter looks at the evidence bundle:');
    const { bundle } = await operator.disputes.evidence(filed.dispute_id);
    const parts = Object.entries(bundle as unknown as Record<string, unknown>).map(([part, content]) => [
      part,
      Array.isArray(content) ? `${content.length}` : typeof content === 'string' ? content.slice(0, 60) : '1',
    ]);
    say(table(['part of the bundle', 'contents'], parts));

    chapter(say, 'The arbiter decides: 40.00 USD back');
    await operator.disputes.resolve(filed.dispute_id, {
      remedy: 'partial_refund',
      amount: '40.00',
      reason: 'Both sides have a point.',
    });
    const resolved = await stage.watch(
      id,
      ({ status, refunds }) => status === 'completed' && refunds[0]?.status === 'proved',
    );
    say(
      `  refund of ${strong(`${resolved.refunds[0]?.amount ?? ''} USD`)}, ${resolved.refunds[0]?.status ?? ''}`,
    );
    await stage.ledger(id, 'the deal on the ledger');
    const { open_breaks: breaks } = await operator.reconcile('rtp');
    expectThat(resolved.refunds[0]?.amount === '40.00', 'another amount was refunded');
    return { status: resolved.status, refunded: '40.00', breaks };
  },
};
