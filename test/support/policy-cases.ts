/** For each declared policy: where it is enforced, and a market that meets it and one that does not. */
import type { PolicyPoint } from '../../domain/policies';
import { aDocument, beaconDeclares, scoutDeclares, type Change } from './policies';

type Case = [points: PolicyPoint[], policies: object, met: Change, violated: Change];

const as =
  (change: (document: ReturnType<typeof aDocument>) => void): Change =>
  (world) => {
    world.offer.document = aDocument(change);
  };
const untouched: Change = () => undefined;
const OFFERED: PolicyPoint[] = ['offer', 'commit'];
const ALL: PolicyPoint[] = ['matching', 'offer', 'commit'];

const SCOUT: Record<string, Case[]> = {
  max_price_usd: [
    [OFFERED, { max_price_usd: '349.99' }, untouched, as((it) => (it.pricing.offer_price = '350.00'))],
    // 300 EUR at 1.1 are 330 dollars.
    [
      OFFERED,
      { max_price_usd: 340 },
      (world) => {
        as((it) =>
          Object.assign(it.pricing, { currency: 'EUR', offer_price: '300.00', list_price: '300.00' }),
        )(world);
        world.offer.usdPerUnit = '1.1';
      },
      (world) => {
        as((it) =>
          Object.assign(it.pricing, { currency: 'EUR', offer_price: '300.00', list_price: '300.00' }),
        )(world);
        world.offer.usdPerUnit = undefined;
      },
    ],
    [['commit'], { max_price_usd: 700 }, (world) => (world.quantity = 2), (world) => (world.quantity = 3)],
  ],
  allowed_categories: [
    [
      ['matching'],
      { allowed_categories: ['electronics.headphones'] },
      // A wider request may still be answered with headphones.
      (world) => (world.session.category = 'electronics'),
      (world) => (world.session.category = 'electronics.cameras'),
    ],
    [
      OFFERED,
      { allowed_categories: ['electronics.headphones', 'home'] },
      untouched,
      as((it) => (it.product.category = 'electronics.cameras')),
    ],
  ],
  blocked_merchants: [
    [
      ALL,
      { blocked_merchants: ['bcn_2', 'other.example.com'] },
      untouched,
      (world) => (world.beacon.id = 'bcn_2'),
    ],
    [
      ALL,
      { blocked_merchants: ['ACME.example.com'] },
      (world) => (world.beacon.merchantDomain = null),
      untouched,
    ],
    [ALL, { blocked_merchants: ['prn_1'] }, (world) => (world.beacon.principalId = 'prn_2'), untouched],
  ],
  require_certifications: [
    [
      ['matching'],
      { require_certifications: ['ssl_verified'] },
      untouched,
      (world) => {
        beaconDeclares({ certifications: ['ce_mark'] })(world);
        world.beacon.webhookUrl = null;
      },
    ],
    [
      OFFERED,
      { require_certifications: ['CE_Mark', 'ssl_verified'] },
      untouched,
      (world) => (world.beacon.webhookUrl = null),
    ],
    [
      OFFERED,
      { require_certifications: ['b_corp'] },
      beaconDeclares({ certifications: ['b_corp'] }),
      as((it) => (it.certifications = ['ce_mark'])),
    ],
  ],
  auto_reject_below_reputation: [
    [ALL, { auto_reject_below_reputation: '60.5' }, untouched, (world) => (world.beacon.reputation = 60.49)],
  ],
  'geographic_restrictions.ships_from': [
    [
      ['matching'],
      { geographic_restrictions: { ships_from: ['US', 'CA', 'UK'] } },
      beaconDeclares({ ships_from: ['GB', 'CN'] }),
      beaconDeclares({ ships_from: ['CN'] }),
    ],
    [
      OFFERED,
      { geographic_restrictions: { ships_from: ['US', 'CA', 'UK'] } },
      as((it) => (it.availability.ships_from = 'GB')),
      as((it) => (it.availability.ships_from = 'CN')),
    ],
    [
      OFFERED,
      { geographic_restrictions: { ships_from: ['US'] } },
      (world) => {
        as((it) => delete it.availability.ships_from)(world);
        beaconDeclares({ ships_from: ['US'] })(world);
      },
      // Nobody says where it comes from.
      as((it) => delete it.availability.ships_from),
    ],
  ],
  'geographic_restrictions.ships_to': [
    [
      ['matching'],
      { geographic_restrictions: { ships_to: ['US'] } },
      untouched,
      (world) => (world.session.constraints = { hard: { ships_to: 'CA' } }),
    ],
    [
      ALL,
      { geographic_restrictions: { ships_to: ['US'] } },
      (world) => (world.beacon.shipsTo = ['CA', 'US']),
      (world) => (world.beacon.shipsTo = ['CA']),
    ],
    [
      OFFERED,
      { geographic_restrictions: { ships_to: ['US'] } },
      untouched,
      as((it) => (it.availability.ships_to = ['CA'])),
    ],
    [
      ['commit'],
      { geographic_restrictions: { ships_to: ['US'] } },
      untouched,
      (world) => (world.shipTo = 'CA'),
    ],
  ],
  consent_boundaries: [
    [
      ['commit'],
      { consent_boundaries: { share_purchase_history: false, marketing_opt_in: false } },
      untouched,
      (world) => (world.consent = { ...world.consent, marketing_opt_in: true }),
    ],
    [
      ['commit'],
      { consent_boundaries: { share_behavioral_data: true, share_purchase_history: false } },
      (world) => (world.consent = { ...world.consent, share_behavioral_data: true }),
      (world) => (world.consent = { ...world.consent, share_purchase_history: true }),
    ],
  ],
  'consent_boundaries.allow_personalized_pricing': [
    [
      ['offer'],
      { consent_boundaries: { allow_personalized_pricing: false } },
      untouched,
      (world) => (world.offer.dearerThanToOthers = true),
    ],
  ],
  constraints: [
    [
      ['matching'],
      { constraints: { hard: { category: 'electronics' } } },
      untouched,
      (world) => (world.session.category = 'garden'),
    ],
    [
      OFFERED,
      { constraints: { hard: { excluded_brands: ['Sony'] } } },
      as((it) => (it.product.structured_attributes = { brand: 'Bose' })),
      untouched,
    ],
  ],
};

