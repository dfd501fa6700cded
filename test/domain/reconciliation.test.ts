/** The rules of matching, on their own. */
import fc from 'fast-check';
import { newId } from '../../domain/ids';
import { isBalanced } from '../../domain/ledger/postings';
import { ageOf } from '../../domain/reconciliation/breaks';
import { explainByHand } from '../../domain/reconciliation/by-hand';
import { cashOf, lineEntries, SHORTAGE_ACCOUNTS } from '../../domain/reconciliation/entries';
import { findMatches, reconcile } from '../../domain/reconciliation/matching';
import type { Line, Movement } from '../../domain/reconciliation/model';
import { FILE_NETWORKS } from '../../domain/reconciliation/files';
import { RAIL_POLICIES, type RailPolicy } from '../../domain/reconciliation/policy';
import { RULES } from '../../domain/reconciliation/rules';
import { RAIL_SCHEDULES } from '../../domain/reconciliation/schedule';
import { RAILS } from '../../domain/settlement';
import { CARD_NETWORK } from '../../rails/card/wire';
import { PROFILES } from '../../rails/instant/profile';
import { reconciliationSpec } from '../../bin/reconciliation-spec';

let lines = 0;

function aLine(wish: Partial<Line> = {}): Line {
  return {
    seq: String(++lines),
    rail: 'rtp',
    network: 'TCH',
    businessDate: '2026-05-04',
    reference: 'R1',
    line: '0',
    direction: 'credit',
    asset: 'USD',
    amountMinor: 10_000n,
    feeMinor: 0n,
    instructionId: null,
    parts: null,
    role: 'movement',
    ...wish,
  };
}

function aMovement(wish: Partial<Movement> = {}): Movement {
  const id = newId('instruction');
  return {
    source: 'instruction',
    id,
    instructionId: id,
    kind: 'pay_in',
    transactionId: null,
    network: 'TCH',
    reference: 'R1',
    line: '0',
    businessDate: '2026-05-04',
    direction: 'credit',
    asset: 'USD',
    amountMinor: 10_000n,
    ...wish,
  };
}

const POLICY: RailPolicy = { amountToleranceMinor: 0n, dateWindowDays: 2, feeLineMaxBps: 500 };
const rulesOf = (found: Line[], expected: Movement[], policy = POLICY) =>
  findMatches({ lines: found, movements: expected }, policy).map(({ rule }) => rule);

describe('a line', () => {
  const movement = aMovement();
  const own = { instructionId: movement.id };

  test.each<[string, Partial<Line>, string[]]>([
    ['is exact', own, ['exact']],
    ['keeps its amount under a fee', { ...own, feeMinor: 290n }, ['exact']],
    ['may name no instruction', {}, ['reference']],
    ['may come a day later', { ...own, businessDate: '2026-05-05' }, ['date_window']],
    ['may have another reference', { ...own, reference: 'R2' }, ['date_window']],
    ['may not come much later', { ...own, businessDate: '2026-05-07' }, []],
    ['may not have another amount', { ...own, amountMinor: 9_999n }, []],
    ['may not go the other way', { ...own, direction: 'debit' }, []],
    ['may not be of another asset', { ...own, asset: 'EUR' }, []],
    ['may not be of another network', { ...own, network: 'FDN' }, []],
    ['may not name another instruction', { instructionId: newId('instruction') }, []],
    ['is no movement where it is a fee', { ...own, role: 'fee' }, []],
  ])('%s', (_, change, expected) => {
    expect(rulesOf([aLine(change)], [movement])).toEqual(expected);
  });

  test('may be off by the tolerance of its rail, and no more', () => {
    const tolerant = { ...POLICY, amountToleranceMinor: 5n };
    expect(rulesOf([aLine({ ...own, amountMinor: 9_995n })], [movement], tolerant)).toEqual(['tolerance']);
    expect(rulesOf([aLine({ amountMinor: 10_005n })], [movement], tolerant)).toEqual(['tolerance']);
    expect(rulesOf([aLine({ ...own, amountMinor: 9_994n })], [movement], tolerant)).toEqual([]);
  });
});

