/** What is to become of each deal of a mixed run, drawn by lot from a seed. */
import type { RailName } from '../../../domain/settlement';
import { seededRandom } from '../../../rails/sandbox/random';

export const FATES = [
  'deliver',
  'cancel_at_once',
  'cancel_paid',
  'refund_part',
  'refund_all',
  'dispute_early',
  'dispute_late',
] as const;
export type Fate = (typeof FATES)[number];

/** Chances in a hundred; the rest is delivered and no more. */
const CHANCES: readonly (readonly [Fate, number])[] = [
  ['cancel_at_once', 6],
  ['cancel_paid', 6],
  ['refund_part', 8],
  ['refund_all', 5],
  ['dispute_early', 5],
  ['dispute_late', 7],
];
/** So many in a hundred buyers can pay over another rail too, should the first one fail. */
const FALLBACKS = 15;

export interface Plan {
  number: number;
  rail: RailName;
  fate: Fate;
  fallback: boolean;
  /** For whatever else is decided about it, in [0, 1). */
  lot: number;
}

export function plansFor(deals: number, rails: readonly RailName[], seed: number): Plan[] {
  const random = seededRandom(seed);
  return Array.from({ length: deals }, (_, index) => ({
    number: index + 1,
    rail: rails[index % rails.length] ?? 'rtp',
    fate: fateOf(random() * 100),
    fallback: random() * 100 < FALLBACKS,
    lot: random(),
  }));
}

function fateOf(drawn: number): Fate {
  let up = 0;
  for (const [fate, chance] of CHANCES) {
    up += chance;
    if (drawn < up) return fate;
  }
  return 'deliver';
}
