/** Which instruction of a subject is the newest follows the database's clock, not that of whoever gave the ids. */
import { instructionOf } from '../../store/instructions';
import { anAuditedWorld } from '../support/audited-world';
import { instructionIdOf } from '../support/audit-after';
import { describeWithDatabase } from '../support/database';

describeWithDatabase('the newest instruction of a deal', (database) => {
  it('is its successor, though the clock of who made the first one was ahead', async () => {
    const { db } = database();
    const { sold } = await anAuditedWorld(db);
    const first = await instructionIdOf(db, sold);
    const successor = 'ins_00000000000000000000000000';
    expect(successor < first).toBe(true);
    await db.raw(`UPDATE instructions SET status = 'never_executed' WHERE id = ?`, [first]);
    await db.raw(
      `INSERT INTO instructions (id, kind, subject_id, transaction_id, rail, asset, amount_minor,
         document, key_id, signature, commitment_hash, replaces, expires_at)
       SELECT ?, kind, subject_id, transaction_id, rail, asset, amount_minor,
         jsonb_set(document, '{instruction_id}', to_jsonb(?::text)), key_id, signature, commitment_hash, id,
         now() + interval '1 minute' FROM instructions WHERE id = ?`,
      [successor, successor, first],
    );
    const newest = await instructionOf(db, sold, 'pay_in');
    expect(newest?.instruction.instruction_id).toBe(successor);
  });
});
