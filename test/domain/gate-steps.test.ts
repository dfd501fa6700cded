import type { GateFacts } from '../../domain/gate';
import { PROFILES } from '../../domain/profiles';
import { aDelegation, minutes, offerOf, outcome, ruleOf, sellerOf, type Change } from '../support/gate-facts';

describe('step 1, the offer', () => {
  it.each<[string, string, Change]>([
    ['OFFER_NOT_FOUND', 'there is none', (facts) => (facts.offer = undefined)],
    ['OFFER_NOT_FOUND', 'its seller is gone', (facts) => (facts.seller = undefined)],
    ['OFFER_NOT_FOUND', 'it belongs to another session', (facts) => (offerOf(facts).sessionId = 'ses_2')],
    ['OFFER_EXPIRED', 'it ends now', (facts) => (facts.now = minutes(10))],
    ['OFFER_ALREADY_COMMITTED', 'a deal took it', (facts) => (offerOf(facts).committed = true)],
    [
      'SESSION_STATE_CONFLICT',
      'the session took another',
      (facts) => (facts.session.committedOfferId = 'ofr_2'),
    ],
    ['SESSION_STATE_CONFLICT', 'the session was cancelled', (facts) => (facts.session.market = 'cancelled')],
    [
      'SESSION_STATE_CONFLICT',
      'it was not ranked yet',
      (facts) => (facts.session.market = 'collecting_offers'),
    ],
  ])('answers %s where %s', (code, _, change) => {
    expect(outcome(change).code).toBe(code);
  });

  it('refuses an offer that no longer verifies', () => {
    expect(ruleOf((facts) => (offerOf(facts).signatureVerifies = false))).toEqual([
      'offer',
      'offer_signature',
    ]);
  });

  it('takes an offer up to its last millisecond', () => {
    expect(outcome((facts) => (facts.now = new Date(minutes(10).getTime() - 1))).code).toBe('PASSED');
  });
});

describe('step 2, business rules', () => {
  const document = (facts: GateFacts) => offerOf(facts).document;
  it.each<[string, Change]>([
    ['price_max', (facts) => (document(facts).pricing.offer_price = '150.01')],
    ['category', (facts) => (document(facts).product.category = 'garden.tools')],
    ['in_stock', (facts) => (document(facts).availability.in_stock = false)],
    ['quantity', (facts) => (document(facts).availability.quantity_available = 1)],
    ['quantity', (facts) => (document(facts).availability.quantity_max = 1)],
    ['quantity', (facts) => (facts.terms.quantity = 0)],
    ['shipping_preference', (facts) => (facts.terms.shippingPreference = 'drone')],
    ['expected_total', (facts) => (facts.terms.expectedTotal = '230.99')],
    ['expected_total', (facts) => (facts.terms.expectedTotal = '231.001')],
    ['usd_rate', (facts) => (facts.usdPerUnit = undefined)],
  ])('refuses by %s', (name, change) => {
    expect(ruleOf(change)).toEqual(['business_rules', name]);
  });

  it('refuses a total of zero', () => {
    const free: Change = (facts) => {
      document(facts).pricing.offer_price = '0.00';
      document(facts).availability.shipping_options = [];
    };
    expect(ruleOf(free)).toEqual(['business_rules', 'total']);
  });

  it('counts the committed quantity, not the one first asked for', () => {
    const asked: Change = (facts) => {
      facts.session.constraints.hard = { quantity: 50 };
      document(facts).availability.quantity_available = 2;
    };
    expect(outcome(asked).code).toBe('PASSED');
  });

  it('takes the expected total for the number it is', () => {
    for (const total of ['231.00', '231', '231.0', '231.000'])
      expect([total, outcome((facts) => (facts.terms.expectedTotal = total)).code]).toEqual([
        total,
        'PASSED',
      ]);
  });
});

describe('step 3, identity', () => {
  it.each<[string, Change]>([
    ['payer_active', (facts) => (facts.buyer.principalActive = false)],
    ['payer_active', (facts) => (facts.buyer.agentActive = false)],
    ['receiver_active', (facts) => (sellerOf(facts).principalActive = false)],
    ['receiver_active', (facts) => (sellerOf(facts).agentActive = false)],
    ['receiver_trust_level', (facts) => (sellerOf(facts).trust = 'L1')],
  ])('refuses by %s', (name, change) => {
    expect(ruleOf(change)).toEqual(['identity', name]);
  });

  it('asks a retail payer for L1 from 1,000 USD, over its last 24 hours', () => {
    const spent =
      (usdMinor: bigint): Change =>
      (facts) => {
        facts.buyer.trust = 'L0';
        facts.buyer.rolling24hUsdMinor = usdMinor;
      };
    expect(outcome(spent(0n)).code).toBe('PASSED');
    expect(outcome(spent(76_899n)).code).toBe('PASSED');
    expect(ruleOf(spent(76_900n))).toEqual(['identity', 'payer_trust_level']);
  });

  it('asks both sides of b2b_trade for L3 above 50,000 USD in 24 hours, each for itself', () => {
    const trade =
      (change: Change): Change =>
      (facts) => {
        facts.profile = PROFILES.b2b_trade;
        change(facts);
      };
    const limit = 5_000_000n - 23_100n;
    expect(outcome(trade((facts) => (facts.buyer.rolling24hUsdMinor = limit))).code).toBe('PASSED');
    expect(ruleOf(trade((facts) => (facts.buyer.rolling24hUsdMinor = limit + 1n)))).toEqual([
      'identity',
      'payer_trust_level',
    ]);
    expect(ruleOf(trade((facts) => (sellerOf(facts).rolling24hUsdMinor = limit + 1n)))).toEqual([
      'identity',
      'receiver_trust_level',
    ]);
  });

  it('counts in USD at the day’s rate', () => {
    const euros: Change = (facts) => {
      facts.buyer.trust = 'L0';
      facts.usdPerUnit = '4.4';
    };
    expect(ruleOf(euros)).toEqual(['identity', 'payer_trust_level']);
  });
});

