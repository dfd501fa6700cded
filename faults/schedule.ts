/** Which fault comes when, drawn by lot: the same seed and length give the same schedule. */
import { seededRandom } from '../rails/sandbox/random';
import { FAULT_KINDS, type FaultKind } from './kinds';

export interface Fault {
  number: number;
  kind: FaultKind;
  target: string;
  /** After the start of the run, milliseconds. */
  atMs: number;
  /** How long it lasts, milliseconds; what is killed stays down for that long. */
  forMs: number;
  /** For whatever else there is to draw about it, in [0, 1). */
  lot: number;
}

export interface ScheduleOptions {
  seed: number;
  durationMs: number;
  /** Between two faults on average, milliseconds. */
  everyMs: number;
}

const FIRST_AFTER_MS = 3_000;
const RARE = 1;

export function scheduleOf({ seed, durationMs, everyMs }: ScheduleOptions): Fault[] {
  const random = seededRandom(seed);
  const count = Math.max(1, Math.floor((durationMs - FIRST_AFTER_MS) / everyMs));
  const kinds = drawKinds(random, count);
  return kinds.map((kind, index) => {
    const { targets, forMs } = FAULT_KINDS[kind];
    const [least, most] = forMs;
    return {
      number: index + 1,
      kind,
      target: pick(random, targets),
      atMs: Math.round(FIRST_AFTER_MS + (index + random() * 0.8) * everyMs),
      forMs: Math.round(least + random() * (most - least)),
      lot: random(),
    };
  });
}

/** Each kind that is not rare once in some order, then by weight, so that a short run has seen all it has room for. */
function drawKinds(random: () => number, count: number): FaultKind[] {
  const all = Object.keys(FAULT_KINDS) as FaultKind[];
  const first = all
    .filter((kind) => FAULT_KINDS[kind].weight > RARE)
    .map((kind) => ({ kind, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ kind }) => kind);
  const weights = all.map((kind) => FAULT_KINDS[kind].weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = Array.from({ length: Math.max(0, count - first.length) }, () => {
    let left = random() * total;
    return all.find((_kind, index) => (left -= weights[index] ?? 0) < 0) ?? 'cut';
  });
  return [...first, ...drawn].slice(0, count);
}

function pick<T>(random: () => number, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('there is nothing to pick from');
  return found;
}
