import { rows } from '../db';
import { nettingFaults } from '../netting-audit';
import { tally, type Law } from './law';

export const netting: Law = {
  name: 'cycles-end-even',
  says: 'an ended netting cycle leaves nothing on its netting accounts, and no deal of it owes anything',
  async check(trx) {
    const [cycles] = await rows<{ ended: string }>(
      trx,
      `SELECT count(*) AS ended FROM netting_cycles WHERE status IN ('settled', 'failed_over')`,
    );
    const found = tally();
    for (const { law, cycleId, subject, asset, amountMinor } of await nettingFaults(trx)) {
      found.add(subject, `${law.replace('_', ' ')} of ${cycleId}: ${amountMinor} ${asset}`);
    }
    return { ...found.finding(), checked: Number(cycles?.ended ?? 0) };
  },
};