describe('step 4, consent and authority', () => {
  it.each([
    'share_identity_with_merchant',
    'share_email_for_order_updates',
    'marketing_opt_in',
    'consent_timestamp',
    'consent_method',
  ] as const)('misses %s', (field) => {
    expect(ruleOf((facts) => delete facts.terms.consent[field])).toEqual([
      'consent_and_authority',
      `consent.${field}`,
    ]);
  });

  it('takes a false as an answer', () => {
    expect(outcome((facts) => (facts.terms.consent.share_identity_with_merchant = false)).code).toBe(
      'PASSED',
    );
  });

  const given = (minute: number, method: 'explicit_user_action' | 'pre_configured_policy'): Change => {
    return (facts) => {
      facts.terms.consent.consent_timestamp = minutes(minute).toISOString();
      facts.terms.consent.consent_method = method;
    };
  };
  it.each([
    [-15, 'explicit_user_action', true],
    [-15.001, 'explicit_user_action', false],
    [-60 * 24 * 30, 'pre_configured_policy', true],
    [2, 'explicit_user_action', true],
    [2.001, 'explicit_user_action', false],
    [2.001, 'pre_configured_policy', false],
  ] as const)('of minute %d by %s passes: %s', (minute, method, passes) => {
    expect(ruleOf(given(minute, method))).toEqual(
      passes ? ['PASSED'] : ['consent_and_authority', 'consent_timestamp'],
    );
  });

  it('needs a time that is one', () => {
    expect(ruleOf((facts) => (facts.terms.consent.consent_timestamp = 'today'))).toEqual([
      'consent_and_authority',
      'consent_timestamp',
    ]);
  });

  it('holds an agent to its delegation', () => {
    const by = (...wish: Parameters<typeof aDelegation>): Change => {
      return (facts) => (facts.terms.authority = { kind: 'delegated', credential: aDelegation(...wish) });
    };
    expect(outcome(by()).code).toBe('PASSED');
    expect(ruleOf(by({ ceiling: '230.99' }))).toEqual(['consent_and_authority', 'delegation_ceiling']);
    expect(ruleOf(by({ categories: ['travel'] }))).toEqual(['consent_and_authority', 'delegation_scope']);
    const spent: Change = (facts) => {
      by()(facts);
      facts.delegationSpentMinor = 1n;
    };
    expect(ruleOf(spent)).toEqual(['consent_and_authority', 'delegation_budget']);
  });
});

describe('steps 5 and 6, settlement and risk', () => {
  it('tell why each rail does not suit', () => {
    const { details } = outcome(
      (facts) => (facts.rails = facts.rails.map((rail) => ({ ...rail, sellerAccepts: false }))),
    );
    expect(details).toMatchObject({
      step: 'settlement_compatibility',
      rule: 'no_common_rail',
      refused: [{ rail: 'rtp', reason: 'the seller cannot be paid over it' }],
      available: ['rtp'],
    });
    const notRun = outcome(
      (facts) => (facts.rails = facts.rails.map((rail) => ({ ...rail, operated: false }))),
    );
    expect(notRun.details).toMatchObject({
      rule: 'no_common_rail',
      refused: [{ rail: 'rtp', reason: 'it does not run here' }],
      available: [],
    });
  });

  it.each<[string, Change]>([
    ['buyer_agent_capacity', (facts) => (facts.buyer.agentCapacityMinor = 23_099n)],
    [
      'seller_agent_capacity',
      (facts) => Object.assign(sellerOf(facts), { agentCapacityMinor: 23_200n, agentExposureMinor: 101n }),
    ],
    ['buyer_principal_limit', (facts) => (facts.buyer.principalExposureUsdMinor = 500_000_000n)],
    [
      'seller_principal_limit',
      (facts) => (sellerOf(facts).principalExposureUsdMinor = 500_000_000n - 23_099n),
    ],
  ])('refuse by %s', (name, change) => {
    expect(ruleOf(change)).toEqual(['bilateral_risk', name]);
  });

  it('allow an exposure up to the very limit', () => {
    const full: Change = (facts) => {
      facts.buyer.agentCapacityMinor = 23_100n;
      sellerOf(facts).principalExposureUsdMinor = 500_000_000n - 23_100n;
    };
    expect(outcome(full).code).toBe('PASSED');
  });

  it('let a retail seller fund its margin from the sale, but nobody in b2b_trade', () => {
    const broke = (facts: GateFacts) =>
      Object.assign(sellerOf(facts), { freeCollateralMinor: 0n, canFundCall: false });
    expect(outcome(broke).code).toBe('PASSED');
    const trade: Change = (facts) => {
      broke(facts);
      facts.profile = PROFILES.b2b_trade;
    };
    expect(ruleOf(trade)).toEqual(['bilateral_risk', 'seller_margin']);
    const brokeBuyer: Change = (facts) => {
      facts.profile = PROFILES.b2b_trade;
      Object.assign(facts.buyer, { freeCollateralMinor: 1_154n, canFundCall: false });
    };
    expect(ruleOf(brokeBuyer)).toEqual(['bilateral_risk', 'buyer_margin']);
    const callable: Change = (facts) => {
      brokeBuyer(facts);
      facts.buyer.canFundCall = true;
    };
    expect(outcome(callable).code).toBe('PASSED');
  });
});
