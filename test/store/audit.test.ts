/** Each law of the audit is broken on purpose, with the database's own guards switched off, and found. */
import { generateKeyPair } from '../../domain/keys';
import { LAWS, audit, auditWithin, type AuditReport } from '../../store/audit';
import type { Trx } from '../../store/db';
import { anAuditedWorld, type AuditedWorld } from '../support/audited-world';
import { describeWithDatabase } from '../support/database';

const brokenLaws = ({ laws }: AuditReport) =>
  laws.filter(({ violations }) => violations > 0).map(({ law }) => law);
const subjectsOf = ({ laws }: AuditReport, name: string) =>
  laws.find(({ law }) => law === name)?.named.map(({ subject }) => subject);

class RolledBack extends Error {}

describeWithDatabase('the audit', (database) => {
  const db = () => database().db;
  let world: AuditedWorld;
  beforeAll(async () => {
    world = await anAuditedWorld(db());
  });

  /** What an audit says after this was done behind the database's back. Nothing of it stays. */
  async function auditAfter(breakIt: (trx: Trx) => PromiseLike<unknown>): Promise<AuditReport> {
    let report: AuditReport | undefined;
    const work = db().transaction(async (trx) => {
      await trx.raw('SET LOCAL session_replication_role = replica');
      await breakIt(trx);
      report = await auditWithin(trx);
      throw new RolledBack();
    });
    await expect(work).rejects.toBeInstanceOf(RolledBack);
    if (!report) throw new Error('there was no audit');
    return report;
  }

  const instructionOf = async (trx: Trx, subject: string, kind = 'pay_in') =>
    (await trx('instructions').where({ transaction_id: subject, kind }).first('id')) as { id: string };
  const proofOf = async (trx: Trx, transactionId: string) => {
    const { id } = await instructionOf(trx, transactionId);
    return (await trx('proofs').where({ instruction_id: id, accepted: true }).first('*')) as {
      id: string;
      instruction_id: string;
      statement: Record<string, string>;
    };
  };

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

  it('finds an entry that does not balance', async () => {
    const report = await auditAfter(async (trx) => {
      await trx.raw(
        `UPDATE postings SET amount_minor = amount_minor + 1 WHERE seq = (
           SELECT max(p.seq) FROM postings p JOIN entries e ON e.id = p.entry_id WHERE e.key = ?)`,
        [`release:${world.sold}`],
      );
    });
    const entry = await db()('entries')
      .where({ key: `release:${world.sold}` })
      .first('id');
    expect(subjectsOf(report, 'entries-balance')).toEqual([(entry as { id: string }).id]);
    // What is wrong with a posting is wrong with its account too.
    expect(brokenLaws(report)).toEqual(['entries-balance', 'accounts-add-up']);
  });

  it('finds an entry without postings', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(`INSERT INTO entries (id, event, key, digest)
               VALUES ('ent_01J00000000000000000000000', 'capital_contributed', 'capital_contributed:x', 'x')`),
    );
    expect(brokenLaws(report)).toEqual(['entries-balance']);
    expect(subjectsOf(report, 'entries-balance')).toEqual(['ent_01J00000000000000000000000']);
  });

  it('finds an account that is not the sum of its postings, and the asset that no longer adds up', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(
        `UPDATE accounts SET balance_minor = balance_minor + 1 WHERE owner = 'aura' AND kind = 'fees_earned'`,
      ),
    );
    expect(brokenLaws(report)).toEqual(['accounts-add-up', 'assets-add-up']);
    expect(subjectsOf(report, 'accounts-add-up')).toEqual(['aura/fees_earned/USD']);
    expect(subjectsOf(report, 'assets-add-up')).toEqual(['USD']);
  });

  it('finds a deal that ended and is still owed something', async () => {
    const report = await auditAfter((trx) =>
      post(trx, 'novation:again', world.sold, [
        ['aura', 'fees_deferred', 'credit'],
        ['aura', 'fees_earned', 'debit'],
      ]),
    );
    expect(brokenLaws(report)).toEqual(['ended-deals-owe-nothing']);
    expect(subjectsOf(report, 'ended-deals-owe-nothing')).toEqual([world.sold]);
  });

  it('finds margin that its deals do not hold', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(`UPDATE margins SET held_minor = held_minor - 1 WHERE transaction_id = ? AND role = 'seller'`, [
        world.sold,
      ]),
    );
    expect(brokenLaws(report)).toEqual(['margins-are-held']);
    expect(subjectsOf(report, 'margins-are-held')).toContain(world.sold);
  });

  it('finds an instruction with two accepted proofs', async () => {
    const report = await auditAfter(async (trx) => {
      await trx.raw('DROP INDEX proofs_accepted');
      const { id } = await proofOf(trx, world.sold);
      await copyProof(trx, id, { signature: 'again', accepted: true });
    });
    expect(brokenLaws(report)).toEqual(['executed-once', 'references-count-once', 'proofs-hold']);
    const { id } = await db().transaction((trx) => instructionOf(trx, world.sold));
    expect(subjectsOf(report, 'executed-once')).toEqual([id]);
  });

  it('finds a subject with two instructions that may execute', async () => {
    const report = await auditAfter(async (trx) => {
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
    const report = await auditAfter((trx) =>
      trx.raw(`UPDATE proofs SET accepted = false WHERE instruction_id IN (
                 SELECT id FROM instructions WHERE kind = 'payout' AND status = 'executed')`),
    );
    expect(brokenLaws(report)).toContain('executed-once');
  });

  it('finds a reference that counts for two proofs', async () => {
    const report = await auditAfter(async (trx) => {
      const [one, other] = [await proofOf(trx, world.sold), await proofOf(trx, world.refunded)];
      await trx('proofs')
        .where({ id: other.id })
        .update({ statement: JSON.stringify({ ...other.statement, reference: one.statement.reference }) });
    });
    const { statement } = await db().transaction((trx) => proofOf(trx, world.sold));
    expect(subjectsOf(report, 'references-count-once')?.join(' ')).toContain(statement.reference);
    // Its signature was for another reference.
    expect(brokenLaws(report)).toEqual(['references-count-once', 'proofs-hold']);
  });

  it('finds a reference that was never counted', async () => {
    const { id } = await db().transaction((trx) => proofOf(trx, world.pegged));
    const report = await auditAfter((trx) => trx('rail_references').where({ proof_id: id }).delete());
    expect(brokenLaws(report)).toEqual(['references-count-once']);
    expect(subjectsOf(report, 'references-count-once')).toEqual([id]);
  });

  it('finds a state that its history does not lead to', async () => {
    const report = await auditAfter((trx) =>
      trx('sessions').where({ id: world.sessionId }).update({ market_state: 'offers_available' }),
    );
    expect(brokenLaws(report)).toEqual(['histories-are-paths']);
    expect(subjectsOf(report, 'histories-are-paths')).toEqual([world.sessionId]);
  });

  it('finds a step that the table does not have', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(
        `UPDATE state_history SET transition = 'T12' WHERE transition = 'T2' AND transaction_id IS NULL AND session_id = (
           SELECT session_id FROM transactions WHERE id = ?)`,
        [world.open],
      ),
    );
    const { session_id } = (await db()('transactions').where({ id: world.open }).first('session_id')) as {
      session_id: string;
    };
    expect(subjectsOf(report, 'histories-are-paths')).toEqual([session_id]);
    expect(brokenLaws(report)).toContain('histories-are-paths');
  });

  it('finds a step that is left out', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(`DELETE FROM state_history WHERE transaction_id = ? AND transition = 'T20'`, [world.pegged]),
    );
    expect(brokenLaws(report)).toEqual(['histories-are-paths']);
  });

  it.each([
    ['signature', { signature: 'AAAA' }, /signature/],
    ['evidence', { evidence: 'something else' }, /does not belong to the evidence/],
  ])('finds a proof whose %s does not hold any more', async (_what, change, problem) => {
    const { id } = await db().transaction((trx) => proofOf(trx, world.pegged));
    const report = await auditAfter((trx) => trx('proofs').where({ id }).update(change));
    expect(brokenLaws(report)).toEqual(['proofs-hold']);
    const [violation] = report.laws.find(({ law }) => law === 'proofs-hold')?.named ?? [];
    expect(violation).toMatchObject({ subject: id, detail: expect.stringMatching(problem) });
  });

  it('finds proofs by a key that was not the rail’s then', async () => {
    const { publicKey } = generateKeyPair();
    const report = await auditAfter((trx) =>
      trx('rail_keys').where({ rail: 'stablecoin' }).update({ public_key: publicKey }),
    );
    expect(brokenLaws(report)).toEqual(['proofs-hold']);
  });

  it('verifies proofs by keys that were taken back since', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(`UPDATE rail_keys SET valid_to = now() + interval '1 second'`),
    );
    expect(brokenLaws(report)).toEqual([]);
  });

  it('finds a deal that settled by a payment of another total', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(
        'UPDATE transactions SET subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1 WHERE id = ?',
        [world.pegged],
      ),
    );
    expect(brokenLaws(report)).toEqual(['settled-deals-are-proved']);
    expect(subjectsOf(report, 'settled-deals-are-proved')).toEqual([world.pegged]);
  });

  it('finds a deal that says it was settled by a cycle it was not in', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(
        `UPDATE state_history SET detail = '{"cycle_id": "cyc_x"}' WHERE transaction_id = ? AND transition = 'T21'`,
        [world.pegged],
      ),
    );
    // A history is never changed once it is written.
    expect(brokenLaws(report)).toEqual(['settled-deals-are-proved', 'transitions-are-told']);
  });

  it('finds refunds beyond the total, and a refund whose entry is of another amount', async () => {
    const report = await auditAfter((trx) =>
      trx.raw('UPDATE refunds SET amount_minor = 10001 WHERE transaction_id = ?', [world.refunded]),
    );
    expect(brokenLaws(report)).toEqual(['refunds-add-up']);
    expect(subjectsOf(report, 'refunds-add-up')).toContain(world.refunded);
  });

  it('finds a refund that its entries are ahead of', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(`UPDATE refunds SET status = 'pending' WHERE transaction_id = ?`, [world.refunded]),
    );
    expect(brokenLaws(report)).toEqual(['refunds-add-up']);
  });

  it('finds a reversal that took something else than it says', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(`UPDATE rail_notices SET sources = jsonb_set(sources, '{recoverableMinor}', '"1"')`),
    );
    expect(brokenLaws(report)).toEqual(['reversals-are-booked']);
  });

  it('finds a reversal that no notice stands behind', async () => {
    const report = await auditAfter((trx) => trx.raw('UPDATE rail_notices SET accepted = false'));
    expect(brokenLaws(report)).toContain('reversals-are-booked');
    expect(subjectsOf(report, 'reversals-are-booked')).toContain(world.reversed);
  });

  it('finds a debt whose cover is not what its entries took', async () => {
    const report = await auditAfter((trx) =>
      trx.raw(
        'UPDATE recoveries SET margin_minor = margin_minor - 1, collateral_minor = collateral_minor + 1',
      ),
    );
    expect(brokenLaws(report)).toEqual(['debts-are-booked']);
  });

  it('finds par accounts that are not opposite', async () => {
    const report = await auditAfter((trx) =>
      post(trx, 'capital_contributed:par', null, [
        ['aura', 'par', 'credit'],
        ['aura', 'capital', 'debit'],
      ]),
    );
    expect(brokenLaws(report)).toEqual(['par-is-even']);
    expect(subjectsOf(report, 'par-is-even')).toContain('par of aura');
  });

  it('finds a payout that is more than its payables', async () => {
    const report = await auditAfter((trx) =>
      trx.raw('UPDATE payables SET payout_id = NULL WHERE transaction_id = ?', [world.sold]),
    );
    expect(brokenLaws(report)).toEqual(['payouts-add-up']);
  });

  it('finds a payable that its deal did not release', async () => {
    const report = await auditAfter((trx) =>
      trx.raw('UPDATE payables SET amount_minor = amount_minor + 1 WHERE transaction_id = ?', [world.sold]),
    );
    expect(brokenLaws(report)).toEqual(['payouts-add-up']);
    expect(subjectsOf(report, 'payouts-add-up')).toEqual([world.sold]);
  });

  it.each(['sold', 'pegged'] as const)(
    'finds the exposure of a deal (%s) that does not end with it',
    async (name) => {
      const released = name === 'sold' ? 'NULL' : 'now()';
      const report = await auditAfter((trx) =>
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
    const { session_id } = (await db()('transactions').where({ id: world.pegged }).first('session_id')) as {
      session_id: string;
    };
    const report = await auditAfter((trx) =>
      trx('outbox').where({ correlation_id: session_id, type: 'transaction.settled' }).delete(),
    );
    expect(brokenLaws(report)).toEqual(['transitions-are-told']);
    expect(subjectsOf(report, 'transitions-are-told')).toEqual([session_id]);
  });

  it('finds a transition without an audit record', async () => {
    const report = await auditAfter((trx) =>
      trx('audit').where({ subject: world.pegged, action: 'deal.settled' }).delete(),
    );
    expect(brokenLaws(report)).toEqual(['transitions-are-told']);
  });

  it('takes a history that was loaded from a dump as it is', async () => {
    const report = await auditAfter(async (trx) => {
      await trx.raw("UPDATE state_history SET at = at - interval '1 hour' WHERE session_id = ?", [
        world.sessionId,
      ]);
      await trx.raw("UPDATE audit SET at = at - interval '1 hour' WHERE subject = ?", [world.sessionId]);
      await trx.raw('UPDATE state_history SET actor = actor');
    });
    expect(brokenLaws(report)).toEqual([]);
  });

  it('finds unreconciled money that no movement explains', async () => {
    const report = await auditAfter((trx) =>
      post(trx, 'capital_contributed:rail', null, [
        ['rail:rtp', 'unreconciled', 'debit'],
        ['aura', 'capital', 'credit'],
      ]),
    );
    expect(brokenLaws(report)).toEqual(['unreconciled-is-explained']);
    expect(subjectsOf(report, 'unreconciled-is-explained')).toEqual(['rail:rtp']);
  });

  it('finds a movement that was matched and made no cash', async () => {
    const { id } = await db().transaction((trx) => instructionOf(trx, world.pegged));
    const report = await auditAfter(async (trx) => {
      await trx.raw(
        `INSERT INTO matches (id, rail, rule, actor) VALUES (999, 'stablecoin', 'exact', 'aura')`,
      );
      await trx('matched_movements').insert({ match_id: 999, instruction_id: id, amount_minor: '1' });
    });
    expect(brokenLaws(report)).toEqual(['unreconciled-is-explained']);
  });

  it('finds a netting cycle that ended and left a position', async () => {
    const report = await auditAfter(async (trx) => {
      await trx.raw(`INSERT INTO netting_cycles (id, rail, asset, status, ended_at)
                     VALUES ('cyc_01J00000000000000000000000', 'ach', 'USD', 'settled', now())`);
      const buyer = (await trx('transactions').where({ id: world.open }).first('buyer_principal_id')) as {
        buyer_principal_id: string;
      };
      await post(
        trx,
        'netting_closed:cyc_01J00000000000000000000000:x',
        null,
        [
          [buyer.buyer_principal_id, 'netting', 'debit'],
          ['aura', 'capital', 'credit'],
        ],
        'netting_closed',
      );
    });
    expect(brokenLaws(report)).toEqual(['cycles-end-even']);
  });

  it('has a sentence and a name of its own for every law', () => {
    expect(new Set(LAWS.map(({ name }) => name)).size).toBe(LAWS.length);
    expect(LAWS.every(({ says }) => says.length > 20)).toBe(true);
  });
});

