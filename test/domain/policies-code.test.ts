/** Operators' policy as code, and laws that hold for all policies. */
import fc from 'fast-check';
import { codeProblems, createPolicyEngine, POLICY_POINTS, type PolicyPoint } from '../../domain/policies';
import {
  aDocument,
  aWorld,
  beaconDeclares,
  decideOn,
  operatorsSay,
  requestOf,
  rulesAgainst,
  scoutDeclares,
  type Change,
} from '../support/policies';

const rule = (body: string, id = 'house_rule') =>
  `@id("${id}") @reason("The house does not have it.")\n${body}`;

describe("operators' code", () => {
  it.each<[string, string, PolicyPoint[]]>([
    ['every decision', 'forbid (principal, action, resource);', [...POLICY_POINTS]],
    ['one point', 'forbid (principal, action == Action::"offer", resource);', ['offer']],
    [
      'a category with all below it',
      'forbid (principal, action, resource) when { resource.category_path.contains("electronics") };',
      [...POLICY_POINTS],
    ],
    [
      'a price',
      'forbid (principal, action in [Action::"offer", Action::"commit"], resource) when { context.offer has price_usd_cents && context.offer.price_usd_cents > 30000 };',
      ['offer', 'commit'],
    ],
    [
      'what an agent declared',
      'forbid (principal, action == Action::"commit", resource) unless { resource.scout has policy.max_price_usd_cents };',
      ['commit'],
    ],
    [
      'one beacon',
      'forbid (principal == Beacon::"bcn_1", action == Action::"matching", resource);',
      ['matching'],
    ],
    ['another beacon', 'forbid (principal == Beacon::"bcn_2", action, resource);', []],
  ])('may forbid %s', (_what, body, points) => {
    const cedar = rule(body);
    expect(codeProblems(cedar)).toEqual([]);
    const forbidden = POLICY_POINTS.filter((point) => rulesAgainst(point, operatorsSay(cedar)).length > 0);
    expect(forbidden).toEqual(points);
  });

  it('says which rule of which version it was, before what agents declared', () => {
    const cedar = [
      rule('forbid (principal, action, resource) when { principal.reputation_bps < 9000 };', 'known_sellers'),
      rule('forbid (principal, action, resource) when { resource.profile == "services" };', 'no_services'),
    ].join('\n');
    const world = aWorld((made) => {
      operatorsSay(cedar)(made);
      scoutDeclares({ blocked_merchants: ['prn_1'] })(made);
    });
    expect(decideOn('matching', world).refusals).toEqual([
      {
        rule: 'known_sellers',
        reason: 'The house does not have it.',
        policyId: expect.stringMatching(/^pol_op/) as string,
        side: 'operator',
      },
      expect.objectContaining({ rule: 'blocked_merchants', side: 'scout' }),
    ]);
  });

  it('forbids where it cannot be evaluated', () => {
    const cedar = rule(
      'forbid (principal, action == Action::"offer", resource) when { context.offer.least_quantity * 9223372036854775807 * 2 < 0 };',
    );
    expect(codeProblems(cedar)).toEqual([]);
    const { allowed, refusals } = decideOn('offer', aWorld(operatorsSay(cedar)));
    expect([allowed, refusals.map(({ rule: id }) => id)]).toEqual([false, ['house_rule']]);
    expect(refusals[0]?.reason).toContain('cannot be evaluated');
  });

  it('is replaced with the next version', () => {
    const [strict, free] = ['true', 'false || principal.id == "bcn_2"'].map((condition) =>
      rule(`forbid (principal, action, resource) when { ${condition} };`),
    );
    const world = (id: string, cedar = '') => aWorld((made) => (made.operators = [{ id, name: 'a', cedar }]));
    const answers = [
      decideOn('matching', world('pol_1', strict)),
      decideOn('matching', world('pol_2', free)),
      decideOn('matching', world('pol_3', strict)),
    ];
    expect(answers.map(({ allowed }) => allowed)).toEqual([false, true, false]);
  });

  it.each<[string, string, number, RegExp]>([
    ['text that is not Cedar', rule('forbid (principal, action'), 2, /unexpected end of input/],
    ['nothing', '// all quiet', 1, /holds no rule/],
    ['a permission', rule('permit (principal, action, resource);'), 1, /only forbid/],
    ['no id', '@reason("Because.")\nforbid (principal, action, resource);', 1, /@id is missing/],
    ['no reason', '\n@id("a")\nforbid (principal, action, resource);', 2, /@reason is missing/],
    [
      'an id twice',
      `${rule('forbid (principal, action, resource);')}\n${rule('forbid (principal, action, resource) when { resource.profile == "b2b_trade" };')}`,
      3,
      /appears twice/,
    ],
    [
      'an attribute that is not in the schema',
      rule('forbid (principal, action, resource)\nwhen { principal.turnover > 5 };'),
      3,
      /turnover/,
    ],
    [
      'an optional attribute that is taken for granted',
      rule('forbid (principal, action == Action::"offer", resource)\n\nwhen { context.offer.brand == "Ä" };'),
      4,
      /has brand/,
    ],
    [
      'facts that a point does not have',
      rule('forbid (principal, action, resource) when { context.deal.quantity > 5 };'),
      2,
      /deal/,
    ],
    [
      'a comparison of unlike things',
      rule('forbid (principal, action, resource) when { principal.reputation_bps < "50" };'),
      2,
      /expected.*Long/i,
    ],
    [
      'an action that does not exist',
      rule('forbid (principal, action == Action::"refund", resource);'),
      2,
      /refund/,
    ],
    ['a rule that can never hold', rule('forbid (principal == Scout::"sct_1", action, resource);'), 1, /./],
    ['a template', rule('forbid (principal == ?principal, action, resource);'), 1, /template/],
  ])('may not be %s', (_what, cedar, line, reason) => {
    const [first] = codeProblems(cedar);
    expect(first?.reason).toMatch(reason);
    expect(first?.line).toBe(line);
  });
});

