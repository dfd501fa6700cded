/** What a bench is, and how a figure becomes a ratio to a reference measured in the same run. */

/** What a ratio, or a value where there is no reference, should reach. */
export type Reach = { atLeast: number } | { atMost: number };

export interface Figure {
  name: string;
  title: string;
  /** Median over the rounds. */
  value: number;
  unit: string;
  /** What the value is divided by, in words. */
  reference: string | null;
  /** Value over the reference's median; the rounds alternate between the two. */
  ratio: number | null;
  /** Lowest and highest ratio of a single round, or value where there is no reference. */
  spread: readonly [number, number];
  reach: Reach | null;
  met: boolean | null;
}

export interface BenchContext {
  rounds: number;
  /** Whether benches may take as long as they need. */
  full?: boolean;
  /** Numbers of stored deals to measure growth at, instead of the bench's own. */
  sizes?: number[];
  say: (line: string) => void;
  /** Whether this figure was asked for. */
  wants: (figure: string) => boolean;
}

export interface Bench {
  name: string;
  title: string;
  run(context: BenchContext): Promise<Figure[]>;
}

type Measure = () => Promise<number> | number;

export interface Comparison {
  name: string;
  title: string;
  unit: string;
  reference: string;
  reach?: Reach;
  /**
   * One round's value, by turns, so that a slow minute of the machine meets both; or what makes ready for it without
   * being measured.
   */
  subject: Measure | { prepare: () => Promise<Measure> };
  against: Measure;
}

export async function compare(context: BenchContext, what: Comparison): Promise<Figure> {
  const rounds: Round[] = [];
  for (let round = 0; round < context.rounds; round++) {
    rounds.push(await oneRound(what, round));
    context.say(`${what.name}: round ${round + 1} of ${context.rounds}`);
  }
  return figureOf(what, rounds);
}

/** Several comparisons on one platform: each round takes them all, so that they grow old together. */
export async function compareAll(
  context: BenchContext,
  name: string,
  comparisons: readonly Comparison[],
): Promise<Figure[]> {
  const wanted = comparisons.filter((what) => context.wants(what.name));
  const rounds = wanted.map((): Round[] => []);
  for (let round = 0; round < context.rounds; round++) {
    for (const [at, what] of wanted.entries()) {
      const done = await oneRound(what, round);
      rounds[at]?.push(done);
      context.say(
        `${name}: round ${round + 1} of ${context.rounds}: ${what.name} ${done.value.toFixed(1)} against ${done.reference.toFixed(1)}`,
      );
    }
  }
  return wanted.map((what, at) => figureOf(what, rounds[at] ?? []));
}

interface Round {
  value: number;
  reference: number;
}

/** Who comes first changes from round to round. */
async function oneRound(what: Comparison, round: number): Promise<Round> {
  const subject = 'prepare' in what.subject ? await what.subject.prepare() : what.subject;
  if (round % 2 === 0) {
    const value = await subject();
    return { value, reference: await what.against() };
  }
  const reference = await what.against();
  return { value: await subject(), reference };
}

function figureOf(
  what: Pick<Comparison, 'name' | 'title' | 'unit' | 'reference' | 'reach'>,
  rounds: readonly Round[],
): Figure {
  const value = median(rounds.map((round) => round.value));
  const ratio = value / median(rounds.map(({ reference }) => reference));
  const each = rounds.map((round) => round.value / round.reference);
  const { reach = null } = what;
  return {
    name: what.name,
    title: what.title,
    value,
    unit: what.unit,
    reference: what.reference,
    ratio,
    spread: [Math.min(...each), Math.max(...each)],
    reach,
    met: reach && meets(ratio, reach),
  };
}

/** A figure of its own, without a reference. */
export function absolute(
  values: readonly number[],
  what: { name: string; title: string; unit: string; reach?: Reach },
): Figure {
  const { name, title, unit, reach = null } = what;
  const value = median(values);
  return {
    name,
    title,
    value,
    unit,
    reference: null,
    ratio: null,
    spread: [Math.min(...values), Math.max(...values)],
    reach,
    met: reach && meets(value, reach),
  };
}

function meets(value: number, reach: Reach): boolean {
  return 'atLeast' in reach ? value >= reach.atLeast : value <= reach.atMost;
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

/** The value below which that share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}
