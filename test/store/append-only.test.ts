/** What was written stays: the tables nobody may change, tried with plain SQL. */
import { newId } from '../../domain/ids';
import { inTransaction, rows } from '../../store/db';
import { claimTransmission } from '../../store/instructions';
import { recordAudit } from '../../store/states';
import { describeWithDatabase } from '../support/database';
import { aPrincipal, aSession, fund, usd } from '../support/factories';
import { refusalOf } from '../support/refusals';
import { anInstruction, aProof } from '../support/settlements';

const KEPT = [
  ['entries', 'event'],
  ['postings', 'amount_minor'],
  ['state_history', 'actor'],
  ['audit', 'action'],
  ['proofs', 'evidence'],
  ['rail_references', 'reference'],
  ['transmissions', 'sent_by'],
] as const;

describeWithDatabase('what was written', (database) => {
  beforeAll(async () => {
    const { db } = database();
    await fund(db, await aPrincipal(db), usd('5.00'));
    await aSession(db, { at: 'interpreting' });
    await inTransaction(db, (trx) => recordAudit(trx, { actor: 'a', action: 'b', subject: 'c', detail: {} }));
    const instruction = await anInstruction(db);
    await aProof(db, instruction);
    await claimTransmission(db, instruction.instruction_id, 'test');
  });

  it.each(KEPT)('in %s stays as it is', async (table, column) => {
    const { db } = database();
    const count = async () => (await rows<{ count: string }>(db, `SELECT count(*) FROM ${table}`))[0]?.count;
    const before = await count();
    expect(Number(before)).toBeGreaterThan(0);
    expect(await refusalOf(db.raw('UPDATE ?? SET ?? = ??', [table, column, column]))).toBe('append-only');
    expect(await refusalOf(db.raw('DELETE FROM ??', [table]))).toBe('append-only');
    expect(await refusalOf(db.raw('TRUNCATE ?? CASCADE', [table]))).toBe('append-only');
    expect(await count()).toBe(before);
  });

  it('cannot be truncated from behind, through a table it refers to', async () => {
    const { db } = database();
    for (const table of ['sessions', 'accounts', 'instructions', 'principals', 'transactions'])
      expect([table, await refusalOf(db.raw('TRUNCATE ?? CASCADE', [table]))]).toEqual([
        table,
        'append-only',
      ]);
  });

  it('cannot be replaced by inserting over it', async () => {
    const { db } = database();
    const [entry] = await rows<{ id: string }>(db, 'SELECT id FROM entries LIMIT 1');
    const over = db.raw(
      `INSERT INTO entries (id, event, key, digest) VALUES (?, 'release', ?, 'd')
       ON CONFLICT (id) DO UPDATE SET digest = 'd'`,
      [entry?.id ?? '', newId('entry')],
    );
    expect(await refusalOf(over)).toBe('append-only');
  });
});
