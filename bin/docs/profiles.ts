import { formatMoney } from '../../domain/money';
import { PROFILES, type MarketProfile, type TrustRule } from '../../domain/profiles';
import {
  DISCLOSURE_FIELDS,
  DISCLOSURE_PHASES,
  disclosureTier,
  type DisclosureField,
} from '../../domain/profiles/disclosure';
import { page, table } from './markdown';

const DAY_MS = 86_400_000;
const all = Object.values(PROFILES);

export function profilesPage(): string {
  return page(
    'Market profiles',
    'domain/profiles',
    'A profile is the rules of a market as data. A session names one (`profile_id`); `retail` is the default.',
    table(['', ...all.map(({ id, version }) => `${id} (version ${version})`)], RULES.map(ruleRow)),
    'What is not in the table costs nothing. Basis points are of the deal’s total.',
    '## What a seller sees of a request',
    'Sellers only ever see a projection of the request. Each field has a tier in each phase; `clear` begins when the deal is authorised (T19).',
    ...disclosureTables(),
  );
}

const RULES: readonly (readonly [name: string, of: (profile: MarketProfile) => string])[] = [
  ['to open or answer a session', ({ trust }) => level(trust.browse)],
  ['to pay', ({ trust }) => level(trust.commit)],
  [
    'to be paid',
    ({ trust, trustAboveBindsBoth }) =>
      `${level(trust.clear)}${trustAboveBindsBoth ? ', the payer likewise' : ''}`,
  ],
  ['least margin of the buyer', ({ marginFloorBps }) => bps(marginFloorBps.buyer)],
  ['least margin of the seller', ({ marginFloorBps }) => bps(marginFloorBps.seller)],
  ['a reversed payment falls on', ({ recourse }) => `the ${recourse}`],
  ['margin may come out of the sale', ({ reserveFromSale }) => (reserveFromSale ? 'yes' : 'no')],
  ['margin halves in', ({ marginHalfLifeDays }) => days(marginHalfLifeDays)],
  ['dispute window', ({ disputeWindowDays }) => days(disputeWindowDays)],
  ['finality asked of the rail', ({ finality }) => finality],
  ['commitment path', ({ commitmentPath }) => commitmentPath.join(' → ')],
  ['costs', ({ participation }) => costs(participation)],
  ['ranked offers wait', ({ commitWindowMs }) => duration(commitWindowMs)],
  ['a margin call waits', ({ marginCallMs }) => duration(marginCallMs)],
  ['delivery is due within', ({ deliveryWindowDays }) => days(deliveryWindowDays)],
];

function ruleRow([name, of]: (typeof RULES)[number]): string[] {
  return [name, ...all.map(of)];
}

function level({ level: lowest, above }: TrustRule): string {
  if (!above) return lowest;
  const limit = formatMoney({ amountMinor: above.usdMinor, asset: 'USD' });
  return `${lowest}; ${above.inclusive ? 'from' : 'above'} ${limit} USD ${above.level}`;
}

const bps = (count: number) => `${count} bps`;
const days = (count: number) => `${count} days`;

function duration(ms: number): string {
  if (ms % DAY_MS === 0) return ms === DAY_MS ? '1 day' : days(ms / DAY_MS);
  return `${ms / 60_000} minutes`;
}

function costs(participation: MarketProfile['participation']): string {
  return Object.entries(participation)
    .flatMap(([point, types]) =>
      Object.entries(types)
        .filter(([, cost]) => cost > 0)
        .map(([type, cost]) => `${type} ${bps(cost)} (at ${point})`),
    )
    .join(', ');
}

/** One table for all profiles that disclose alike. */
function disclosureTables(): string[] {
  const groups = new Map<string, string[]>();
  for (const { id } of all) {
    const grid = table(
      ['field', ...DISCLOSURE_PHASES.map((phase) => phase.replace('_', ' '))],
      DISCLOSURE_FIELDS.map((field: DisclosureField) => [
        field.replaceAll('_', ' '),
        ...DISCLOSURE_PHASES.map((phase) => disclosureTier(id, field, phase)),
      ]),
    );
    groups.set(grid, [...(groups.get(grid) ?? []), id]);
  }
  return [...groups].flatMap(([grid, ids]) => [`### ${ids.join(', ')}`, grid]);
}
