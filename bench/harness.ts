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
  say(line: string): void;
}

export interface Bench {
  name: string;
  title: string;
  run(context: BenchContext): Promise<Figure[]>;
}

export interface Comparison {
  name: string;
  title: string;
  unit: string;
  reference: string;
  reach: Reach;
  /** One round's value, by turns, so that a slow minute of the machine meets both. */
  subject(): Promise<number> | number;
  against(): Promise<number> | number;
}

export async function compare(context: BenchContext, what: Comparison): Promise<Figure> {
  const values: number[] = [];
  const references: number[] = [];
  for (let round = 0; round < context.rounds; round++) {
    values.push(await what.subject());
    references.push(await what.against());
    context.say(`${what.name}: round ${round + 1} of ${context.rounds}`);
  }
  const ratio = median(values) / median(references);
  const each = values.map((value, round) => value / (references[round] ?? NaN));
  return {
    name: what.name,
    title: what.title,
    value: median(values),
    unit: what.unit,
    reference: what.reference,
    ratio,
    spread: [Math.min(...each), Math.max(...each)],
    reach: what.reach,
    met: meets(ratio, what.reach),
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
