/** Breaks: every kind of difference between books and statement, filed once and closed when it is gone. */
import { newId } from '../../domain/ids';
import type { StatementLine } from '../../domain/settlement';
import { inTransaction } from '../../store/db';
import {
  closeExplained,
  countOpen,
  fileBreaks,
  findBreaks,
  finishRun,
  latestRuns,
  listBreaks,
  openRun,
  type FoundBreak,
  type Run,
} from '../../store/reconciliation';
import { ingestLines, matchInstruction } from '../../store/statements';
import { describeWithDatabase } from '../support/database';
import { aLine, anInstruction, aProof, type InstructionWish } from '../support/settlements';

const DAY_MS = 86_400_000;

describeWithDatabase('a reconciliation run', (database) => {
  const db = () => database().db;
  /** Each test lives on a day of its own, so that none sees the others' lines. */
  let day = Date.parse('2026-01-01T00:00:00Z');
  beforeEach(() => (day += 10 * DAY_MS));
  const noon = (days = 0) => new Date(day + days * DAY_MS + DAY_MS / 2);

  async function aRun(days = 0, length = 1): Promise<Run> {
    const at = (offset: number) => new Date(day + offset * DAY_MS).toISOString();
    const run: Run = {
      id: newId('reconciliation'),
      rail: 'rtp',
      from: at(days),
      to: at(days + length),
      asset: 'USD',
    };
    await openRun(db(), run);
    return run;
  }
  const breaksOf = (run: Run) =>
    inTransaction(db(), async (trx) => {
      const found: FoundBreak[] = [];
      for await (const page of findBreaks(trx, run)) found.push(...page);
      return found;
    });
  const kinds = (found: FoundBreak[]) => found.map(({ kind }) => kind);
  const file = (run: Run, found: FoundBreak[]) =>
    inTransaction(db(), async (trx) => {
      await fileBreaks(trx, run, found);
      await closeExplained(trx, run);
      return { open: await countOpen(trx, run.rail) };
    });
  const statusOf = async (instructionId: string) =>
    (await listBreaks(db(), { limit: 1_000 }))
      .filter((one) => one.instructionId === instructionId)
      .map(({ status }) => status);

  async function executed(wish: InstructionWish = {}) {
    const instruction = await anInstruction(db(), { status: 'executed', createdAt: noon(), ...wish });
    const proof = await aProof(db(), instruction, {
      accepted: wish.status !== 'nonconforming',
      executedAt: noon(),
    });
    return {
      id: instruction.instruction_id,
      line: (change?: Partial<StatementLine>) => aLine(proof, change),
    };
  }
  const match = (id: string) =>
    inTransaction(db(), (trx) => matchInstruction(trx, { instruction_id: id, rail: 'rtp' }));

  it('finds nothing where everything matches', async () => {
    const { id, line } = await executed();
    const run = await aRun();
    await ingestLines(db(), [line()], run.id);
    await match(id);
    expect(await breaksOf(run)).toEqual([]);
  });

  it('finds what was proved and is missing at the rail', async () => {
    const { id } = await executed();
    const run = await aRun();
    expect(await breaksOf(run)).toMatchObject([
      { kind: 'missing_at_rail', instructionId: id, expectedMinor: '10000', actualMinor: null },
    ]);
  });

  it('finds what was on a statement and is gone from it', async () => {
    const { id, line } = await executed();
    await ingestLines(db(), [line()], (await aRun()).id);
    await match(id);
    const later = await aRun();
    const found = await breaksOf(later);
    expect(kinds(found)).toEqual(['missing_at_rail']);
    expect(found[0]?.detail).toContain('is gone');
  });

  it('finds what is missing in the ledger', async () => {
    const { line } = await executed();
    const run = await aRun();
    const foreign = line({ reference: newId('event'), instruction_id: null, amount_minor: '777' });
    await ingestLines(db(), [foreign], run.id);
    expect((await breaksOf(run)).filter(({ kind }) => kind === 'missing_in_ledger')).toMatchObject([
      { instructionId: null, expectedMinor: null, actualMinor: '777' },
    ]);
  });

  it('finds a second line for the same instruction', async () => {
    const { id, line } = await executed();
    const run = await aRun();
    await ingestLines(db(), [line(), line({ reference: newId('event') })], run.id);
    await match(id);
    expect(await breaksOf(run)).toMatchObject([{ kind: 'duplicate', instructionId: id }]);
  });

  it.each(['rejected', 'never_executed'] as const)(
    'finds that a %s instruction executed late',
    async (status) => {
      const { line } = await executed();
      const dead = await anInstruction(db(), { status, createdAt: noon() });
      const run = await aRun();
      const late = line({ reference: newId('event'), instruction_id: dead.instruction_id });
      await ingestLines(db(), [late], run.id);
      expect((await breaksOf(run)).filter(({ kind }) => kind === 'late')).toMatchObject([
        { instructionId: dead.instruction_id },
      ]);
    },
  );

  it('finds another amount than was proved', async () => {
    const { id, line } = await executed();
    const run = await aRun();
    await ingestLines(db(), [line({ amount_minor: '9999' })], run.id);
    expect(await match(id)).toBeUndefined();
    const found = await breaksOf(run);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: 'amount',
          instructionId: id,
          expectedMinor: '10000',
          actualMinor: '9999',
        }),
      ]),
    );
  });

  it('finds money in suspense until it was sent back', async () => {
    const { id, line } = await executed({ status: 'nonconforming', subjectId: 'dep_suspense' });
    const run = await aRun();
    await ingestLines(db(), [line()], run.id);
    await match(id);
    expect(await breaksOf(run)).toMatchObject([{ kind: 'amount', instructionId: id }]);
    await anInstruction(db(), {
      kind: 'return',
      subjectId: 'dep_suspense',
      status: 'executed',
      createdAt: noon(),
    });
    expect(await breaksOf(run)).toEqual([]);
  });

  it('files a line that came again with another content', async () => {
    const { line } = await executed();
    const run = await aRun();
    await ingestLines(db(), [line()], run.id);
    await ingestLines(db(), [line({ amount_minor: '1' })], run.id);
    const found = (await breaksOf(run)).filter(({ kind }) => kind === 'altered');
    expect(found).toMatchObject([{ kind: 'altered', expectedMinor: '10000', actualMinor: '1' }]);
    const { open } = await file(run, found);
    // It stays until someone decides, also where a later run does not see it.
    expect(await file(await aRun(), [])).toEqual({ open });
  });

  it('leaves other days and other rails alone', async () => {
    await executed();
    expect(await breaksOf(await aRun(1))).toEqual([]);
    expect(await breaksOf(await aRun(-1))).toEqual([]);
    expect(await breaksOf({ ...(await aRun()), rail: 'fednow' })).toEqual([]);
    expect(kinds(await breaksOf(await aRun(-1, 3)))).toEqual(['missing_at_rail']);
  });

  it('files a break once, and closes it in a later run that covers its day and finds it no more', async () => {
    const { id, line } = await executed();
    const run = await aRun(-1, 2);
    const { open } = await file(run, await breaksOf(run));
    expect(await file(run, await breaksOf(run))).toEqual({ open });
    expect(await statusOf(id)).toEqual(['open']);

    const elsewhere = await aRun(2, 2);
    await file(elsewhere, await breaksOf(elsewhere));
    expect(await statusOf(id)).toEqual(['open']);

    // The scheduled run's window has moved on, but still covers the day.
    const next = await aRun(0, 2);
    await ingestLines(db(), [line()], next.id);
    await match(id);
    expect(await file(next, await breaksOf(next))).toEqual({ open: open - 1 });
    expect(await statusOf(id)).toEqual(['resolved']);
  });

  it('closes the break of a line once the line found its instruction', async () => {
    const instruction = await anInstruction(db(), { status: 'unknown', createdAt: noon() });
    const proof = await aProof(db(), instruction, { executedAt: noon() });
    const run = await aRun(-1, 2);
    await ingestLines(db(), [aLine(proof)], run.id);
    await file(run, await breaksOf(run));
    expect(await statusOf(instruction.instruction_id)).toContain('open');
    await match(instruction.instruction_id);
    const next = await aRun(0, 2);
    await ingestLines(db(), [aLine(proof)], next.id);
    await file(next, await breaksOf(next));
    expect(new Set(await statusOf(instruction.instruction_id))).toEqual(new Set(['resolved']));
  });

  it('opens a break again that comes back', async () => {
    const { id, line } = await executed();
    const first = await aRun();
    await file(first, await breaksOf(first));
    const second = await aRun();
    await ingestLines(db(), [line()], second.id);
    await match(id);
    await file(second, await breaksOf(second));
    expect(await statusOf(id)).toEqual(['resolved']);
    const gone = await aRun();
    await file(gone, await breaksOf(gone));
    expect(await statusOf(id)).toEqual(['open']);
  });

  it('is the latest of its rail once it has finished', async () => {
    const run = await aRun();
    expect((await latestRuns(db())).map(({ id }) => id)).not.toContain(run.id);
    await inTransaction(db(), (trx) => finishRun(trx, run.id, { matched: 3, breaks: 1 }));
    expect(await latestRuns(db())).toMatchObject([{ id: run.id, rail: 'rtp', matched: 3, breaks: 1 }]);
  });
});