const cents = fc.integer({ min: 0, max: 80_000 }).map((value) => (value / 100).toFixed(2));
const points = fc.integer({ min: 0, max: 10_000 }).map((value) => (value / 100).toFixed(2));
const country = fc.constantFrom('US', 'CA', 'GB', 'MX');
const countries = fc.uniqueArray(country, { minLength: 1, maxLength: 3 });
const category = fc.constantFrom('electronics', 'electronics.headphones', 'electronics.cameras', 'home');
const certifications = fc.uniqueArray(fc.constantFrom('ce_mark', 'b_corp', 'ssl_verified'));
const optional = { requiredKeys: [] as never[] };

const scoutFields = {
  max_price_usd: cents,
  allowed_categories: fc.uniqueArray(category, { minLength: 1 }),
  blocked_merchants: fc.uniqueArray(fc.constantFrom('bcn_1', 'prn_2', 'acme.example.com')),
  require_certifications: certifications,
  auto_reject_below_reputation: points,
  geographic_restrictions: fc.record({ ships_from: countries, ships_to: countries }, optional),
  consent_boundaries: fc.record(
    { allow_personalized_pricing: fc.boolean(), marketing_opt_in: fc.boolean() },
    optional,
  ),
  constraints: fc.record({ hard: fc.record({ category, price_max: cents }, optional) }),
};

const beaconFields = {
  min_order_value_usd: cents,
  max_discount_percentage: points,
  allowed_shipping_regions: countries,
  require_scout_reputation_above: points,
  inventory_reserve_percentage: points,
  pricing_boundaries: fc.record(
    {
      allow_dynamic_pricing: fc.boolean(),
      max_price_variation_percentage: points,
      honor_competitor_pricing: fc.boolean(),
    },
    optional,
  ),
  fulfillment_constraints: fc.record(
    {
      max_delivery_days: fc.integer({ min: 0, max: 10 }),
      require_signature: fc.boolean(),
      insurance_threshold_usd: cents,
    },
    optional,
  ),
  constraints: fc.record({ hard: fc.record({ category, ships_to: country }, optional) }),
};