/** An entry of one minor unit that balances, with the balances of its accounts. */
async function post(
  trx: Trx,
  key: string,
  transactionId: string | null,
  postings: readonly (readonly [owner: string, kind: string, side: 'debit' | 'credit'])[],
  event = 'capital_contributed',
): Promise<void> {
  const id = 'ent_01J00000000000000000000001';
  await trx('entries').insert({ id, event, key, transaction_id: transactionId, digest: 'x' });
  for (const [owner, kind, side] of postings) {
    await trx.raw(`INSERT INTO accounts (owner, kind, asset) VALUES (?, ?, 'USD') ON CONFLICT DO NOTHING`, [
      owner,
      kind,
    ]);
    await trx.raw(
      `INSERT INTO postings (entry_id, account_id, side, amount_minor)
       SELECT ?, id, ?, 1 FROM accounts WHERE owner = ? AND kind = ? AND asset = 'USD'`,
      [id, side, owner, kind],
    );
    await trx.raw(
      `UPDATE accounts SET balance_minor = balance_minor
         + CASE WHEN (? = 'credit') = credit_normal(kind) THEN 1 ELSE -1 END
       WHERE owner = ? AND kind = ? AND asset = 'USD'`,
      [side, owner, kind],
    );
  }
}

async function copyProof(
  trx: Trx,
  id: string,
  change: { signature: string; accepted: boolean },
): Promise<void> {
  await trx.raw(
    `INSERT INTO proofs (id, instruction_id, statement, key_id, signature, evidence, accepted, checks)
     SELECT 'prf_01J00000000000000000000000', instruction_id, statement, key_id, :signature, evidence, :accepted, checks
     FROM proofs WHERE id = :id`,
    { id, ...change },
  );
}
