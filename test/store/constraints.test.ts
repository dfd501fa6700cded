/** Row checks, unique promises and foreign keys of the clearing's tables, tried with plain SQL. */
import { newId } from '../../domain/ids';
import { inTransaction, type Db } from '../../store/db';
import { claimTransmission } from '../../store/instructions';
import { answerMandate, insertMandate, useMandate } from '../../store/payment-accounts';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aDeal, aMandate, anAccount, anOffer, aPrincipal, aScout, usd } from '../support/factories';
import { refusalOf } from '../support/refusals';
import { dealRow, sessionRow, storedRow, type Row } from '../support/rows';
import { anInstruction, aProof } from '../support/settlements';

describeWithDatabase('the database', (database) => {
  const db = () => database().db;
  const insert = (table: string, row: Row) => refusalOf(db()(table).insert(row));

  /** A row the database takes, and the one that breaks it in some columns. */
  async function broken(table: string, make: (db: Db) => Promise<Row>, columns: Row): Promise<string> {
    return insert(table, { ...(await make(db())), ...columns });
  }

  describe('of a deal', () => {
    it.each<[Row, RegExp]>([
      [{ id: 'txn_1' }, /_id_check/],
      [{ id: 'ofr_01HXYZ00000000000000000000' }, /_id_check/],
      [{ total_minor: '10001' }, /^check/],
      [{ total_minor: '9999' }, /^check/],
      [{ subtotal_minor: '-500', shipping_minor: '10000' }, /subtotal_minor/],
      [{ shipping_minor: '-500', subtotal_minor: '10000' }, /shipping_minor/],
      [{ tax_minor: '-500', subtotal_minor: '10000' }, /tax_minor/],
      [
        { subtotal_minor: '0', shipping_minor: '0', tax_minor: '0', total_minor: '0', fee_minor: '0' },
        /total_minor/,
      ],
      [{ fee_minor: '10001' }, /^check/],
      [{ fee_minor: '-1' }, /^check/],
      [{ total_usd_minor: '0' }, /total_usd_minor/],
      [{ quantity: 0 }, /quantity/],
      [{ quantity: -1 }, /quantity/],
      [{ asset: 'usd' }, /asset/],
      [{ asset: 'US' }, /asset/],
      [{ asset: 'USDX' }, /asset/],
      [{ profile_id: 'wholesale' }, /profile_id/],
      [{ rail: 'pigeon' }, /rail/],
      [{ rails: [] }, /rails/],
      [{ commitment_hash: 'C'.repeat(64) }, /commitment_hash/],
      [{ commitment_hash: 'c'.repeat(63) }, /commitment_hash/],
      [{ session_id: newId('session') }, /^foreign key/],
      [{ offer_id: newId('offer') }, /^foreign key/],
      [{ scout_id: newId('scout') }, /^foreign key/],
      [{ seller_principal_id: newId('principal') }, /^foreign key/],
      [{ mandate_id: newId('mandate') }, /^foreign key/],
    ])('refuses %j', async (columns, refusal) => {
      expect(await broken('transactions', dealRow, columns)).toMatch(refusal);
    });

    it('takes the row that is not broken, and refuses a buyer that sells to itself', async () => {
      const row = await dealRow(db());
      expect(await insert('transactions', { ...row, seller_principal_id: row.buyer_principal_id })).toMatch(
        /^check/,
      );
      expect(await insert('transactions', row)).toBe('accepted');
    });
  });

  describe('of a session', () => {
    it.each<[Row, RegExp]>([
      [{ id: newId('offer') }, /_id_check/],
      [{ max_offers: 0 }, /max_offers/],
      [{ max_offers: 51 }, /max_offers/],
      [{ offer_timeout_ms: 120_001 }, /offer_timeout_ms/],
      [{ market_state: 'paused' }, /^check/],
      [{ scout_id: newId('scout') }, /^foreign key/],
      [{ principal_id: null }, /^not null/],
    ])('refuses %j', async (columns, refusal) => {
      expect(await broken('sessions', sessionRow, columns)).toMatch(refusal);
    });
  });

  it('refuses the same offer twice, and one below nothing', async () => {
    const row = await storedRow(db(), 'offers', (await anOffer(db())).id);
    const again = { ...row, id: newId('offer') };
    expect(await insert('offers', again)).toBe('unique offers_session_id_signature_key');
    expect(await insert('offers', { ...again, signature: 'other', unit_price_minor: '-1' })).toMatch(
      /unit_price/,
    );
    expect(await insert('offers', { ...again, signature: 'other', key_id: newId('key') })).toMatch(
      /^foreign key/,
    );
    expect(await insert('offers', { ...again, signature: 'other', rank: 0 })).toMatch(/rank/);
  });

  it('knows a principal’s and an agent’s key once', async () => {
    const principal = await aPrincipal(db());
    const copy = { ...(await storedRow(db(), 'principals', principal.id)), id: newId('principal') };
    expect(await insert('principals', copy)).toBe('unique principals_public_key_key');
    expect(await insert('principals', { ...copy, public_key: 'k', trust_level: 'L4' })).toMatch(
      /trust_level/,
    );
    const agent = await aBeacon(db());
    const key = { id: newId('key'), agent_id: (await aScout(db())).id, public_key: agent.signer.publicKey };
    expect(await insert('agent_keys', key)).toBe('unique agent_keys_in_use');
    const capacity = { agent_id: agent.id, asset: 'USD', capacity_minor: '0' };
    expect(await insert('agent_capacities', capacity)).toMatch(/capacity_minor/);
  });

  describe('of a mandate', () => {
    it('refuses to use more than its ceiling, or to give back more than was used', async () => {
      const { id } = await aPrincipal(db());
      const mandate = await aMandate(db(), { principal: { id }, ceiling: usd('10.00') });
      const use = (minor: bigint) =>
        refusalOf(
          db().raw('UPDATE mandates SET used_minor = used_minor + ? WHERE id = ?', [
            minor.toString(),
            mandate,
          ]),
        );
      const ask = (minor: bigint) => inTransaction(db(), (trx) => useMandate(trx, mandate, minor));
      expect(await ask(1_001n)).toBe(false);
      expect(await use(1_001n)).toMatch(/^check mandates/);
      expect(await use(1_000n)).toBe('accepted');
      expect(await use(1n)).toMatch(/^check mandates/);
      expect(await use(-1_000n)).toBe('accepted');
      expect(await use(-1n)).toMatch(/^check mandates/);
    });

    it('refuses one that was accepted without a reference, and hears one answer only', async () => {
      const { id: principalId } = await aPrincipal(db());
      const account = await anAccount(db(), { principal: { id: principalId } });
      const id = newId('mandate');
      const expiresAt = new Date(Date.now() + 60_000);
      const terms = {
        id,
        principalId,
        accountId: account.id,
        rail: account.rail,
        asset: 'USD',
        ceilingMinor: 5n,
        payerAuthorization: null,
        expiresAt,
      };
      await inTransaction(db(), (trx) => insertMandate(trx, terms));
      expect(await refusalOf(db()('mandates').where({ id }).update({ status: 'accepted' }))).toMatch(
        /^check/,
      );
      await inTransaction(db(), (trx) => answerMandate(trx, id, { status: 'rejected', refusal: 'no' }));
      await inTransaction(db(), (trx) => answerMandate(trx, id, { status: 'accepted', reference: 'r' }));
      expect(await storedRow(db(), 'mandates', id)).toMatchObject({ status: 'rejected' });
    });
  });

  describe('of an instruction', () => {
    it('lets one live at a time for a subject, and the next only after it provably never executes', async () => {
      const subjectId = newId('deposit');
      for (const status of ['signed', 'unknown', 'nonconforming', 'executed'] as const) {
        const subject = `${subjectId}${status}`;
        await anInstruction(db(), { subjectId: subject, status });
        expect(await refusalOf(anInstruction(db(), { subjectId: subject }))).toBe('unique instructions_live');
      }
      for (const status of ['rejected', 'never_executed'] as const) {
        const subject = `${subjectId}${status}`;
        const { instruction_id } = await anInstruction(db(), { subjectId: subject, status });
        expect(await refusalOf(anInstruction(db(), { subjectId: subject, replaces: instruction_id }))).toBe(
          'accepted',
        );
        const twin = anInstruction(db(), { replaces: instruction_id });
        expect(await refusalOf(twin)).toBe('unique instructions_replaces_key');
      }
    });

    it('does not let a dead one come back to life beside another', async () => {
      const subjectId = newId('deposit');
      const { instruction_id: id } = await anInstruction(db(), { subjectId, status: 'rejected' });
      await anInstruction(db(), { subjectId });
      const revived = db()('instructions').where({ id }).update({ status: 'executed' });
      expect(await refusalOf(revived)).toBe('unique instructions_live');
    });

    it('refuses a pay-in without a deal, an amount of nothing, and one that expires before it is made', async () => {
      const deal = await aDeal(db());
      const payIn = { kind: 'pay_in' as const, subjectId: deal.id };
      expect(await refusalOf(anInstruction(db(), payIn))).toMatch(/^check instructions/);
      expect(await refusalOf(anInstruction(db(), { ...payIn, transactionId: deal.id }))).toBe('accepted');
      expect(await refusalOf(anInstruction(db(), { amountMinor: 0n }))).toMatch(/amount_minor/);
      expect(await refusalOf(anInstruction(db(), { amountMinor: -1n }))).toMatch(/amount_minor/);
      const createdAt = new Date();
      expect(await refusalOf(anInstruction(db(), { createdAt, expiresAt: createdAt }))).toMatch(/^check/);
    });

    it('may be sent by exactly one of twenty', async () => {
      const { instruction_id } = await anInstruction(db());
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, at) => claimTransmission(db(), instruction_id, `worker-${at}`)),
      );
      expect(claims.filter((mine) => mine)).toHaveLength(1);
      expect(await claimTransmission(db(), instruction_id, 'late')).toBe(false);
    });
  });

  describe('of a proof', () => {
    it('counts a rail’s reference once, ever', async () => {
      const [first, second] = [await anInstruction(db()), await anInstruction(db())];
      await aProof(db(), first, { reference: 'R1' });
      expect(await refusalOf(aProof(db(), second, { reference: 'R1' }))).toBe('unique rail_references_pkey');
      expect(await refusalOf(aProof(db(), second, { reference: 'R1', accepted: false }))).toBe('accepted');
      expect(await refusalOf(aProof(db(), second, { reference: 'R1', line: '1' }))).toBe('accepted');
    });

    it('accepts one for an instruction', async () => {
      const instruction = await anInstruction(db());
      await aProof(db(), instruction, { reference: 'A' });
      expect(await refusalOf(aProof(db(), instruction, { reference: 'B' }))).toBe('unique proofs_accepted');
    });
  });

  it('refuses margins and exposures that cannot be', async () => {
    const deal = await aDeal(db());
    const margin = (change: Row) =>
      refusalOf(db()('margins').where({ transaction_id: deal.id, role: 'seller' }).update(change));
    expect(
      await margin({ required_minor: '5', collateral_minor: '3', from_sale_minor: '2', held_minor: '5' }),
    ).toBe('accepted');
    for (const change of [
      { collateral_minor: '4' },
      { held_minor: '6' },
      { held_minor: '-1' },
      { from_sale_minor: '-1' },
    ])
      expect(await margin(change)).toMatch(/^check margins/);
    const exposure = {
      transaction_id: deal.id,
      role: 'broker',
      principal_id: deal.buyerPrincipalId,
      agent_id: deal.scoutId,
      asset: 'USD',
      amount_minor: '1',
      usd_minor: '1',
    };
    expect(await insert('exposures', exposure)).toMatch(/role/);
    expect(await insert('exposures', { ...exposure, role: 'buyer' })).toMatch(/^unique/);
  });
});