const market: fc.Arbitrary<Change> = fc
  .record({
    price: fc.integer({ min: 1, max: 60_000 }).map((value) => (value / 100).toFixed(2)),
    category,
    asked: category,
    certifications,
    shipsTo: fc.option(countries, { nil: undefined }),
    shipsFrom: fc.option(country, { nil: undefined }),
    to: fc.option(country, { nil: undefined }),
    quantity: fc.integer({ min: 1, max: 45 }),
    rate: fc.constantFrom('1', undefined),
    reputation: fc.tuple(points, points),
    marketing: fc.boolean(),
    dearerThanToOthers: fc.boolean(),
  })
  .map((it) => (world) => {
    const document = aDocument((made) => {
      made.pricing.offer_price = it.price;
      made.product.category = it.category;
      made.certifications = it.certifications;
      Object.assign(made.availability, { ships_to: it.shipsTo, ships_from: it.shipsFrom });
    });
    world.offer = { document, usdPerUnit: it.rate, dearerThanToOthers: it.dearerThanToOthers };
    world.session.category = it.asked;
    world.session.constraints = { hard: { quantity: it.quantity, ships_to: it.to, price_max: '500' } };
    world.quantity = it.quantity;
    world.shipTo = it.to;
    world.scout.reputation = Number(it.reputation[0]);
    world.beacon.reputation = Number(it.reputation[1]);
    world.consent = { marketing_opt_in: it.marketing };
  });

const point = fc.constantFrom(...POLICY_POINTS);
const scoutPolicies = fc.record(scoutFields, optional);
const beaconPolicies = fc.record(beaconFields, optional);

describe('what is declared never widens what is allowed', () => {
  const allowedUnder = (at: PolicyPoint, ...changes: Change[]) => rulesAgainst(at, ...changes).length === 0;

  it('whatever both sides declare, each side alone allows it too, and so does declaring nothing', () => {
    fc.assert(
      fc.property(point, market, scoutPolicies, beaconPolicies, (at, world, scout, beacon) => {
        const [mine, yours] = [scoutDeclares(scout), beaconDeclares(beacon)];
        const together = allowedUnder(at, world, mine, yours);
        expect(together).toBe(allowedUnder(at, world, mine) && allowedUnder(at, world, yours));
        expect(allowedUnder(at, world)).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  it('one more field takes something away, or nothing', () => {
    const fields = [...Object.keys(scoutFields), ...Object.keys(beaconFields)];
    fc.assert(
      fc.property(
        point,
        market,
        scoutPolicies,
        beaconPolicies,
        fc.constantFrom(...fields),
        (at, world, scout, beacon, field) => {
          const without = (policies: object) =>
            Object.fromEntries(Object.entries(policies).filter(([name]) => name !== field));
          const more = rulesAgainst(at, world, scoutDeclares(scout), beaconDeclares(beacon));
          const less = rulesAgainst(
            at,
            world,
            scoutDeclares(without(scout)),
            beaconDeclares(without(beacon)),
          );
          expect(more).toEqual(expect.arrayContaining(less));
        },
      ),
      { numRuns: 120 },
    );
  });

  it("operators' code takes away, too", () => {
    const cedar = rule('forbid (principal, action, resource) when { principal.reputation_bps < 5000 };');
    fc.assert(
      fc.property(point, market, scoutPolicies, (at, world, scout) => {
        const changes = [world, scoutDeclares(scout)];
        const ruled = rulesAgainst(at, ...changes, operatorsSay(cedar));
        expect(ruled).toEqual(expect.arrayContaining(rulesAgainst(at, ...changes)));
      }),
      { numRuns: 50 },
    );
  });

  it('is the same whether or not the facts are held against the schema', () => {
    const quick = createPolicyEngine();
    const cedar = rule('forbid (principal, action, resource) when { principal.reputation_bps < 5000 };');
    const ruled = operatorsSay(cedar);
    fc.assert(
      fc.property(point, market, scoutPolicies, beaconPolicies, (at, change, scout, beacon) => {
        const world = aWorld((made) => {
          for (const each of [change, scoutDeclares(scout), beaconDeclares(beacon), ruled]) each(made);
        });
        expect(quick.decide(requestOf(at, world))).toEqual(decideOn(at, world));
      }),
      { numRuns: 150 },
    );
  });
});
