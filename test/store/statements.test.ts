/** Lines of a rail's statement: what is kept of them, and which instruction each belongs to. */
import { newId } from '../../domain/ids';
import type { StatementLine } from '../../domain/settlement';
import { inTransaction, rows } from '../../store/db';
import { postEntries } from '../../store/ledger';
import { openRun } from '../../store/reconciliation';
import { ingestLines, matchInstruction } from '../../store/statements';
import { describeWithDatabase } from '../support/database';
import { aDeal } from '../support/factories';
import { refusalOf } from '../support/refusals';
import { aLine, anInstruction, aProof, type InstructionWish } from '../support/settlements';

describeWithDatabase('a statement line', (database) => {
  const db = () => database().db;
  const match = (id: string) =>
    inTransaction(db(), (trx) => matchInstruction(trx, { instruction_id: id, rail: 'rtp' }));
  const storedLines = (reference: string) =>
    rows<{ amount_minor: string; last_seen_run: string | null }>(
      db(),
      'SELECT amount_minor, last_seen_run FROM statement_lines WHERE reference = ?',
      [reference],
    );

  /** An executed instruction with its proof and the line of it, not ingested yet. */
  async function executed(wish: InstructionWish = {}, line: Partial<StatementLine> = {}) {
    const instruction = await anInstruction(db(), { status: 'executed', ...wish });
    const proof = await aProof(db(), instruction, { accepted: wish.status !== 'nonconforming' });
    return { id: instruction.instruction_id, proof, line: aLine(proof, line) };
  }
  async function aRun(): Promise<string> {
    const id = newId('reconciliation');
    await openRun(db(), {
      id,
      rail: 'rtp',
      from: '2026-04-01T00:00:00Z',
      to: '2026-04-02T00:00:00Z',
      asset: 'USD',
    });
    return id;
  }

  it('is stored once, and every run that saw it is the last one', async () => {
    const { line } = await executed();
    expect(await ingestLines(db(), [line])).toEqual([]);
    const [first, second] = [await aRun(), await aRun()];
    expect(await ingestLines(db(), [line], first)).toEqual([]);
    expect(await ingestLines(db(), [line], second)).toEqual([]);
    expect(await ingestLines(db(), [line])).toEqual([]);
    expect(await storedLines(line.reference)).toEqual([{ amount_minor: '10000', last_seen_run: second }]);
  });

  it('may stand twice on one statement', async () => {
    const { line } = await executed();
    expect(await ingestLines(db(), [line, line])).toEqual([]);
    expect(await storedLines(line.reference)).toHaveLength(1);
    expect(await ingestLines(db(), [])).toEqual([]);
  });

  it.each([
    ['amount', { amount_minor: '9999' }, '9999'],
    ['direction', { direction: 'debit' as const }, '10000'],
    ['asset', { asset: 'EUR' }, '10000'],
    ['fee', { fee_minor: '1' }, '10000'],
    ['instruction', { instruction_id: 'ins_00000000000000000000000000' }, '10000'],
  ])('that comes again with another %s is told, and the first one stands', async (_, change, nowMinor) => {
    const { line } = await executed();
    await ingestLines(db(), [line]);
    expect(await ingestLines(db(), [{ ...line, ...change }])).toEqual([
      {
        seq: expect.any(String) as string,
        reference: line.reference,
        asset: 'USD',
        beforeMinor: '10000',
        nowMinor,
        fields: [expect.stringContaining(Object.keys(change)[0] ?? '') as string],
      },
    ]);
    expect(await storedLines(line.reference)).toMatchObject([{ amount_minor: '10000' }]);
  });

  it('that contradicts itself on one statement is told', async () => {
    const { line } = await executed();
    const altered = await ingestLines(db(), [line, { ...line, amount_minor: '9999' }]);
    expect(altered).toMatchObject([{ beforeMinor: '10000', nowMinor: '9999' }]);
  });

  it('of no amount, or with a fee above it, is refused', async () => {
    const { line } = await executed();
    expect(await refusalOf(ingestLines(db(), [{ ...line, amount_minor: '0' }]))).toMatch(/amount_minor/);
    expect(await refusalOf(ingestLines(db(), [{ ...line, fee_minor: '10001' }]))).toMatch(/^check/);
    expect(await refusalOf(ingestLines(db(), [{ ...line, direction: 'in' as 'credit' }]))).toMatch(
      /direction/,
    );
  });

  it('matches the executed instruction it belongs to, once, and turns its proof into cash', async () => {
    const deal = await aDeal(db());
    const payIn = { kind: 'pay_in' as const, subjectId: deal.id, transactionId: deal.id };
    const { id, line } = await executed(payIn, { fee_minor: '290' });
    await ingestLines(db(), [line]);
    const found = await match(id);
    expect(found).toMatchObject({
      instructionId: id,
      transactionId: deal.id,
      line: { reference: line.reference },
    });
    const key = `statement_line:rtp:sandbox:${line.business_date}:${line.reference}:0`;
    expect(found?.entry).toMatchObject({ event: 'statement_line', key, transactionId: deal.id });
    expect(
      found?.entry.postings.map(({ account, side, amountMinor }) => [account.kind, side, amountMinor]),
    ).toEqual([
      ['cash', 'debit', 9_710n],
      ['rail_fees', 'debit', 290n],
      ['unreconciled', 'credit', 10_000n],
    ]);
    expect(await match(id)).toBeUndefined();
    if (found) expect(await inTransaction(db(), (trx) => postEntries(trx, [found.entry]))).toEqual([key]);
  });

  it('of a payout is a debit', async () => {
    const { id, line } = await executed(
      { kind: 'payout', subjectId: newId('payout') },
      { direction: 'debit' },
    );
    await ingestLines(db(), [line]);
    expect((await match(id))?.entry.postings.map(({ account, side }) => [account.kind, side])).toEqual([
      ['unreconciled', 'debit'],
      ['cash', 'credit'],
    ]);
  });

  it.each<[string, Partial<StatementLine>]>([
    ['another amount', { amount_minor: '9999' }],
    ['another asset', { asset: 'EUR' }],
    ['the other direction', { direction: 'debit' }],
    ['another reference', { reference: newId('event') }],
    ['another part of the line', { line: '1' }],
    ['another network', { network: 'elsewhere' }],
    ['another rail', { rail: 'fednow' }],
    ['another instruction', { instruction_id: newId('instruction') }],
    ['no instruction', { instruction_id: null }],
  ])('with %s matches nothing', async (_, change) => {
    const { id, line } = await executed();
    await ingestLines(db(), [{ ...line, ...change }]);
    expect(await match(id)).toBeUndefined();
    await ingestLines(db(), [line]);
    const collides =
      ['amount_minor', 'asset', 'direction'].some((field) => field in change) ||
      (change.instruction_id ?? null) !== null;
    // What came first under the rail's reference stands, so the right line cannot come after a wrong one.
    if (collides) expect(await match(id)).toBeUndefined();
    else expect(await match(id)).toBeDefined();
  });

  it('matches money in suspense too, but nothing that was not proved', async () => {
    const inSuspense = await executed({ status: 'nonconforming' });
    await ingestLines(db(), [inSuspense.line]);
    expect(await match(inSuspense.id)).toBeDefined();

    const doubted = await anInstruction(db(), { status: 'unknown' });
    const proof = await aProof(db(), doubted, { accepted: false });
    await ingestLines(db(), [aLine(proof)]);
    expect(await match(doubted.instruction_id)).toBeUndefined();
  });

  it('matches one of two instructions that quote it at the same time once', async () => {
    const { id, line } = await executed();
    await ingestLines(db(), [line]);
    const found = await Promise.all(Array.from({ length: 8 }, () => match(id)));
    expect(found.filter((one) => one !== undefined)).toHaveLength(1);
  });

  it('may name its instruction later, where it named none, but not another one', async () => {
    const { id, line } = await executed();
    await ingestLines(db(), [{ ...line, instruction_id: null }]);
    expect(await match(id)).toBeUndefined();
    expect(await ingestLines(db(), [line])).toEqual([]);
    expect(await match(id)).toBeDefined();
  });

  it('is matched once, and so is its instruction, whoever tries', async () => {
    const [one, other] = [await executed(), await executed()];
    await ingestLines(db(), [one.line, other.line]);
    await match(one.id);
    const [matched] = await rows<{ id: string }>(
      db(),
      'SELECT match_id AS id FROM statement_lines WHERE instruction_id = ?',
      [one.id],
    );
    const again = (sql: string, bindings: unknown[]) => refusalOf(db().raw(sql, bindings as string[]));
    expect(
      await again('INSERT INTO matched_movements (match_id, instruction_id, amount_minor) VALUES (?, ?, 1)', [
        matched?.id,
        one.id,
      ]),
    ).toMatch(/^unique/);
    await match(other.id);
    expect(
      await again('UPDATE statement_lines SET match_id = ? WHERE instruction_id = ?', [
        matched?.id,
        other.id,
      ]),
    ).toBe('unique line_matched_once');
  });
});
