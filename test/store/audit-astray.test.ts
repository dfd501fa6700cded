/** Money that left AURA otherwise than instructed is accounted for until an operator has decided about it. */
import { audit } from '../../store/audit';
import { rows } from '../../store/db';
import { openRun } from '../../store/reconciliation';
import {
  deliver,
  payOut,
  refundHalf,
  setStage,
  settle,
  tellWhatFactoriesDidNot,
  type Stage,
} from '../support/audited-world';
import { describeWithDatabase } from '../support/database';

describeWithDatabase('a payment of another amount', (database) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(database().db);
  });

  const suspenseMinor = async () => {
    const [found] = await rows<{ minor: string }>(
      stage.db,
      `SELECT balance_minor AS minor FROM accounts WHERE owner = 'rail:rtp' AND kind = 'suspense' AND asset = 'USD'`,
    );
    return found?.minor;
  };
  const brokenLaws = async () => {
    await tellWhatFactoriesDidNot(stage.db);
    return (await audit(stage.db)).laws.filter(({ violations }) => violations > 0);
  };

  it('to a seller waits in suspense, before and after the statement shows it', async () => {
    const deal = await deliver(stage, await settle(stage, 'rtp'));
    await payOut(stage, deal, '9000');
    expect(await suspenseMinor()).toBe('-9000');
    expect(await brokenLaws()).toEqual([]);
    const { db, activities } = stage;
    const run = await activities.planRun({ rail: 'rtp', asset: 'USD', lookbackMs: 3_600_000 });
    await openRun(db, run);
    await activities.matchStatement({ run, after: '0' });
    const [matched] = await rows<{ count: string }>(
      db,
      `SELECT count(*) FROM matched_movements m JOIN instructions i ON i.id = m.instruction_id
       WHERE i.status = 'nonconforming'`,
    );
    expect(matched?.count).toBe('1');
    expect(await brokenLaws()).toEqual([]);
  });

  it('to a buyer as a refund waits there too, and the refund is still owed', async () => {
    const before = BigInt((await suspenseMinor()) ?? '0');
    const deal = await settle(stage, 'rtp');
    await refundHalf(stage, deal, '4900');
    expect(BigInt((await suspenseMinor()) ?? '0')).toBe(before - 4_900n);
    const [refund] = await rows<{ status: string }>(
      stage.db,
      'SELECT status FROM refunds WHERE transaction_id = ?',
      [deal],
    );
    expect(refund?.status).toBe('pending');
    expect(await brokenLaws()).toEqual([]);
  });
});
