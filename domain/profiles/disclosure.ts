/** Disclosure: what a seller may see of a buyer's request, per field and phase. Sellers only ever see the projection. */
import type { ProfileId } from '.';

export const DISCLOSURE_TIERS = ['withheld', 'generalised', 'banded', 'pseudonymous', 'full'] as const;
export type DisclosureTier = (typeof DISCLOSURE_TIERS)[number];

export const DISCLOSURE_PHASES = ['browse', 'offer', 'commit', 'clear', 'post_trade'] as const;
export type DisclosurePhase = (typeof DISCLOSURE_PHASES)[number];

export const DISCLOSURE_FIELDS = [
  'buyer_identity',
  'shipping_address',
  'raw_intent',
  'ideal_price_range',
  'behavioural_signals',
  'purchase_history',
  'category',
  'hard_constraints',
  'wanted_features',
  'brands',
  'country',
  'region',
  'quantity',
] as const;
export type DisclosureField = (typeof DISCLOSURE_FIELDS)[number];

const IDENTITY: ReadonlySet<DisclosureField> = new Set(['buyer_identity', 'shipping_address']);
const NEVER: ReadonlySet<DisclosureField> = new Set([
  'raw_intent',
  'ideal_price_range',
  'behavioural_signals',
  'purchase_history',
]);

/** The tier of a field in a phase. Identity opens in `clear`, which begins with T19. */
export function disclosureTier(
  profile: ProfileId,
  field: DisclosureField,
  phase: DisclosurePhase,
): DisclosureTier {
  const traded = phase === 'clear' || phase === 'post_trade';
  if (NEVER.has(field)) return 'withheld';
  if (IDENTITY.has(field)) return traded ? 'full' : 'withheld';
  if (traded) return 'full';
  if (field === 'region') return 'generalised';
  if (field === 'quantity') return profile === 'retail' ? 'banded' : 'full';
  return 'full';
}

/** Bands a quantity is shown in: 1, 2–5, 6–20, 21–100, above. */
const QUANTITY_BANDS: readonly (readonly [min: number, max: number | null])[] = [
  [1, 1],
  [2, 5],
  [6, 20],
  [21, 100],
  [101, null],
];

export function quantityBand(quantity: number): { min: number; max: number | null } {
  const [min, max] = QUANTITY_BANDS.find(([, upper]) => upper === null || quantity <= upper) ?? [1, null];
  return { min, max };
}