describe('several of either side', () => {
  const batch = [1, 2, 3].map((part) =>
    aMovement({ reference: 'B1', line: String(part), amountMinor: BigInt(part) }),
  );

  test('one line is a batch when all of it adds up', () => {
    expect(rulesOf([aLine({ reference: 'B1', amountMinor: 6n })], batch)).toEqual(['batch']);
    expect(rulesOf([aLine({ reference: 'B1', amountMinor: 6n })], batch.slice(1))).toEqual([]);
    expect(rulesOf([aLine({ reference: 'B1', amountMinor: 5n })], batch)).toEqual([]);
  });

  test("the rail's own list of parts is believed only where it adds up", () => {
    const [one, two] = [aMovement({ amountMinor: 40n }), aMovement({ amountMinor: 60n, reference: 'R2' })];
    const parts = [one, two].map(({ id, amountMinor }) => ({
      instruction_id: id,
      amount_minor: String(amountMinor),
    }));
    expect(rulesOf([aLine({ reference: 'B', amountMinor: 100n, parts })], [one, two])).toEqual(['parts']);
    expect(rulesOf([aLine({ reference: 'B', amountMinor: 101n, parts })], [one, two])).toEqual([]);
    expect(rulesOf([aLine({ reference: 'B', amountMinor: 100n, parts })], [one])).toEqual([]);
  });

  test('two lines make one movement', () => {
    const movement = aMovement();
    const halves = ['a', 'b'].map((line) => aLine({ line, amountMinor: 5_000n, instructionId: movement.id }));
    expect(rulesOf(halves, [movement])).toEqual(['split']);
    expect(rulesOf(halves.slice(1), [movement])).toEqual([]);
  });

  test('a chargeback counts with its fee, in the line or beside it', () => {
    const about = newId('instruction');
    const notice = aMovement({
      source: 'notice',
      id: newId('notice'),
      instructionId: about,
      direction: 'debit',
      amountMinor: 11_500n,
    });
    const debit = { direction: 'debit', instructionId: about } as const;
    expect(rulesOf([aLine({ ...debit, feeMinor: 1_500n })], [notice])).toEqual(['exact']);
    expect(rulesOf([aLine(debit), aLine({ ...debit, line: 'fee', amountMinor: 1_500n })], [notice])).toEqual([
      'split',
    ]);
    expect(rulesOf([aLine(debit)], [notice])).toEqual([]);
  });

  test('a separate fee joins what it was charged for, matched now or before', () => {
    const movement = aMovement();
    const gross = aLine({ instructionId: movement.id });
    const fee = aLine({ line: 'fee', direction: 'debit', amountMinor: 290n });
    const feesOf = (line: Line) =>
      reconcile({ lines: [gross, line], movements: [movement] }, [], POLICY).fees;
    expect(feesOf(fee)).toEqual([{ line: fee, movement }]);
    expect(feesOf({ ...fee, amountMinor: 501n })).toEqual([]);
    expect(feesOf({ ...fee, reference: 'R2' })).toEqual([]);
    expect(feesOf({ ...fee, reference: 'R2', role: 'fee', instructionId: movement.id })).toHaveLength(1);
    const before = [{ movement, matchId: '1' }];
    expect(reconcile({ lines: [fee], movements: [] }, before, POLICY).fees).toHaveLength(1);
  });

  test('nothing is ever matched twice', () => {
    const amounts = fc.constantFrom(10n, 20n, 30n);
    const references = fc.constantFrom('R1', 'R2');
    const instructions = fc.constantFrom('ins_1', 'ins_2', 'ins_3');
    const aFoundLine = fc.record({
      amountMinor: amounts,
      reference: references,
      line: fc.constantFrom('0', '1'),
      direction: fc.constantFrom('credit' as const, 'debit' as const),
      instructionId: fc.option(instructions),
    });
    const anExpected = fc.record({
      amountMinor: amounts,
      reference: references,
      instructionId: instructions,
    });
    fc.assert(
      fc.property(
        fc.array(aFoundLine, { maxLength: 12 }),
        fc.array(anExpected, { maxLength: 12 }),
        (found, expected) => {
          const open = {
            lines: found.map((one) => aLine(one)),
            movements: expected.map((one) => aMovement({ ...one, id: newId('instruction') })),
          };
          const { matches, fees } = reconcile(open, [], { ...POLICY, amountToleranceMinor: 1n });
          const used = [
            ...matches.flatMap((match) => match.lines.map(({ line }) => line.seq)),
            ...fees.map(({ line }) => line.seq),
          ];
          const moved = matches.flatMap(({ movements }) => movements.map(({ id }) => id));
          expect(new Set(used).size).toBe(used.length);
          expect(new Set(moved).size).toBe(moved.length);
          for (const match of matches) {
            const explained = match.lines.reduce((sum, { explainedMinor }) => sum + explainedMinor, 0n);
            expect(explained).toBe(match.movements.reduce((sum, { amountMinor }) => sum + amountMinor, 0n));
          }
        },
      ),
    );
  });
});

