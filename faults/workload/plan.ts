/** Which deals are made when and what becomes of them, drawn by lot: the same seed gives the same plan. */
import type { Fate } from '../../bin/demo/mixed/plan';
import type { RailName } from '../../domain/settlement';
import { seededRandom } from '../../rails/sandbox/random';

export type FaultsFate = Fate | 'taken_back';

export interface DealPlan {
  number: number;
  atMs: number;
  rail: RailName;
  fate: FaultsFate;
  fallback: boolean;
  lot: number;
}

/** Chances in a hundred; the rest is delivered and no more. */
const CHANCES: readonly (readonly [FaultsFate, number])[] = [
  ['cancel_at_once', 5],
  ['cancel_paid', 6],
  ['refund_part', 8],
  ['refund_all', 6],
  ['dispute_early', 5],
  ['dispute_late', 6],
  ['taken_back', 6],
];
const FALLBACKS = 15;
/** The plan's own lots; those of the schedule of faults are drawn from the seed itself. */
const STREAM = 0x5eed;

export function dealPlans(options: {
  seed: number;
  durationMs: number;
  perMinute: number;
  rails: readonly RailName[];
}): DealPlan[] {
  const random = seededRandom(options.seed ^ STREAM);
  const count = Math.max(1, Math.floor((options.durationMs / 60_000) * options.perMinute));
  const everyMs = options.durationMs / count;
  return Array.from({ length: count }, (_unused, index) => ({
    number: index + 1,
    atMs: Math.round((index + random() * 0.9) * everyMs),
    rail: options.rails[index % options.rails.length] ?? 'rtp',
    fate: fateOf(random() * 100),
    fallback: random() * 100 < FALLBACKS,
    lot: random(),
  }));
}

function fateOf(drawn: number): FaultsFate {
  let up = 0;
  for (const [fate, chance] of CHANCES) {
    up += chance;
    if (drawn < up) return fate;
  }
  return 'deliver';
}