const BEACON: Record<string, Case[]> = {
  min_order_value_usd: [
    [
      ['matching'],
      { min_order_value_usd: 400 },
      untouched,
      (world) => (world.session.constraints = { hard: { price_max: '399.99', currency: 'USD' } }),
    ],
    [
      ['offer'],
      { min_order_value_usd: 25 },
      untouched,
      as((it) => Object.assign(it.pricing, { offer_price: '24.99' })),
    ],
    [['commit'], { min_order_value_usd: 400 }, (world) => (world.quantity = 2), untouched],
    [['commit'], { min_order_value_usd: 25 }, untouched, (world) => (world.offer.usdPerUnit = undefined)],
  ],
  max_discount_percentage: [
    // 50.00 of 399.99 are 12.5003 %.
    [
      ['offer'],
      { max_discount_percentage: '12.51' },
      untouched,
      as((it) => (it.pricing.list_price = '400.10')),
    ],
    [['offer'], { max_discount_percentage: '12.5' }, as((it) => delete it.pricing.list_price), untouched],
  ],
  allowed_shipping_regions: [
    [
      ['matching'],
      { allowed_shipping_regions: ['US', 'CA'] },
      untouched,
      (world) => (world.session.constraints = { hard: { ships_to: 'MX' } }),
    ],
    [
      ['offer'],
      { allowed_shipping_regions: ['US', 'CA'] },
      as((it) => (it.availability.ships_to = ['US', 'CA'])),
      as((it) => (it.availability.ships_to = ['US', 'MX'])),
    ],
    [['commit'], { allowed_shipping_regions: ['US', 'CA'] }, untouched, (world) => (world.shipTo = 'MX')],
  ],
  require_scout_reputation_above: [
    [
      ALL,
      { require_scout_reputation_above: 40 },
      (world) => (world.scout.reputation = 40.01),
      (world) => (world.scout.reputation = 40),
    ],
  ],
  inventory_reserve_percentage: [
    // A tenth of 45 is kept back: 40 pieces can be sold.
    [
      ['offer'],
      { inventory_reserve_percentage: 10 },
      (world) => (world.session.constraints = { hard: { quantity: 40 } }),
      (world) => (world.session.constraints = { hard: { quantity: 41 } }),
    ],
    [
      ['commit'],
      { inventory_reserve_percentage: 10 },
      (world) => (world.quantity = 40),
      (world) => (world.quantity = 41),
    ],
  ],
  'pricing_boundaries.allow_dynamic_pricing': [
    [
      ['offer'],
      { pricing_boundaries: { allow_dynamic_pricing: false } },
      as((it) => (it.pricing.offer_price = '399.99')),
      untouched,
    ],
  ],
  'pricing_boundaries.max_price_variation_percentage': [
    [
      ['offer'],
      { pricing_boundaries: { allow_dynamic_pricing: true, max_price_variation_percentage: 15 } },
      untouched,
      as((it) => (it.pricing.offer_price = '460.00')),
    ],
  ],
  'pricing_boundaries.honor_competitor_pricing': [
    [
      ['offer'],
      { pricing_boundaries: { honor_competitor_pricing: false } },
      untouched,
      as((it) => (it.terms = { price_match: true })),
    ],
    [
      ['offer'],
      { pricing_boundaries: { honor_competitor_pricing: true } },
      as((it) => (it.terms = { price_match: true })),
      as((it) => (it.terms = { price_match: false })),
    ],
  ],
  'fulfillment_constraints.max_delivery_days': [
    [
      ['offer'],
      { fulfillment_constraints: { max_delivery_days: 5 } },
      untouched,
      as((it) => (it.availability.delivery_estimate_days = { min: 2, max: 6 })),
    ],
    [
      ['commit'],
      { fulfillment_constraints: { max_delivery_days: 5 } },
      untouched,
      as((it) => it.availability.shipping_options?.shift()),
    ],
  ],
  'fulfillment_constraints.require_signature': [
    [
      OFFERED,
      { fulfillment_constraints: { require_signature: true } },
      untouched,
      as((it) => (it.terms = { signature_required: false })),
    ],
  ],
  'fulfillment_constraints.insurance_threshold_usd': [
    [
      OFFERED,
      { fulfillment_constraints: { insurance_threshold_usd: '349.99' } },
      as((it) => (it.terms = { insured: true })),
      as((it) => (it.terms = { insured: false })),
    ],
    [
      ['commit'],
      { fulfillment_constraints: { insurance_threshold_usd: 500 } },
      as((it) => (it.terms = { insured: false })),
      (world) => {
        as((it) => (it.terms = { insured: false }))(world);
        world.quantity = 2;
      },
    ],
  ],
  constraints: [
    [
      ['matching'],
      { constraints: { hard: { ships_to: 'US' } } },
      untouched,
      (world) => (world.session.constraints = { hard: { ships_to: 'CA' } }),
    ],
    [
      ['offer'],
      { constraints: { hard: { price_max: '350', currency: 'USD' } } },
      untouched,
      as((it) => (it.pricing.offer_price = '351.00')),
    ],
  ],
};

const cases = (side: string, declare: (policies: object) => Change, fields: Record<string, Case[]>) =>
  Object.entries(fields).flatMap(([field, all]) =>
    all.flatMap(([points, policies, met, violated]) =>
      points.map((point) => ({ side, field, point, declared: declare(policies), met, violated })),
    ),
  );
export const ENFORCED = [...cases('scout', scoutDeclares, SCOUT), ...cases('beacon', beaconDeclares, BEACON)];