test('entries move the cash of their line, clear what it explains, and balance', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('credit' as const, 'debit' as const),
      fc.bigInt({ min: 1n, max: 1_000n }),
      fc.bigInt({ min: 0n, max: 1_000n }),
      fc.bigInt({ min: 0n, max: 2_000n }),
      fc.constantFrom(...SHORTAGE_ACCOUNTS),
      (direction, amountMinor, fee, explainedMinor, shortageTo) => {
        const feeMinor = fee > amountMinor ? amountMinor : fee;
        const line = aLine({ direction, amountMinor, feeMinor });
        const entries = lineEntries({ line, explainedMinor, transactionId: null, shortageTo });
        const moved = new Map<string, bigint>();
        for (const { account, side, amountMinor: minor } of entries.flatMap(({ postings }) => postings)) {
          moved.set(account.kind, (moved.get(account.kind) ?? 0n) + (side === 'debit' ? minor : -minor));
        }
        expect(moved.get('cash') ?? 0n).toBe(cashOf(line));
        expect(moved.get('unreconciled') ?? 0n).toBe(
          direction === 'credit' ? -explainedMinor : explainedMinor,
        );
        expect(entries.every(({ postings }) => isBalanced(postings))).toBe(true);
        expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length);
      },
    ),
  );
});

test('by hand, the movements are explained whole and what is missing is told', () => {
  const movement = aMovement();
  const fee = aLine({ direction: 'debit', line: 'fee', amountMinor: 100n });
  const explained = explainByHand([aLine({ amountMinor: 9_000n }), fee], [movement]);
  expect(explained).toMatchObject({
    differenceMinor: 1_100n,
    lines: [{ explainedMinor: 10_000n }, { explainedMinor: 0n }],
  });
  expect(explainByHand([aLine()], [])).toMatchObject({ differenceMinor: -10_000n });
  expect(explainByHand([fee], [movement])).toHaveProperty('problem');
  expect(explainByHand([aLine()], [movement, aMovement({ direction: 'debit' })])).toHaveProperty('problem');
  expect(explainByHand([aLine()], [aMovement({ asset: 'EUR' })])).toHaveProperty('problem');
});

test.each([
  [0, '0-1'],
  [1.9, '0-1'],
  [2, '2-5'],
  [5.5, '2-5'],
  [6, '6-30'],
  [31, '>30'],
])('a break of %d days is of %s', (days, bucket) => {
  const now = new Date('2026-06-01T00:00:00Z');
  expect(ageOf(new Date(now.getTime() - days * 86_400_000), now).bucket).toBe(bucket);
});

describe('as data', () => {
  test('rules have names of their own, and every rail a policy and a schedule', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const rail of RAILS) {
      expect(RAIL_POLICIES[rail].dateWindowDays).toBeGreaterThan(0);
      expect(RAIL_SCHEDULES[rail].calendars.length).toBeGreaterThan(0);
      expect(reconciliationSpec(rail, new Date('2026-11-21T00:00:00Z')).timezone).toBe(
        RAIL_SCHEDULES[rail].timeZone,
      );
    }
  });

  test('files are of the networks that the adapters prove by', () => {
    expect(FILE_NETWORKS).toMatchObject({
      rtp: PROFILES.rtp.network,
      fednow: PROFILES.fednow.network,
      card: CARD_NETWORK,
    });
  });

  test('ACH is not reconciled on bank holidays', () => {
    const { skip } = reconciliationSpec('ach', new Date('2026-11-21T00:00:00Z'));
    expect(skip).toContainEqual(expect.objectContaining({ year: 2026, month: 'NOVEMBER', dayOfMonth: 26 }));
    expect(skip).toContainEqual(expect.objectContaining({ year: 2026, month: 'DECEMBER', dayOfMonth: 25 }));
  });
});
