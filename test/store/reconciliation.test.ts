/** Reconciliation as a whole: seeded differences are found, all of them and nothing else, and the ledger ties. */
import { reconciliationActivities } from '../../activities/reconciliation';
import { newId } from '../../domain/ids';
import type { RuleName } from '../../domain/reconciliation/model';
import type { BreakKind } from '../../domain/reconciliation/breaks';
import type { StatementLine } from '../../domain/settlement';
import { rows, type Db } from '../../store/db';
import { balancesOf, checkLedger } from '../../store/ledger';
import { dayBalances, openRun, reportRows, type Run } from '../../store/reconciliation';
import { describeWithDatabase } from '../support/database';
import {
  aMovement,
  lineFor,
  storeLines,
  storeMovements,
  storeNotices,
  type WorldMovement,
  type WorldNotice,
} from '../support/statement-world';
import { seededRandom } from '../../rails/sandbox/random';

jest.setTimeout(300_000);

const RAIL = 'rtp';
const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-05-04T06:00:00Z');

interface World {
  movements: WorldMovement[];
  notices: WorldNotice[];
  lines: StatementLine[];
  /** What the statement says when it is read again. */
  again: StatementLine[];
  /** Line key or instruction → the break it makes. */
  breaks: Map<string, BreakKind>;
  /** Breaks that only the second reading shows. */
  later: Map<string, BreakKind>;
  /** Lines by the rule that matched them. */
  rules: Map<RuleName, number>;
  /** Fee lines, which join the match of what they were charged for. */
  fees: number;
}

const keyOf = ({
  business_date,
  reference,
  line,
}: Pick<StatementLine, 'business_date' | 'reference' | 'line'>) => `${business_date} ${reference} ${line}`;

