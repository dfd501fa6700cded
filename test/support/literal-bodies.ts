/** The bodies of protocol 1.0.0's examples, as they stand in its text. */
import { literalId, type Body } from './literal-client';

export const SCOUT: Body = {
  agent_name: 'MyShoppingAssistant',
  agent_version: '1.0.0',
  platform: 'ios',
  capabilities: ['natural_language', 'transaction_commit'],
  contact_email: 'developer@example.com',
};

/** Without the example's webhook: it polls. */
export const BEACON: Body = {
  agent_name: 'AcmeStoreBeacon',
  agent_version: '2.1.0',
  merchant_name: 'Acme Electronics',
  merchant_domain: 'acme.example.com',
  categories: ['electronics', 'home_appliances'],
  capabilities: ['offers', 'inventory_check', 'dynamic_pricing'],
  contact_email: 'integrations@acme.example.com',
};

export const SCOUT_POLICIES = {
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
};

export const BEACON_POLICIES = {
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
};

export const PERIOD = { effective_from: '2026-01-14T00:00:00Z', effective_until: null };

export const SCOUT_CAPABILITIES = {
  supported_methods: [
    { type: 'x402', facilitators: ['stripe', 'square'], currencies: ['USD', 'EUR', 'GBP'] },
    { type: 'card', networks: ['visa', 'mastercard', 'amex'], tokenization_provider: 'stripe' },
    { type: 'bank_transfer', regions: ['US'], networks: ['ach'] },
    { type: 'crypto', currencies: ['USDC', 'USDT'], networks: ['ethereum', 'polygon'] },
  ],
  preferred_method: 'x402',
  default_currency: 'USD',
};

export const BEACON_CAPABILITIES = {
  accepted_methods: [
    { type: 'x402', facilitators: ['stripe'], currencies: ['USD', 'EUR'] },
    { type: 'card', networks: ['visa', 'mastercard', 'amex', 'discover'], processor: 'stripe' },
  ],
  preferred_method: 'x402',
  settlement_currency: 'USD',
  payout_schedule: 'daily',
};

export const QUERY: Body = {
  natural_language_query:
    'I need wireless headphones for my daily commute. Noise cancellation is important because the train is loud. ' +
    "Budget around $300-400. I've had good experiences with Sony before but open to other brands.",
  structured_hints: {
    category_hint: 'electronics.headphones',
    price_range_usd: { min: 300, max: 400 },
    required_features: ['noise_cancellation', 'wireless'],
  },
  context: {
    use_case: 'daily_commute',
    previous_purchases: ['sct_txn_prev123'],
    location: { country: 'US', region: 'CA' },
  },
  preferences: { max_offers: 10, offer_timeout_seconds: 30, include_reputation_data: true },
};

/** Far enough away for the example's offer to be valid whenever this runs. */
const VALID_UNTIL = '2099-01-14T22:00:00Z';

export const VARIANTS = [
  { color: 'black', price: 349.99 },
  { color: 'silver', price: 359.99 },
];

/**
 * The example's offer, one for each variant. Beyond it stand `ships_from`, which the example's buyer asks for in its
 * policies, and no `price_match`, which the example's seller rules out in its own.
 */
export const exampleOffers = () =>
  VARIANTS.map(({ color, price }) => ({
    offer_id: literalId('ofr'),
    product: {
      product_id: `prod_sony_wh1000xm5_${color}`,
      name: 'Sony WH-1000XM5 Wireless Noise Canceling Headphones',
      category: 'electronics.headphones.over_ear',
      structured_attributes: {
        brand: 'Sony',
        model: 'WH-1000XM5',
        color,
        connectivity: 'bluetooth_5.2',
        features: ['noise_cancellation', 'wireless', 'foldable', 'multipoint', 'speak_to_chat'],
        battery_hours: 30,
        weight_grams: 250,
        driver_size_mm: 30,
      },
      natural_language_description: {
        content: 'Our flagship noise-canceling headphones, perfect for commuters who demand the best.',
        language: 'en',
      },
      images: [{ url: 'https://cdn.example.com/img/wh1000xm5.jpg', type: 'primary' }],
    },
    pricing: {
      currency: 'USD',
      list_price: 399.99,
      offer_price: price,
      discount_percentage: 12.5,
      price_valid_until: VALID_UNTIL,
      price_rationale: 'Loyal customer appreciation pricing',
    },
    availability: {
      in_stock: true,
      quantity_available: 45,
      estimated_ship_date: '2026-01-15',
      delivery_estimate_days: { min: 2, max: 5 },
      shipping_options: [
        { method: 'standard', days: '3-5', price_usd: 0 },
        { method: 'express', days: '1-2', price_usd: 14.99 },
      ],
      ships_from: 'US',
    },
    terms: {
      return_policy: '30-day free returns, no questions asked',
      warranty: '1-year manufacturer warranty, extendable',
    },
    valid_until: VALID_UNTIL,
  }));

export const BEACON_METADATA = {
  merchant_name: 'Acme Electronics',
  merchant_url: 'https://acme-electronics.example.com',
  support_email: 'support@acme-electronics.example.com',
  certifications: ['bbb_accredited', 'google_trusted_store', 'ssl_verified'],
};

export const exampleCommit = (offerId: string, paymentMethod: Body): Body => ({
  offer_id: offerId,
  quantity: 1,
  shipping_preference: 'standard',
  buyer_identity: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+1-555-123-4567' },
  shipping_address: {
    line1: '123 Main Street',
    line2: 'Apt 4B',
    city: 'San Francisco',
    state: 'CA',
    postal_code: '94102',
    country: 'US',
  },
  payment_method: paymentMethod,
  consent: {
    share_identity_with_merchant: true,
    share_email_for_order_updates: true,
    share_phone_for_delivery: true,
    marketing_opt_in: false,
    consent_timestamp: new Date().toISOString(),
    consent_method: 'explicit_user_action',
  },
});
