/** Latencies of single calls, held against the target that the protocol's papers name for them. */
import { median, quantile, type BenchContext, type Figure } from './harness';

const QUANTILES = [
  ['p50', 0.5],
  ['p99', 0.99],
] as const;

export interface Targeted {
  name: string;
  title: string;
  targetMs: number;
  /** How many times better than the target it should be. */
  times: number;
  /** Calls of one round, each timed by itself. */
  calls: number;
  call: (index: number) => unknown;
}

/** p50 and p99 over single calls, each as a share of the target; the median over the rounds. */
export async function againstTarget(context: BenchContext, what: Targeted): Promise<Figure[]> {
  const rounds: number[][] = [];
  const warmUp = Math.ceil(what.calls / 4);
  for (let index = 0; index < warmUp; index++) await what.call(index);
  for (let round = 0; round < context.rounds; round++) {
    rounds.push(await timesMs(what, warmUp + round * what.calls));
    context.say(`${what.name}: round ${round + 1} of ${context.rounds}`);
  }
  return figuresOf(rounds, what);
}

/** The same of times that were measured elsewhere, a list for each round. */
export function figuresOf(
  rounds: readonly (readonly number[])[],
  what: Pick<Targeted, 'name' | 'title' | 'targetMs' | 'times'>,
): Figure[] {
  const { name, title, targetMs, times } = what;
  return QUANTILES.map(([label, share]) => {
    const values = rounds.map((round) => quantile(round, share));
    const ratios = values.map((value) => value / targetMs);
    const ratio = median(ratios);
    return {
      name: `${name}_${label}`,
      title: `${title}, ${label}`,
      value: median(values),
      unit: 'ms',
      reference: `target ${targetMs} ms`,
      ratio,
      spread: [Math.min(...ratios), Math.max(...ratios)],
      reach: { atMost: 1 / times },
      met: ratio <= 1 / times,
    };
  });
}

async function timesMs({ calls, call }: Targeted, first: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = first; index < first + calls; index++) {
    const started = performance.now();
    const answer = call(index);
    if (answer instanceof Promise) await answer;
    times.push(performance.now() - started);
  }
  return times;
}
