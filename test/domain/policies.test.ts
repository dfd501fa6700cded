/** Each declared policy, met and violated, at each point that it is enforced at. */
import { createPolicyEngine, POLICY_POINTS } from '../../domain/policies';
import { houseRules } from '../../domain/policies/engine';
import { runGate } from '../../domain/gate';
import { gateFacts, outcome } from '../support/gate-facts';
import { ENFORCED } from '../support/policy-cases';
import {
  aWorld,
  beaconDeclares,
  BEACON_POLICY,
  decideOn,
  rulesAgainst,
  scoutDeclares,
  SCOUT_POLICY,
  type Change,
} from '../support/policies';

describe.each(ENFORCED)("$side's $field at $point", ({ side, field, point, declared, met, violated }) => {
  // Sides that both declare do so one after the other: the case's change may bring the other side's.
  it('lets pass what it allows', () => {
    expect(rulesAgainst(point, declared, met)).toEqual([]);
  });

  it('forbids what it does not, with rule, reason and version', () => {
    const world = aWorld((made) => [declared, violated].forEach((change) => change(made)));
    const { allowed, refusals, policies } = decideOn(point, world);
    const policyId = side === 'scout' ? SCOUT_POLICY : BEACON_POLICY;
    expect(allowed).toBe(false);
    expect(refusals).toContainEqual({
      rule: field,
      reason: expect.stringMatching(/^[A-Z].{20,}\.$/) as string,
      policyId,
      side,
    });
    expect(policies).toContain(policyId);
  });

  it('says nothing where it was not declared', () => {
    const bare = aWorld(violated);
    const other =
      side === 'scout'
        ? { scout: { ...bare.scout, declared: undefined } }
        : { beacon: { ...bare.beacon, declared: undefined } };
    expect(decideOn(point, { ...bare, ...other }).refusals.filter(({ rule }) => rule === field)).toEqual([]);
  });
});

test('every rule of the house is shown by a case, at every point it speaks of', () => {
  const shown = new Set(ENFORCED.map(({ side, field, point }) => `${side} ${field} ${point}`));
  const rules = [...houseRules().values()].filter(({ effect }) => effect === 'forbid');
  const spoken = rules.flatMap(({ side, name, points }) =>
    (points.length > 0 ? points : POLICY_POINTS).map((point) => `${side} ${name} ${point}`),
  );
  expect(rules.length).toBeGreaterThan(30);
  // What a session or an address says of the destination is broken at matching and at commit.
  const elsewhere = [
    'beacon allowed_shipping_regions',
    'scout geographic_restrictions.ships_to',
    'scout constraints',
  ];
  expect(
    spoken.filter((each) => !shown.has(each) && !elsewhere.some((rule) => each.startsWith(rule))),
  ).toEqual([]);
});

describe('a decision', () => {
  it("permits protocol 1.0.0's example on both sides", () => {
    const example: Change = (world) => {
      scoutDeclares({
        max_price_usd: 5000,
        allowed_categories: ['electronics', 'home', 'clothing'],
        blocked_merchants: ['bcn_blocked123...'],
        require_certifications: ['ssl_verified'],
        auto_reject_below_reputation: 50,
        geographic_restrictions: { ships_from: ['US', 'CA', 'UK'], ships_to: ['US'] },
        consent_boundaries: {
          share_behavioral_data: true,
          share_purchase_history: false,
          allow_personalized_pricing: true,
        },
      })(world);
      beaconDeclares({
        min_order_value_usd: 25,
        max_discount_percentage: 30,
        allowed_shipping_regions: ['US', 'CA'],
        require_scout_reputation_above: 40,
        inventory_reserve_percentage: 10,
        pricing_boundaries: {
          allow_dynamic_pricing: true,
          max_price_variation_percentage: 15,
          honor_competitor_pricing: false,
        },
        fulfillment_constraints: {
          max_delivery_days: 7,
          require_signature: false,
          insurance_threshold_usd: 500,
        },
      })(world);
    };
    for (const point of POLICY_POINTS) expect([point, rulesAgainst(point, example)]).toEqual([point, []]);
  });

  it('names every rule that is broken: the buyer’s before the seller’s, each once', () => {
    const broken = rulesAgainst(
      'commit',
      beaconDeclares({ min_order_value_usd: 1000, allowed_shipping_regions: ['CA'] }),
      scoutDeclares({ max_price_usd: 100, auto_reject_below_reputation: 90 }),
    );
    expect(broken).toEqual([
      'max_price_usd',
      'auto_reject_below_reputation',
      'min_order_value_usd',
      'allowed_shipping_regions',
    ]);
  });

  it('takes about as long as it may', () => {
    const world = aWorld(scoutDeclares({ max_price_usd: 5000, allowed_categories: ['electronics'] }));
    decideOn('commit', world);
    const started = performance.now();
    for (let count = 0; count < 50; count++) decideOn('commit', world);
    // Fifty candidates of a session; a few milliseconds each would be felt.
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('is its own in every engine of a process', () => {
    const { offer: _, quantity: _q, shipTo: _s, consent: _c, ...market } = aWorld();
    const cedar = '@id("none") @reason("Nothing goes.") forbid (principal, action, resource);';
    const [strict, free] = [createPolicyEngine(), createPolicyEngine()];
    const operators = [{ id: 'pol_1', name: 'none', cedar }];
    const declared = { id: SCOUT_POLICY, policies: {} };
    const scout = { ...market.scout, declared };
    for (let count = 0; count < 2; count++) {
      expect(strict.decide({ ...market, point: 'matching', operators }).allowed).toBe(false);
      expect(free.decide({ ...market, point: 'matching', scout }).allowed).toBe(true);
      expect(strict.decide({ ...market, point: 'matching', scout }).allowed).toBe(true);
    }
  });
});

describe("the gate's second step", () => {
  it('refuses by the first rule that forbids, with the version it is in', () => {
    const policy = decideOn('commit', aWorld(scoutDeclares({ max_price_usd: 100 })));
    const { code, details } = outcome((facts) => (facts.policy = policy));
    expect(code).toBe('BUSINESS_RULE_VIOLATION');
    expect(details).toEqual({
      step: 'business_rules',
      rule: 'max_price_usd',
      reason: policy.refusals[0]?.reason,
      policy_id: SCOUT_POLICY,
      policy_of: 'scout',
    });
  });

  it('passes within policies, and says which', () => {
    const policy = decideOn('commit', aWorld(scoutDeclares({ max_price_usd: 1000 })));
    const { passed, steps } = runGate(gateFacts((facts) => (facts.policy = policy)));
    expect([passed, steps[1]?.detail]).toEqual([true, expect.stringContaining(SCOUT_POLICY)]);
  });
});
