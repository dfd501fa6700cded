/** Payments that come back by the rail's own rules: a returned ACH debit, a chargeback of a card. */
import { once } from '../../bin/demo/mixed/deals';
import type { Standing } from '../../bin/demo/mixed/standing';
import type { Platform } from '../../bin/platform';
import { post } from '../../bin/purse';
import { rows, type Db } from '../../store/db';
import type { FaultsDeal } from './deals';

interface Where {
  platform: Pick<Platform, 'sandboxes'>;
  db: Db;
}

/** Once the deal is completed and paid out. Rails where nothing can be taken back leave it as it is. */
export async function takeBack({ platform, db }: Where, deal: FaultsDeal, standing: Standing): Promise<void> {
  if (standing.market !== 'completed' || standing.pendingPayouts > 0) return;
  const urlOf = (family: 'card' | 'ach') => platform.sandboxes.processes.get(family)?.url ?? '';
  await once(deal, 'take_back', async () => {
    const [paid] = await rows<{ id: string; rail: string; reference: string }>(
      db,
      `SELECT i.id, i.rail, p.statement->>'reference' AS reference FROM instructions i
       JOIN proofs p ON p.instruction_id = i.id AND p.accepted
       WHERE i.transaction_id = ? AND i.kind = 'pay_in' AND i.status = 'executed'`,
      [deal.transactionId],
    );
    if (paid?.rail === 'ach') {
      await post(`${urlOf('ach')}/ach/operator/entries/${paid.id}/return`, { code: 'R10' });
    } else if (paid?.rail === 'card') {
      const fraud = { reasonCode: '10.4', reason: 'fraud, card not present' };
      await post(`${urlOf('card')}/card/operator/chargebacks`, { capture: paid.reference, ...fraud });
    } else return;
    deal.takenBack = paid.id;
  });
}

/** Whether AURA has still to hear of what the rail took back. */
export async function isUnheard(db: Db, { takenBack }: FaultsDeal): Promise<boolean> {
  if (takenBack === undefined) return false;
  const heard = await rows(
    db,
    'SELECT 1 FROM rail_notices WHERE instruction_id = ? AND accepted IS NOT NULL',
    [takenBack],
  );
  return heard.length === 0;
}
