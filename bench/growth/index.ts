/**
 * The same operations at more and more stored deals, each against itself at the fewest. Stored deals are copies of one
 * that was really made; the databases stand next to each other, and the rounds go from one to the next.
 */
import { median, type Bench, type BenchContext, type Figure } from '../harness';
import { measureRound, OPERATIONS, type Operation } from './operations';
import { aWorldOf, type World } from './world';

const SIZES = [1_000, 100_000];
const FULL_SIZE = 1_000_000;
const REACH = { atLeast: 0.8 };
const GIGABYTE = 1e9;

export const growth: Bench = {
  name: 'growth',
  title: 'Growth of the books',
  async run(context) {
    const worlds: World[] = [];
    try {
      for (const size of sizesOf(context)) {
        context.say(`${size.toLocaleString('en')} stored deals…`);
        worlds.push(await aWorldOf(size, context.say));
      }
      return await measure(context, worlds);
    } finally {
      for (const world of worlds) await world.drop();
    }
  },
};

function sizesOf({ sizes, full }: BenchContext): number[] {
  const chosen = sizes ?? (full ? [...SIZES, FULL_SIZE] : SIZES);
  return chosen.toSorted((a, b) => a - b);
}

async function measure({ rounds, say }: BenchContext, worlds: readonly World[]): Promise<Figure[]> {
  const measured = worlds.map(() => [] as Record<Operation, number>[]);
  // The first round fills caches and is thrown away.
  for (let round = 0; round <= rounds; round++) {
    for (const [at, world] of worlds.entries()) {
      const values = await measureRound(world, round);
      if (round > 0) measured[at]?.push(values);
      say(`growth: round ${round} of ${rounds} at ${world.deals.toLocaleString('en')} deals`);
    }
  }
  const [fewest] = measured;
  if (!fewest) throw new Error('no sizes');
  return (Object.keys(OPERATIONS) as Operation[])
    .flatMap((operation) =>
      worlds.map((world, at) =>
        figureOf(operation, world.deals, of(measured[at] ?? [], operation), of(fewest, operation)),
      ),
    )
    .concat(worlds.map(sizeFigure));
}

const of = (rounds: readonly Record<Operation, number>[], operation: Operation) =>
  rounds.map((values) => values[operation]);

function figureOf(
  operation: Operation,
  deals: number,
  values: readonly number[],
  references: readonly number[],
): Figure {
  const ratio = median(values) / median(references);
  const each = values.map((value, round) => value / (references[round] ?? NaN));
  return {
    name: `growth_${operation}_${deals}`,
    title: `${OPERATIONS[operation]}, at ${deals.toLocaleString('en')} deals`,
    value: median(values),
    unit: '/s',
    reference: 'itself at the fewest deals',
    ratio,
    spread: [Math.min(...each), Math.max(...each)],
    reach: REACH,
    met: ratio >= REACH.atLeast,
  };
}

function sizeFigure({ deals, bytes, storedInMs }: World): Figure {
  const gigabytes = bytes / GIGABYTE;
  return {
    name: `growth_size_${deals}`,
    title: `Database of ${deals.toLocaleString('en')} deals, stored in ${Math.round(storedInMs / 1_000)} s`,
    value: gigabytes,
    unit: 'GB',
    reference: null,
    ratio: null,
    spread: [gigabytes, gigabytes],
    reach: null,
    met: null,
  };
}