/** Cases in proportion; each adds to the world and says what has to come of it. */
function aWorld(seed: number, wanted: number): World {
  const random = seededRandom(seed);
  const world: World = {
    movements: [],
    notices: [],
    lines: [],
    again: [],
    breaks: new Map(),
    later: new Map(),
    rules: new Map(),
    fees: 0,
  };
  const upTo = (max: number) => Math.floor(random() * max);
  const move = (wish: Partial<WorldMovement> = {}): WorldMovement => {
    const at = new Date(START_MS + upTo(20 * DAY_MS)).toISOString();
    const kind = random() < 0.8 ? 'deposit' : 'payout';
    const movement = aMovement({ at, kind, amountMinor: BigInt(1_000 + upTo(1_000_000)), ...wish });
    world.movements.push(movement);
    return movement;
  };
  const show = (line: StatementLine, again: StatementLine | null = line) => {
    world.lines.push(line);
    if (again) world.again.push(again);
    return line;
  };
  const by = (rule: RuleName, lines = 1) => world.rules.set(rule, (world.rules.get(rule) ?? 0) + lines);
  const exact = (movement = move(), change: Partial<StatementLine> = {}) => {
    by('exact');
    return show(lineFor(RAIL, movement, change));
  };
  const nextDay = (date: string, days: number) =>
    new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

  const CASES: (() => void)[] = [
    ...Array.from({ length: 40 }, () => () => void exact()),
    () => void exact(move({ kind: 'deposit' }), { fee_minor: String(upTo(900)) }),
    () => {
      const movement = move();
      show(
        lineFor(RAIL, movement, {
          business_date: nextDay(movement.at.slice(0, 10), random() < 0.5 ? 1 : -1),
        }),
      );
      by('date_window');
    },
    () => {
      show(lineFor(RAIL, move(), { instruction_id: null }));
      by('reference');
    },
    () => {
      const first = move({ kind: 'deposit', line: '1' });
      const parts = [
        first,
        ...Array.from({ length: 1 + upTo(5) }, (_, at) =>
          move({ kind: 'deposit', reference: first.reference, line: String(at + 2), at: first.at }),
        ),
      ];
      const total = parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
      show(lineFor(RAIL, first, { line: '0', instruction_id: null, amount_minor: total.toString() }));
      by('batch');
    },
    () => {
      const parts = Array.from({ length: 2 + upTo(5) }, () => move({ kind: 'payout' }));
      const [first] = parts as [WorldMovement];
      const total = parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
      show(
        lineFor(RAIL, first, {
          reference: `BATCH-${first.id}`,
          instruction_id: null,
          amount_minor: total.toString(),
          parts: parts.map(({ id, amountMinor }) => ({
            instruction_id: id,
            amount_minor: amountMinor.toString(),
          })),
        }),
      );
      by('parts');
    },
    () => {
      const movement = move();
      const half = movement.amountMinor / 3n;
      show(lineFor(RAIL, movement, { amount_minor: half.toString(), line: 'a' }));
      show(lineFor(RAIL, movement, { amount_minor: (movement.amountMinor - half).toString(), line: 'b' }));
      by('split', 2);
    },
    () => {
      const movement = move({ kind: 'deposit', amountMinor: 100_000n });
      exact(movement);
      show(
        lineFor(RAIL, movement, {
          direction: 'debit',
          line: 'fee',
          amount_minor: '290',
          instruction_id: null,
        }),
      );
      world.fees++;
    },
    () => {
      const movement = move({ kind: 'deposit', amountMinor: 50_000n });
      exact(movement);
      const notice: WorldNotice = {
        id: newId('notice'),
        about: movement,
        kind: 'chargeback',
        amountMinor: 50_000n,
        feeMinor: 1_500n,
        reference: `CHB-${movement.id}`,
        at: movement.at,
      };
      world.notices.push(notice);
      const taken = { direction: 'debit' as const, reference: notice.reference };
      if (random() < 0.5) {
        exact(movement, { ...taken, fee_minor: '1500' });
      } else {
        show(lineFor(RAIL, movement, taken));
        show(lineFor(RAIL, movement, { ...taken, line: 'fee', amount_minor: '1500' }));
        by('split', 2);
      }
    },
    () => void world.breaks.set(move().id, 'missing_at_rail'),
    () => {
      const foreign = aMovement({ at: new Date(START_MS + upTo(20 * DAY_MS)).toISOString() });
      const line = show(lineFor(RAIL, foreign, { instruction_id: random() < 0.5 ? null : foreign.id }));
      world.breaks.set(keyOf(line), 'missing_in_ledger');
    },
    () => {
      const movement = move();
      const line = show(lineFor(RAIL, movement, { amount_minor: (movement.amountMinor + 1n).toString() }));
      world.breaks.set(keyOf(line), 'amount');
    },
    () => {
      const movement = move();
      exact(movement);
      world.breaks.set(
        keyOf(show(lineFor(RAIL, movement, { reference: `TWICE-${movement.id}` }))),
        'duplicate',
      );
    },
    () => {
      const dead = move({ status: 'rejected' });
      world.breaks.set(keyOf(show(lineFor(RAIL, dead))), 'late');
    },
    () => {
      const movement = move();
      const line = show(lineFor(RAIL, movement, { business_date: nextDay(movement.at.slice(0, 10), 3) }));
      world.breaks.set(keyOf(line), 'late');
    },
    () => {
      // The other way round: what was expected is missing, and what is there nobody expected.
      const movement = move({ kind: 'deposit' });
      world.breaks.set(movement.id, 'missing_at_rail');
      world.breaks.set(keyOf(show(lineFor(RAIL, movement, { direction: 'debit' }))), 'missing_in_ledger');
    },
    () => {
      const movement = move();
      const line = lineFor(RAIL, movement);
      by('exact');
      show(line, { ...line, amount_minor: (movement.amountMinor + 7n).toString() });
      world.later.set(keyOf(line), 'altered');
    },
    () => {
      const movement = move();
      by('exact');
      show(lineFor(RAIL, movement), null);
      world.later.set(movement.id, 'missing_at_rail');
    },
  ];
  while (world.lines.length < wanted) CASES[upTo(CASES.length)]?.();
  return world;
}

