/** Where a payer confirms its payment is told to the payer's side alone. */
import { transactionView } from '../../api/views/clearing';
import { findAgentWithKey } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { setProgress } from '../../store/instructions';
import { describeWithDatabase } from '../support/database';
import { aDeal } from '../support/factories';
import { anInstruction } from '../support/settlements';

describeWithDatabase('the page where a payer confirms', (database) => {
  it('is shown to the buyer and not to the seller', async () => {
    const { db } = database();
    const deal = await aDeal(db);
    const { instruction_id: id } = await anInstruction(db, {
      kind: 'pay_in',
      subjectId: deal.id,
      transactionId: deal.id,
    });
    const url = 'https://processor.example.com/challenges/1';
    await inTransaction(db, (trx) =>
      setProgress(trx, id, { progress: null, action: { kind: 'challenge', url } }),
    );
    const shownTo = async (agentId: string) => {
      const agent = await findAgentWithKey(db, agentId);
      if (!agent) throw new Error(`no agent ${agentId}`);
      return (await transactionView(db, deal, agent)).payment.action_url;
    };
    expect(await shownTo(deal.scoutId)).toBe(url);
    expect(await shownTo(deal.beaconId)).toBeNull();
  });
});
