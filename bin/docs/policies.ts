import { POLICY_POINTS, POLICY_SCHEMA } from '../../domain/policies';
import { houseRules } from '../../domain/policies/engine';
import { code, page, table } from './markdown';

const DECLARED = {
  policies: {
    max_price_usd: 5000,
    allowed_categories: ['electronics', 'home'],
    geographic_restrictions: { ships_from: ['US', 'CA'], ships_to: ['US'] },
  },
  effective_from: '2026-12-01T00:00:00Z',
  effective_until: null,
};

const OPERATORS = `@id("refurbished_over_500")
@reason("Refurbished goods are traded up to 500 US dollars only.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when {
  resource.category_path.contains("electronics") &&
  context.offer.condition == "refurbished" &&
  context.offer has price_usd_cents &&
  context.offer.price_usd_cents > 50000
};

@id("new_sellers_stay_small")
@reason("A seller without a record sells for up to 1,000 US dollars.")
forbid (principal, action == Action::"commit", resource)
when { principal.reputation_bps < 5500 }
unless { context.deal has total_usd_cents && context.deal.total_usd_cents <= 100000 };`;

const REFUSAL = {
  code: 'BUSINESS_RULE_VIOLATION',
  details: {
    step: 'policy',
    field: 'offers.0',
    rule: 'max_price_usd',
    reason: 'The price is above the most that the buyer pays, or cannot be told in US dollars.',
    policy_id: 'pol_01K…',
    policy_of: 'scout',
    violations: ['…'],
  },
};

export function policiesPage(): string {
  return page(
    'Policies',
    'domain/policies',
    'Agents declare limits of their own, operators write rules for everybody. All of them are evaluated by [Cedar](https://www.cedarpolicy.com) at three points. What is not forbidden is permitted, any rule that forbids refuses, and a rule that cannot be evaluated forbids. Nothing that is declared widens what is allowed.',
    table(['point', 'when', 'what a refusal does'], POINTS),
    'The decision, with every rule that forbade and the versions that were in force, is in the audit record. Amounts are compared in US dollars at the stored daily rate, in whole cents, rounded up.',
    '## What agents declare',
    '`PUT` and `GET /v1/agents/scouts/{scout_id}/policies` and `/v1/agents/beacons/{beacon_id}/policies`. Unknown fields are dropped. Every version is kept; in force is the one that began last. One with a later `effective_from` is scheduled, and when it ends the one before counts again.',
    code('json', JSON.stringify(DECLARED, null, 2)),
    '### Scouts',
    fields('scout'),
    '### Beacons',
    fields('beacon'),
    NOTES,
    '## A refusal',
    code('json', JSON.stringify({ error: REFUSAL }, null, 2)),
    'At the submission of offers one that is forbidden refuses the whole body. At the commit `step` is `business_rules`. The agent is told by the event `policy.violated`.',
    '## Rules of operators',
    '`PUT /v1/policies/{name}` with `{"cedar": "…"}` puts the rules in force for every decision from then on; `DELETE` takes them out, `GET /v1/policies` lists what is in force. Versions are kept and audited. A rule forbids, has an `@id` and an `@reason`, and is checked against the schema below when it is written; what is wrong is said with its line.',
    code('cedar', OPERATORS),
    'A beacon is the `principal`, a session the `resource`, its buyer `resource.scout`. What an agent declared is its `policy`.',
    code('cedar', POLICY_SCHEMA.trim()),
  );
}

const POINTS = [
  ['matching', 'a session is opened', 'the beacon is not asked'],
  ['offer', 'a beacon submits offers', '403 `BUSINESS_RULE_VIOLATION`, nothing is stored'],
  ['commit', 'step 2 of the gate, in its transaction', '403 `BUSINESS_RULE_VIOLATION`, no deal'],
];

const NOTES = [
  '- `max_price_usd` bounds the price of one piece, and at the commit the total with shipping and tax.',
  '- `allowed_categories` and `constraints` are those of sessions: a category holds all that lies within it. Countries are ISO 3166 codes; `UK` is taken for `GB`.',
  '- `blocked_merchants` names beacons or their principals by id, or merchants by domain.',
  '- Certifications are those of the offer and those that the beacon states as `certifications` in its own policies; `ssl_verified` has who is reached by an HTTPS webhook. A beacon that states none is asked and judged by its offers.',
  '- Where goods come from is `availability.ships_from` of the offer, or `ships_from` in the beacon’s policies. To a buyer that restricts it, unsaid is not good enough.',
  '- `consent_boundaries` set to `false` may not be `true` in the consent of a commit; besides the protocol’s own, the consent’s fields can be named. `allow_personalized_pricing: false` refuses a price above what the same beacon offered others for the same `product_id` within a day.',
  '- A beacon’s rules on its own prices are those of the day it offered: it cannot take an offer back by a new policy. Discount and variation are measured against `list_price`; an offer without one has neither.',
  '- `signature_required`, `insured` and `price_match` in an offer’s `terms` must not contradict the beacon’s policies; terms that are silent do not.',
].join('\n');

/** One row for each field, from the rules themselves. */
function fields(side: 'scout' | 'beacon'): string {
  const rows = new Map<string, { points: Set<string>; reasons: Map<string, string[]> }>();
  for (const rule of houseRules().values()) {
    if (rule.side !== side) continue;
    const row = rows.get(rule.name) ?? { points: new Set(), reasons: new Map<string, string[]>() };
    const points = rule.points.length > 0 ? rule.points : POLICY_POINTS;
    points.forEach((point) => row.points.add(point));
    row.reasons.set(rule.reason, [...points]);
    rows.set(rule.name, row);
  }
  return table(
    ['field', 'enforced at', 'refuses because'],
    [...rows].map(([name, { points, reasons }]) => [
      `\`${name}\``,
      POLICY_POINTS.filter((point) => points.has(point)).join(', '),
      [...reasons.keys()].join(' '),
    ]),
  );
}
