/** Laws of the books, each broken on purpose with the database's own guards off, and found. */
import { auditAfter, brokenLaws, instructionIdOf, post, subjectsOf } from '../support/audit-after';
import { anAuditedWorld, type AuditedWorld } from '../support/audited-world';
import { describeWithDatabase } from '../support/database';

describeWithDatabase('the audit of the books', (database) => {
  const db = () => database().db;
  let world: AuditedWorld;
  beforeAll(async () => {
    world = await anAuditedWorld(db());
  });

  it('finds an entry that does not balance', async () => {
    const report = await auditAfter(db(), async (trx) => {
      await trx.raw(
        `UPDATE postings SET amount_minor = amount_minor + 1 WHERE seq = (
           SELECT max(p.seq) FROM postings p JOIN entries e ON e.id = p.entry_id WHERE e.key = ?)`,
        [`release:${world.sold}`],
      );
    });
    const entry = await db()<{ id: string; key: string }>('entries')
      .where({ key: `release:${world.sold}` })
      .first('id');
    expect(subjectsOf(report, 'entries-balance')).toEqual([entry?.id]);
    // What is wrong with a posting is wrong with its account too.
    expect(brokenLaws(report)).toEqual(['entries-balance', 'accounts-add-up']);
  });

  it('finds an entry without postings', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`INSERT INTO entries (id, event, key, digest)
               VALUES ('ent_01J00000000000000000000000', 'capital_contributed', 'capital_contributed:x', 'x')`),
    );
    expect(brokenLaws(report)).toEqual(['entries-balance']);
    expect(subjectsOf(report, 'entries-balance')).toEqual(['ent_01J00000000000000000000000']);
  });

  it('finds an account that is not the sum of its postings, and the asset that no longer adds up', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(
        `UPDATE accounts SET balance_minor = balance_minor + 1 WHERE owner = 'aura' AND kind = 'fees_earned'`,
      ),
    );
    expect(brokenLaws(report)).toEqual(['accounts-add-up', 'assets-add-up']);
    expect(subjectsOf(report, 'accounts-add-up')).toEqual(['aura/fees_earned/USD']);
    expect(subjectsOf(report, 'assets-add-up')).toEqual(['USD']);
  });

  it('finds a deal that ended and is still owed something', async () => {
    const report = await auditAfter(db(), (trx) =>
      post(trx, 'novation:again', world.sold, [
        ['aura', 'fees_deferred', 'credit'],
        ['aura', 'fees_earned', 'debit'],
      ]),
    );
    expect(brokenLaws(report)).toEqual(['ended-deals-owe-nothing']);
    expect(subjectsOf(report, 'ended-deals-owe-nothing')).toEqual([world.sold]);
  });

  it('finds margin that its deals do not hold', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`UPDATE margins SET held_minor = held_minor - 1 WHERE transaction_id = ? AND role = 'seller'`, [
        world.sold,
      ]),
    );
    expect(brokenLaws(report)).toEqual(['margins-are-held']);
    expect(subjectsOf(report, 'margins-are-held')).toContain(world.sold);
  });

  it('finds a record that is not the sum of its deals, and a deal that was not counted', async () => {
    const wrongSum = await auditAfter(db(), (trx) =>
      trx.raw(
        'UPDATE deal_records SET fulfilled = fulfilled + 1 WHERE principal_id = (SELECT min(principal_id) FROM deal_records)',
      ),
    );
    expect(brokenLaws(wrongSum)).toEqual(['records-add-up']);
    const uncounted = await auditAfter(db(), (trx) =>
      trx.raw('DELETE FROM deal_outcomes WHERE transaction_id = ?', [world.sold]),
    );
    expect(brokenLaws(uncounted)).toEqual(['records-add-up']);
    expect(subjectsOf(uncounted, 'records-add-up')).toContain(world.sold);
  });

  it('finds refunds beyond the total, and a refund whose entry is of another amount', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw('UPDATE refunds SET amount_minor = 10001 WHERE transaction_id = ?', [world.refunded]),
    );
    expect(brokenLaws(report)).toEqual(['refunds-add-up']);
    expect(subjectsOf(report, 'refunds-add-up')).toContain(world.refunded);
  });

  it('finds a refund that its entries are ahead of', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`UPDATE refunds SET status = 'pending' WHERE transaction_id = ?`, [world.refunded]),
    );
    expect(brokenLaws(report)).toEqual(['refunds-add-up']);
  });

  it('finds a reversal that took something else than it says', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(`UPDATE rail_notices SET sources = jsonb_set(sources, '{recoverableMinor}', '"1"')`),
    );
    expect(brokenLaws(report)).toEqual(['reversals-are-booked']);
  });

  it('finds a reversal that no notice stands behind', async () => {
    const report = await auditAfter(db(), (trx) => trx.raw('UPDATE rail_notices SET accepted = false'));
    expect(brokenLaws(report)).toContain('reversals-are-booked');
    expect(subjectsOf(report, 'reversals-are-booked')).toContain(world.reversed);
  });

  it('finds a debt whose cover is not what its entries took', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw(
        'UPDATE recoveries SET margin_minor = margin_minor - 1, collateral_minor = collateral_minor + 1',
      ),
    );
    expect(brokenLaws(report)).toEqual(['debts-are-booked']);
  });

  it('finds par accounts that are not opposite', async () => {
    const report = await auditAfter(db(), (trx) =>
      post(trx, 'capital_contributed:par', null, [
        ['aura', 'par', 'credit'],
        ['aura', 'capital', 'debit'],
      ]),
    );
    expect(brokenLaws(report)).toEqual(['par-is-even']);
    expect(subjectsOf(report, 'par-is-even')).toContain('par of aura');
  });

  it('finds a payout that is more than its payables', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw('UPDATE payables SET payout_id = NULL WHERE transaction_id = ?', [world.sold]),
    );
    expect(brokenLaws(report)).toEqual(['payouts-add-up']);
  });

  it('finds a payable that its deal did not release', async () => {
    const report = await auditAfter(db(), (trx) =>
      trx.raw('UPDATE payables SET amount_minor = amount_minor + 1 WHERE transaction_id = ?', [world.sold]),
    );
    expect(brokenLaws(report)).toEqual(['payouts-add-up']);
    expect(subjectsOf(report, 'payouts-add-up')).toEqual([world.sold]);
  });

  it('finds unreconciled money that no movement explains', async () => {
    const report = await auditAfter(db(), (trx) =>
      post(trx, 'capital_contributed:rail', null, [
        ['rail:rtp', 'unreconciled', 'debit'],
        ['aura', 'capital', 'credit'],
      ]),
    );
    expect(brokenLaws(report)).toEqual(['unreconciled-is-explained']);
    expect(subjectsOf(report, 'unreconciled-is-explained')).toEqual(['rail:rtp']);
  });

  it('finds a movement that was matched and made no cash', async () => {
    const id = await instructionIdOf(db(), world.pegged);
    const report = await auditAfter(db(), async (trx) => {
      await trx.raw(
        `INSERT INTO matches (id, rail, rule, actor) VALUES (999, 'stablecoin', 'exact', 'aura')`,
      );
      await trx('matched_movements').insert({ match_id: 999, instruction_id: id, amount_minor: '1' });
    });
    expect(brokenLaws(report)).toEqual(['unreconciled-is-explained']);
  });

  it('finds a netting cycle that ended and left a position', async () => {
    const report = await auditAfter(db(), async (trx) => {
      await trx.raw(`INSERT INTO netting_cycles (id, rail, asset, status, ended_at)
                     VALUES ('cyc_01J00000000000000000000000', 'ach', 'USD', 'settled', now())`);
      const buyer = await trx<{ id: string; buyer_principal_id: string }>('transactions')
        .where({ id: world.open })
        .first('buyer_principal_id');
      await post(
        trx,
        'netting_closed:cyc_01J00000000000000000000000:x',
        null,
        [
          [buyer?.buyer_principal_id ?? '', 'netting', 'debit'],
          ['aura', 'capital', 'credit'],
        ],
        'netting_closed',
      );
    });
    expect(brokenLaws(report)).toEqual(['cycles-end-even']);
  });
});