describe.each([
  [20_261_121, 10_000],
  [7, 1_500],
])('with seed %i', (seed, size) => {
  describeWithDatabase(`a statement of ${size} lines`, (database) => {
    const db = () => database().db;

    async function aRun(): Promise<Run> {
      const run: Run = {
        id: newId('reconciliation'),
        rail: RAIL,
        from: new Date(START_MS - DAY_MS).toISOString(),
        to: new Date(START_MS + 30 * DAY_MS).toISOString(),
        asset: 'USD',
      };
      await openRun(db(), run);
      return run;
    }

    async function reconcileNow(run: Run): Promise<number> {
      const activities = reconciliationActivities({ db: db() });
      let matched = 0;
      for (let after: string | null = '0'; after !== null;) {
        const chunk: Awaited<ReturnType<typeof activities.matchStatement>> = await activities.matchStatement({
          run,
          after,
        });
        matched += chunk.matched;
        after = chunk.next;
      }
      await activities.closeRun({ run, matched });
      return matched;
    }

    it('shows every seeded difference and nothing else', async () => {
      const world = aWorld(seed, size);
      await storeMovements(db(), RAIL, world.movements);
      await storeNotices(db(), RAIL, world.notices);
      const first = await aRun();
      await storeLines(db(), world.lines, first.id);
      const matched = await reconcileNow(first);

      expect(await foundBreaks(db())).toEqual(sorted(world.breaks));
      expect(await ruleLines(db())).toEqual(
        [...world.rules]
          .map(([rule, lines]) => `${rule} ${rule === 'exact' ? lines + world.fees : lines}`)
          .sort(),
      );
      expect(matched).toBe([...world.rules.values()].reduce((sum, lines) => sum + lines, world.fees));
      await expectTies(db(), world);

      // Read again and nothing more is matched; what changed since shows.
      const second = await aRun();
      await storeLines(db(), world.again, second.id);
      expect(await reconcileNow(second)).toBe(0);
      expect(await foundBreaks(db())).toEqual(sorted(new Map([...world.breaks, ...world.later])));
      await expectTies(db(), world);
    });

    /** Cash is what the matched lines moved; `unreconciled` what no line has shown; the report says the same. */
    async function expectTies(at: Db, world: World): Promise<void> {
      expect(await checkLedger(at)).toMatchObject({ balanced: true });
      const [open] = await rows<{ cash: string; expected: string }>(
        at,
        `SELECT (SELECT coalesce(sum(CASE direction WHEN 'credit' THEN amount_minor - fee_minor ELSE -(amount_minor + fee_minor) END), 0)
               FROM statement_lines WHERE match_id IS NOT NULL) AS cash,
         (SELECT coalesce(sum(CASE v.direction WHEN 'credit' THEN v.amount_minor ELSE -v.amount_minor END), 0)
          FROM movements v WHERE NOT EXISTS (SELECT 1 FROM matched_movements m WHERE m.instruction_id = v.id OR m.notice_id = v.id)) AS expected`,
      );
      const balances = await balancesOf(at, `rail:${RAIL}`);
      const balance = (kind: string) => balances.find((one) => one.kind === kind)?.balanceMinor ?? 0n;
      expect(balance('cash')).toBe(BigInt(open?.cash ?? 0));
      expect(balance('unreconciled')).toBe(BigInt(open?.expected ?? 0));
      const report = await reportRows(at, { rail: RAIL });
      expect(report.filter(({ differenceMinor }) => differenceMinor !== 0n)).toEqual([]);
      expect(report.reduce((sum, { ledgerMinor }) => sum + ledgerMinor, 0n)).toBe(balance('cash'));
      const days = await dayBalances(at, { rail: RAIL });
      for (const day of days) {
        expect(day.openingMinor + day.creditsMinor - day.debitsMinor - day.feesMinor).toBe(day.closingMinor);
        expect(day.ledgerMinor + day.unmatchedMinor).toBe(day.closingMinor);
      }
      expect(days.at(-1)?.ledgerMinor).toBe(balance('cash'));
      expect(days.reduce((sum, { lines }) => sum + lines, 0)).toBe(world.lines.length);
    }
  });
});

const sorted = (breaks: Map<string, BreakKind>) => [...breaks].map(([key, kind]) => `${kind} ${key}`).sort();

async function foundBreaks(db: Db): Promise<string[]> {
  const found = await rows<{ kind: BreakKind; key: string }>(
    db,
    `SELECT b.kind, CASE WHEN b.kind = 'missing_at_rail' THEN b.instruction_id
       ELSE l.business_date || ' ' || l.reference || ' ' || l.line END AS key
     FROM breaks b LEFT JOIN statement_lines l ON l.seq = b.statement_line WHERE b.status = 'open'`,
  );
  return found.map(({ kind, key }) => `${kind} ${key}`).sort();
}

async function ruleLines(db: Db): Promise<string[]> {
  const found = await rows<{ rule: string; lines: string }>(
    db,
    `SELECT m.rule, count(*) AS lines FROM matches m JOIN statement_lines l ON l.match_id = m.id GROUP BY 1`,
  );
  return found.map(({ rule, lines }) => `${rule} ${lines}`).sort();
}
