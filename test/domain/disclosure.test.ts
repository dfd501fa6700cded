import fc from 'fast-check';
import type { Constraints } from '../../domain/constraints';
import { projectRequest } from '../../domain/market/projection';
import { PROFILE_IDS, type ProfileId } from '../../domain/profiles';
import {
  DISCLOSURE_FIELDS,
  DISCLOSURE_PHASES,
  DISCLOSURE_TIERS,
  disclosureTier,
  quantityBand,
} from '../../domain/profiles/disclosure';

const BEFORE_T19 = ['browse', 'offer', 'commit'] as const;

describe('disclosure', () => {
  it('has five tiers and a tier for every field in every phase', () => {
    expect([...DISCLOSURE_TIERS]).toEqual(['withheld', 'generalised', 'banded', 'pseudonymous', 'full']);
    expect([...DISCLOSURE_PHASES]).toEqual(['browse', 'offer', 'commit', 'clear', 'post_trade']);
    for (const profile of PROFILE_IDS)
      for (const field of DISCLOSURE_FIELDS)
        for (const phase of DISCLOSURE_PHASES)
          expect(DISCLOSURE_TIERS).toContain(disclosureTier(profile, field, phase));
  });

  it.each([
    'buyer_identity',
    'shipping_address',
    'raw_intent',
    'ideal_price_range',
    'behavioural_signals',
    'purchase_history',
  ] as const)('withholds %s before T19', (field) => {
    for (const profile of PROFILE_IDS)
      for (const phase of BEFORE_T19) expect(disclosureTier(profile, field, phase)).toBe('withheld');
  });

  it.each(['category', 'hard_constraints', 'wanted_features', 'brands', 'country'] as const)(
    'shows %s in full',
    (field) => {
      for (const profile of PROFILE_IDS)
        for (const phase of BEFORE_T19) expect(disclosureTier(profile, field, phase)).toBe('full');
    },
  );

  it('generalises the region, and bands the quantity in retail', () => {
    for (const phase of BEFORE_T19) {
      expect(disclosureTier('retail', 'region', phase)).toBe('generalised');
      expect(disclosureTier('retail', 'quantity', phase)).toBe('banded');
      expect(disclosureTier('b2b_trade', 'quantity', phase)).toBe('full');
    }
  });

  it('opens identity and address with T19, and never what the buyer would have paid', () => {
    expect(disclosureTier('retail', 'buyer_identity', 'clear')).toBe('full');
    expect(disclosureTier('retail', 'shipping_address', 'post_trade')).toBe('full');
    for (const field of [
      'raw_intent',
      'ideal_price_range',
      'behavioural_signals',
      'purchase_history',
    ] as const)
      for (const phase of DISCLOSURE_PHASES) expect(disclosureTier('retail', field, phase)).toBe('withheld');
  });

  it('puts every quantity into one band that holds it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (quantity) => {
        const { min, max } = quantityBand(quantity);
        expect(quantity).toBeGreaterThanOrEqual(min);
        if (max !== null) expect(quantity).toBeLessThanOrEqual(max);
        expect(quantityBand(min)).toEqual({ min, max });
      }),
    );
    expect([1, 2, 5, 6, 20, 21, 100, 101].map((quantity) => quantityBand(quantity).min)).toEqual([
      1, 2, 2, 6, 6, 21, 21, 101,
    ]);
  });
});

describe('the projection sellers see', () => {
  const constraints: Constraints = {
    hard: { category: 'electronics', price_max: '400.00', currency: 'USD', quantity: 3, ships_to: 'US' },
    soft: {
      price_range: { min: '180.00', max: '247.00' },
      brands: { preferred: ['Sony'] },
      features_preferred: ['bluetooth'],
      certifications_preferred: ['energy_star'],
    },
  };
  const project = (profile: ProfileId) =>
    projectRequest('ses_1', profile, {
      requestId: 'req_1',
      category: 'electronics',
      constraints,
      context: { content: 'over-ear headphones', language: 'en' },
      entities: [{ type: 'location', value: 'Wichita', confidence: 0.9 }],
    });

  it('has the maximum price, brands and features, but not the ideal range', () => {
    const { structured_requirements: shown } = project('retail').interpreted_request;
    expect(shown).toEqual({
      category: 'electronics',
      hard_constraints: {
        category: 'electronics',
        price_max: '400.00',
        currency: 'USD',
        ships_to: 'US',
        quantity_band: { min: 2, max: 5 },
      },
      soft_preferences: {
        brands: { preferred: ['Sony'] },
        features_preferred: ['bluetooth'],
        certifications_preferred: ['energy_star'],
      },
    });
    for (const profile of PROFILE_IDS) {
      const text = JSON.stringify(project(profile));
      expect(text).not.toMatch(/180|247|Wichita|price_range/);
    }
  });

  it('has the exact quantity outside of retail', () => {
    const { structured_requirements: shown } = project('b2b_trade').interpreted_request;
    expect(shown.hard_constraints).toMatchObject({ quantity: 3 });
    expect(shown.hard_constraints).not.toHaveProperty('quantity_band');
  });
});
