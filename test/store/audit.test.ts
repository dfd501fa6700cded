/** Laws of states, proofs and records, each broken on purpose with the database's own guards off, and found. */
import { generateKeyPair } from '../../domain/keys';
import { LAWS, audit } from '../../store/audit';
import { inTransaction, rows, type Trx } from '../../store/db';
import { recordAudit } from '../../store/states';
import {
  auditAfter,
  brokenLaws,
  copyProof,
  instructionIdOf,
  proofOf,
  sessionOf,
  subjectsOf,
} from '../support/audit-after';
import { anAuditedWorld, type AuditedWorld } from '../support/audited-world';
import { describeWithDatabase } from '../support/database';

describeWithDatabase('the audit', (database) => {
  const db = () => database().db;
  let world: AuditedWorld;
  let lastId = '';
  beforeAll(async () => {
    world = await anAuditedWorld(db());
  });

  it('finds nothing where nothing is broken, and tries every law on something', async () => {
    const report = await audit(db());
    expect(brokenLaws(report)).toEqual([]);
    expect(report.ok).toBe(true);
    const untried = report.laws.filter(({ checked }) => checked === 0).map(({ law }) => law);
    expect(untried).toEqual(['cycles-end-even']);
  });

  it('changes nothing, and holds nobody up', async () => {
    await db().transaction(async (trx) => {
      await trx.raw('SELECT 1 FROM transactions WHERE id = ? FOR UPDATE', [world.sold]);
      expect((await audit(db())).ok).toBe(true);
    });
  });

  it('finds an instruction with two accepted proofs', async () => {
    const report = await auditAfter(db(), async (trx) => {
      await trx.raw('DROP INDEX proofs_accepted');
      const { id } = await proofOf(trx, world.sold);
      await copyProof(trx, id, { signature: 'again', accepted: true });
    });
    expect(brokenLaws(report)).toEqual(['executed-once', 'references-count-once', 'proofs-hold']);
    const id = await instructionIdOf(db(), world.sold);
    expect(subjectsOf(report, 'executed-once')).toEqual([id]);
  });

  it('finds a subject with two instructions that may execute', async () => {
    const report = await auditAfter(db(), async (trx) => {
      await trx.raw('DROP INDEX instructions_live');
      await trx.raw(
        `INSERT INTO instructions (id, kind, subject_id, transaction_id, rail, asset, amount_minor, document, key_id,
           signature, commitment_hash, expires_at)
         SELECT 'ins_01J00000000000000000000000', kind, subject_id, transaction_id, rail, asset, amount_minor, document,
           key_id, signature, commitment_hash, now() + interval '1 hour' FROM instructions
         WHERE transaction_id = ? AND kind = 'pay_in'`,
        [world.sold],
      );
    });
    expect(brokenLaws(report)).toEqual(['executed-once']);
    expect(subjectsOf(report, 'executed-once')).toEqual([world.sold]);
  });

  it('finds an instruction that says executed and has no proof', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`UPDATE proofs SET accepted = false WHERE instruction_id IN (
                 SELECT id FROM instructions WHERE kind = 'payout' AND status = 'executed')`),
    );
    expect(brokenLaws(report)).toContain('executed-once');
  });

  it('finds a reference that counts for two proofs', async () => {
    const report = await auditAfter(db(), async (trx) => {
      const [one, other] = [await proofOf(trx, world.sold), await proofOf(trx, world.refunded)];
      await trx('proofs')
        .where({ id: other.id })
        .update({ statement: JSON.stringify({ ...other.statement, reference: one.statement.reference }) });
    });
    const { statement } = await proofOf(db(), world.sold);
    expect(subjectsOf(report, 'references-count-once')?.join(' ')).toContain(statement.reference);
    // Its signature was for another reference.
    expect(brokenLaws(report)).toEqual(['references-count-once', 'proofs-hold']);
  });

  it('finds a reference that was never counted', async () => {
    const { id } = await proofOf(db(), world.pegged);
    const report = await auditAfter(db(), (trx) => trx('rail_references').where({ proof_id: id }).delete());
    expect(brokenLaws(report)).toEqual(['references-count-once']);
    expect(subjectsOf(report, 'references-count-once')).toEqual([id]);
  });

  it('finds a state that its history does not lead to', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx('sessions').where({ id: world.sessionId }).update({ market_state: 'offers_available' }),
    );
    expect(brokenLaws(report)).toEqual(['histories-are-paths']);
    expect(subjectsOf(report, 'histories-are-paths')).toEqual([world.sessionId]);
  });

  it('finds a step that the table does not have', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(
        `UPDATE state_history SET transition = 'T12' WHERE transition = 'T2' AND transaction_id IS NULL AND session_id = (
           SELECT session_id FROM transactions WHERE id = ?)`,
        [world.open],
      ),
    );
    const session_id = await sessionOf(db(), world.open);
    expect(subjectsOf(report, 'histories-are-paths')).toEqual([session_id]);
    expect(brokenLaws(report)).toContain('histories-are-paths');
  });

  it('finds a step that is left out', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`DELETE FROM state_history WHERE transaction_id = ? AND transition = 'T20'`, [world.pegged]),
    );
    expect(brokenLaws(report)).toEqual(['histories-are-paths']);
  });

  it.each([
    ['signature', { signature: 'AAAA' }, /signature/],
    ['evidence', { evidence: 'something else' }, /does not belong to the evidence/],
  ])('finds a proof whose %s does not hold any more', async (_what, change, problem) => {
    const { id } = await proofOf(db(), world.pegged);
    const report = await auditAfter(db(), (trx) => trx('proofs').where({ id }).update(change));
    expect(brokenLaws(report)).toEqual(['proofs-hold']);
    const [violation] = report.laws.find(({ law }) => law === 'proofs-hold')?.named ?? [];
    expect(violation?.subject).toBe(id);
    expect(violation?.detail).toMatch(problem);
  });

  it('finds proofs by a key that was not the rail’s then', async () => {
    const { publicKey } = generateKeyPair();
    const report = await auditAfter(db(), (trx) =>
      trx('rail_keys').where({ rail: 'stablecoin' }).update({ public_key: publicKey }),
    );
    expect(brokenLaws(report)).toEqual(['proofs-hold']);
  });

  it('verifies proofs by keys that were taken back since', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`UPDATE rail_keys SET valid_to = now() + interval '1 second'`),
    );
    expect(brokenLaws(report)).toEqual([]);
  });

  it('finds a deal that settled by a payment of another total', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(
        'UPDATE transactions SET subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1 WHERE id = ?',
        [world.pegged],
      ),
    );
    expect(brokenLaws(report)).toEqual(['settled-deals-are-proved']);
    expect(subjectsOf(report, 'settled-deals-are-proved')).toEqual([world.pegged]);
  });

  it('finds a deal that says it was settled by a cycle it was not in', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(
        `UPDATE state_history SET detail = '{"cycle_id": "cyc_x"}' WHERE transaction_id = ? AND transition = 'T21'`,
        [world.pegged],
      ),
    );
    // A history is never changed once it is written.
    expect(brokenLaws(report)).toEqual(['settled-deals-are-proved', 'transitions-are-told']);
  });

  it.each(['sold', 'pegged'] as const)(
    'finds the exposure of a deal (%s) that does not end with it',
    async (name) => {
      const released = name === 'sold' ? 'NULL' : 'now()';
      const report = await auditAfter(db(), (trx) =>
        trx.raw(
          `UPDATE exposures SET released_at = ${released} WHERE transaction_id = ? AND role = 'buyer'`,
          [world[name]],
        ),
      );
      expect(brokenLaws(report)).toEqual(['exposures-end-with-deals']);
      expect(subjectsOf(report, 'exposures-end-with-deals')).toEqual([world[name]]);
    },
  );

  it('finds a transition that nobody was told of', async () => {
    const session_id = await sessionOf(db(), world.pegged);
    const report = await auditAfter(db(), (trx) =>
      trx('outbox').where({ correlation_id: session_id, type: 'transaction.settled' }).delete(),
    );
    expect(brokenLaws(report)).toEqual(['transitions-are-told']);
    expect(subjectsOf(report, 'transitions-are-told')).toEqual([session_id]);
  });

  it('finds a transition without an audit record', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx('audit').where({ subject: world.pegged, action: 'deal.settled' }).delete(),
    );
    expect(brokenLaws(report)).toEqual(['audit-is-chained', 'transitions-are-told']);
  });

  it.each([
    ['that was changed', (trx: Trx) => trx.raw(`UPDATE audit SET actor = 'somebody' WHERE id = ?`, [lastId])],
    ['that was cut off at the end', (trx: Trx) => trx.raw('DELETE FROM audit WHERE id = ?', [lastId])],
    [
      'whose seal was made anew',
      (trx: Trx) =>
        trx.raw(`UPDATE audit a SET actor = 'somebody', hash = audit_seal(NULL, a) WHERE id = ?`, [lastId]),
    ],
  ])('finds an audit record %s', async (_how, breakIt) => {
    const [last] = await rows<{ id: string }>(
      db(),
      'SELECT id FROM audit WHERE subject = ? ORDER BY position DESC LIMIT 1',
      [world.sessionId],
    );
    lastId = last?.id ?? '';
    const report = await auditAfter(db(), async (trx) => void (await breakIt(trx)));
    expect(brokenLaws(report)).toContain('audit-is-chained');
  });

  it('chains each subject by itself, whoever writes at the same time', async () => {
    const write = (number: number) =>
      inTransaction(db(), (trx) =>
        recordAudit(trx, {
          actor: 'test',
          action: 'test.written',
          subject: `chain-${number % 2}`,
          detail: { number },
        }),
      );
    await Promise.all(Array.from({ length: 40 }, (_unused, number) => write(number)));
    const positions = await rows<{ subject: string; positions: string[] }>(
      db(),
      `SELECT subject, array_agg(position::text ORDER BY position) AS positions FROM audit
       WHERE subject LIKE 'chain-%' GROUP BY 1 ORDER BY 1`,
    );
    const twenty = Array.from({ length: 20 }, (_unused, index) => String(index + 1));
    expect(positions).toEqual([
      { subject: 'chain-0', positions: twenty },
      { subject: 'chain-1', positions: twenty },
    ]);
    expect(brokenLaws(await audit(db()))).toEqual([]);
  });

  it('takes a history that was loaded from a dump as it is', async () => {
    const report = await auditAfter(db(), async (trx) => {
      await trx.raw("UPDATE state_history SET at = at - interval '1 hour' WHERE session_id = ?", [
        world.sessionId,
      ]);
      await trx.raw("UPDATE audit SET at = at - interval '1 hour' WHERE subject = ?", [world.sessionId]);
      await trx.raw('UPDATE state_history SET actor = actor');
    });
    // The time is under the seal too: here it was changed, as no dump does.
    expect(brokenLaws(report)).toEqual(['audit-is-chained']);
  });

  it('has a sentence and a name of its own for every law', () => {
    expect(new Set(LAWS.map(({ name }) => name)).size).toBe(LAWS.length);
    expect(LAWS.every(({ says }) => says.length > 20)).toBe(true);
  });
});
