/** Matches by runs and by hand, deals that clear by them, lines that go away, and files. */
import { reconciliationActivities } from '../../activities/reconciliation';
import { importStream } from '../../activities/statement-import';
import { newId } from '../../domain/ids';
import type { StatementLine } from '../../domain/settlement';
import { inTransaction, rows } from '../../store/db';
import { balancesOf, checkLedger } from '../../store/ledger';
import {
  decideMatch,
  listBreaks,
  openRun,
  reportRows,
  resolveBreak,
  type Decision,
  type Run,
} from '../../store/reconciliation';
import { ingestLines } from '../../store/statements';
import { findDeal } from '../../store/transactions';
import { describeWithDatabase } from '../support/database';
import { aDeal } from '../support/factories';
import { aReturnFile } from '../support/nacha-return';
import {
  aMovement,
  lineFor,
  storeMovements,
  storeNotices,
  type WorldMovement,
} from '../support/statement-world';

const RAIL = 'fednow';
const DAY_MS = 86_400_000;

describeWithDatabase('reconciliation', (database) => {
  const db = () => database().db;
  /** Each test lives in days of its own. */
  let day = Date.parse('2024-03-01T12:00:00Z');
  beforeEach(() => (day += 30 * DAY_MS));
  const at = (days = 0) => new Date(day + days * DAY_MS).toISOString();

  async function aPayment(wish: Partial<WorldMovement> = {}): Promise<WorldMovement> {
    const movement = aMovement({ at: at(), ...wish });
    await storeMovements(db(), RAIL, [movement]);
    return movement;
  }

  /** A run over the test's days whose statement has these lines. */
  async function run(...lines: StatementLine[]) {
    const activities = reconciliationActivities({ db: db() });
    const asked: Run = { id: newId('reconciliation'), rail: RAIL, from: at(-5), to: at(5), asset: 'USD' };
    await openRun(db(), asked);
    await ingestLines(db(), lines, asked.id);
    const { matched, cleared } = await activities.matchStatement({ run: asked, after: '0' });
    const { openBreaks } = await activities.closeRun({ run: asked, matched });
    return { matched, cleared, openBreaks };
  }

  async function lineOf(reference: string) {
    const [found] = await rows<{ seq: string; matchId: string | null; withdrawn: Date | null }>(
      db(),
      'SELECT seq, match_id AS "matchId", withdrawn_at AS withdrawn FROM statement_lines WHERE reference = ? ORDER BY seq LIMIT 1',
      [reference],
    );
    if (!found) throw new Error(`no line ${reference}`);
    return found;
  }

  async function balances() {
    const found = await balancesOf(db(), `rail:${RAIL}`);
    return Object.fromEntries(found.map(({ kind, balanceMinor }) => [kind, balanceMinor]));
  }

  /** What some work does to the rail's accounts. */
  async function changes(work: () => Promise<unknown>): Promise<Record<string, bigint>> {
    const before = await balances();
    await work();
    const after = await balances();
    expect(await checkLedger(db())).toMatchObject({ balanced: true });
    const kinds = new Set([...Object.keys(before), ...Object.keys(after)]);
    return Object.fromEntries(
      [...kinds]
        .map((kind) => [kind, (after[kind] ?? 0n) - (before[kind] ?? 0n)] as const)
        .filter(([, change]) => change !== 0n),
    );
  }

  const decide = (decision: Partial<Decision>) =>
    inTransaction(db(), (trx) =>
      decideMatch(trx, {
        operatorId: 'opr_1',
        reason: 'the bank confirmed it by telephone',
        lines: [],
        instructionIds: [],
        noticeIds: [],
        shortageTo: 'suspense',
        ...decision,
      }),
    );
  const openOf = async (instructionId: string) =>
    (await listBreaks(db(), { limit: 1_000, status: 'open' })).filter(
      (one) => one.instructionId === instructionId,
    );

  it('takes settled deals to cleared, once, with event, history and audit', async () => {
    const deals = [];
    for (let count = 0; count < 3; count++)
      deals.push(
        await aDeal(db(), { at: { market: 'committed', clearing: count < 2 ? 'settled' : 'settling' } }),
      );
    const movements = deals.map(({ id }) => aMovement({ at: at(), transactionId: id }));
    await storeMovements(db(), RAIL, movements);
    await db().raw(`UPDATE instructions SET kind = 'pay_in' WHERE id = ANY(?)`, [
      movements.map(({ id }) => id),
    ]);
    const { matched, cleared } = await run(...movements.map((one) => lineFor(RAIL, one)));
    expect(matched).toBe(3);
    const settled = deals.slice(0, 2).map(({ id }) => id);
    expect(cleared.toSorted()).toEqual(settled.toSorted());
    for (const id of settled) {
      expect((await findDeal(db(), id))?.clearingState).toBe('cleared');
      const told = await rows(
        db(),
        `SELECT 1 FROM outbox WHERE type = 'transaction.cleared' AND payload->>'transaction_id' = ?`,
        [id],
      );
      const audited = await rows(db(), `SELECT 1 FROM audit WHERE action = 'deal.cleared' AND subject = ?`, [
        id,
      ]);
      expect([told.length, audited.length]).toEqual([1, 1]);
    }
    expect((await run(...movements.map((one) => lineFor(RAIL, one)))).cleared).toEqual([]);
  });

  it('matches each line once when two runs meet', async () => {
    const movements = Array.from({ length: 20 }, () => aMovement({ at: at() }));
    await storeMovements(db(), RAIL, movements);
    const lines = movements.map((one) => lineFor(RAIL, one));
    const moved = await changes(async () => {
      const both = await Promise.all([run(...lines), run(...lines), run(...lines)]);
      expect(both.reduce((sum, { matched }) => sum + matched, 0)).toBe(20);
    });
    expect(moved).toEqual({ cash: 200_000n, unreconciled: -200_000n });
  });

  it('matches by hand, with what is missing in suspense or taken as a fee', async () => {
    const [one, other] = [await aPayment(), await aPayment()];
    await run(
      lineFor(RAIL, one, { amount_minor: '9000' }),
      lineFor(RAIL, other, { amount_minor: '9900', instruction_id: null, reference: newId('event') }),
    );
    expect(await openOf(one.id)).toMatchObject([{ kind: 'amount' }]);
    const { seq } = await lineOf(one.reference);
    expect(await changes(() => decide({ lines: [seq], instructionIds: [one.id] }))).toEqual({
      cash: 9_000n,
      unreconciled: -10_000n,
      suspense: -1_000n,
    });
    expect(await openOf(one.id)).toEqual([]);
    const [loose] = await rows<{ seq: string }>(
      db(),
      'SELECT seq FROM statement_lines WHERE amount_minor = 9900',
    );
    const asFee = { lines: [loose?.seq ?? ''], instructionIds: [other.id], shortageTo: 'rail_fees' as const };
    expect(await changes(() => decide(asFee))).toEqual({
      cash: 9_900n,
      unreconciled: -10_000n,
      rail_fees: 100n,
    });
    const audited = await rows(
      db(),
      `SELECT 1 FROM audit WHERE action = 'reconciliation.matched' AND actor = 'opr_1'`,
    );
    expect(audited).toHaveLength(2);
    expect(
      (await reportRows(db(), { rail: RAIL })).every(({ differenceMinor }) => differenceMinor === 0n),
    ).toBe(true);
  });

  it('accepts what nobody explains into suspense', async () => {
    const foreign = lineFor(RAIL, aMovement({ at: at() }), { instruction_id: null, fee_minor: '100' });
    await run(foreign);
    const { seq } = await lineOf(foreign.reference);
    const moved = await changes(() => decide({ lines: [seq] }));
    expect(moved).toEqual({ cash: 9_900n, suspense: 9_900n });
    const left = await listBreaks(db(), { limit: 1_000, status: 'open' });
    expect(left.filter(({ statementLine }) => statementLine === seq)).toEqual([]);
  });

  it('refuses by hand what is matched, unproved, elsewhere, or of both directions', async () => {
    const [one, payout] = [await aPayment(), await aPayment({ kind: 'payout' })];
    const dead = await aPayment({ status: 'rejected' });
    const line = lineFor(RAIL, one, { amount_minor: '1' });
    await run(line);
    const { seq } = await lineOf(one.reference);
    const refused = async (decision: Partial<Decision>) => (await decide(decision)).outcome;
    expect(await refused({ lines: [seq], instructionIds: [dead.id] })).toBe('refused');
    expect(await refused({ lines: [seq], instructionIds: [one.id, payout.id] })).toBe('refused');
    expect(await refused({ lines: ['999999999'], instructionIds: [one.id] })).toBe('refused');
    expect(await refused({ lines: [seq], instructionIds: [one.id] })).toBe('matched');
    expect(await refused({ lines: [seq], instructionIds: [one.id] })).toBe('refused');
  });

  it('keeps closed what an operator closed', async () => {
    const payment = await aPayment();
    await run();
    const [found] = await openOf(payment.id);
    const decision = { breakId: found?.id ?? '', operatorId: 'opr_1', reason: 'written off' };
    expect(await inTransaction(db(), (trx) => resolveBreak(trx, decision))).toMatchObject({
      reason: 'written off',
    });
    expect(await inTransaction(db(), (trx) => resolveBreak(trx, decision))).toBeUndefined();
    await run();
    expect(await openOf(payment.id)).toEqual([]);
  });

  it('takes back the cash of a line that a reorganisation took off the statement', async () => {
    const payment = await aPayment();
    await run(lineFor(RAIL, payment));
    const notice = { about: payment, kind: 'reorganisation' as const, amountMinor: 10_000n, feeMinor: 0n };
    await storeNotices(db(), RAIL, [
      { ...notice, id: newId('notice'), reference: payment.reference, at: at() },
    ]);
    expect(await changes(() => run())).toEqual({ cash: -10_000n, unreconciled: 10_000n });
    expect((await lineOf(payment.reference)).withdrawn).not.toBeNull();
    expect(await openOf(payment.id)).toEqual([]);
    expect(await changes(() => run())).toEqual({});
  });

  it('sees that what a reorganisation undid before it was booked is done with', async () => {
    const payment = await aPayment();
    const notice = { about: payment, kind: 'reorganisation' as const, amountMinor: 10_000n, feeMinor: 0n };
    await storeNotices(db(), RAIL, [
      { ...notice, id: newId('notice'), reference: payment.reference, at: at() },
    ]);
    expect(await changes(() => run())).toEqual({});
    expect(await openOf(payment.id)).toEqual([]);
  });

  describe('of a file', () => {
    const about = { rail: RAIL, network: 'sandbox', format: 'camt.053', importedBy: 'opr_1' } as const;
    const entry = (
      { id, reference }: WorldMovement,
      amount = '100.00',
    ) => `<Ntry><Amt Ccy="USD">${amount}</Amt>
      <CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><DtTm>${at()}</DtTm></BookgDt><AcctSvcrRef>${reference}</AcctSvcrRef>
      <NtryDtls><TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>`;
    const balance = (code: string, amount: string) => `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>
      <Amt Ccy="USD">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`;
    const camt = (entries: string[], closing: string) =>
      `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>
       <FrToDt><FrDtTm>${at(-1)}</FrDtTm><ToDtTm>${at(1)}</ToDtTm></FrToDt>
       ${balance('OPBD', '0.00')}${balance('CLBD', closing)}${entries.join('')}</Stmt></BkToCstmrStmt></Document>`;
    const counted = async () =>
      (
        await rows<{ files: string; lines: string; runs: string }>(
          db(),
          `SELECT (SELECT count(*) FROM statement_files) AS files, (SELECT count(*) FROM statement_lines) AS lines,
           (SELECT count(*) FROM reconciliation_runs) AS runs`,
        )
      )[0];

    it('takes in everything once, and sees what it does not have', async () => {
      const [shown, missing] = [await aPayment(), await aPayment()];
      const text = camt([entry(shown)], '100.00');
      const file = await importStream(db(), () => [text], about);
      expect(file).toMatchObject({
        outcome: 'imported',
        lines: 1,
        newLines: 1,
        again: false,
        run: { complete: true },
      });
      if (file.outcome !== 'imported') return;
      const activities = reconciliationActivities({ db: db() });
      expect(await activities.matchStatement({ run: file.run, after: '0' })).toMatchObject({ matched: 1 });
      await activities.closeRun({ run: file.run, matched: 1 });
      expect(await openOf(missing.id)).toMatchObject([{ kind: 'missing_at_rail' }]);
      const before = await counted();
      expect(await importStream(db(), () => [text], about)).toMatchObject({
        again: true,
        run: file.run,
        newLines: 1,
      });
      expect(await counted()).toEqual(before);
    });

    it('stores nothing of one that is wrong in its last line', async () => {
      const payments = [await aPayment(), await aPayment()];
      const before = await counted();
      const text = camt(
        payments.map((one, index) => entry(one, index === 1 ? '1.005' : '100.00')),
        '200.00',
      );
      expect(await importStream(db(), () => [text], about)).toMatchObject({
        outcome: 'refused',
        problem: { field: 'Ntry/Amt' },
      });
      expect(await counted()).toEqual(before);
    });

    it('names the instruction of an ACH return by the reference of what comes back', async () => {
      const collected = aMovement({ at: at(), reference: '990000100000042' });
      await storeMovements(db(), 'ach', [collected]);
      const ach = { ...about, rail: 'ach', format: 'nacha-return' } as const;
      const text = aReturnFile(collected.reference);
      expect(await importStream(db(), () => [text], ach)).toMatchObject({ lines: 1 });
      expect(
        await db()('statement_lines').where({ instruction_id: collected.id }).select('direction'),
      ).toEqual([{ direction: 'debit' }]);
    });

    it('is of one currency', async () => {
      const csv =
        'date,reference,type,amount,currency\n2026-05-04,cap_1,capture,1.00,USD\n2026-05-04,cap_2,capture,2.00,EUR\n';
      expect(
        await importStream(db(), () => [csv], { ...about, rail: 'card', format: 'card-csv' }),
      ).toMatchObject({
        outcome: 'refused',
        problem: { field: 'currency' },
      });
    });
  });
});
