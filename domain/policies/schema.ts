/**
 * The Cedar schema that decisions are made under: rules of the house and operators' code alike. A beacon acts, on a
 * session. Amounts are whole US cents, rounded up; reputations and percentages are hundredths of a point (`bps`).
 */
export const POLICY_SCHEMA = `
/// What a scout declared of itself.
type ScoutPolicy = {
  max_price_usd_cents?: Long,
  allowed_categories?: Set<String>,
  /// The categories that an allowed one lies within.
  allowed_categories_above?: Set<String>,
  blocked_merchants?: Set<String>,
  require_certifications?: Set<String>,
  auto_reject_below_reputation_bps?: Long,
  ships_from?: Set<String>,
  ships_to?: Set<String>,
  /// Consents that may not be given.
  consent_withheld?: Set<String>,
  allow_personalized_pricing?: Bool,
};

/// What a beacon declared of itself.
type BeaconPolicy = {
  min_order_value_usd_cents?: Long,
  max_discount_bps?: Long,
  allowed_shipping_regions?: Set<String>,
  require_scout_reputation_above_bps?: Long,
  inventory_reserve_bps?: Long,
  allow_dynamic_pricing?: Bool,
  max_price_variation_bps?: Long,
  honor_competitor_pricing?: Bool,
  max_delivery_days?: Long,
  require_signature?: Bool,
  insurance_threshold_usd_cents?: Long,
};

entity Scout {
  id: String,
  trust_level: String,
  reputation_bps: Long,
  policy?: ScoutPolicy,
};

entity Beacon {
  id: String,
  /// Its own id, its principal's, and its domain.
  names: Set<String>,
  trust_level: String,
  reputation_bps: Long,
  verification_status: String,
  categories: Set<String>,
  capabilities: Set<String>,
  /// Absent where it ships everywhere.
  ships_to?: Set<String>,
  ships_from?: Set<String>,
  certifications?: Set<String>,
  policy?: BeaconPolicy,
};

entity Session {
  id: String,
  scout: Scout,
  profile: String,
  category: String,
  /// The category and all that it lies within: electronics, electronics.headphones.
  category_path: Set<String>,
  ships_to?: String,
  quantity?: Long,
  price_max_usd_cents?: Long,
  /// The price ceiling times the quantity; absent without a ceiling.
  order_max_usd_cents?: Long,
};

type Offer = {
  product_id: String,
  brand?: String,
  condition: String,
  category: String,
  category_path: Set<String>,
  currency: String,
  /// Of one piece; absent where no daily rate is stored.
  price_usd_cents?: Long,
  /// Of the quantity that was asked for; absent where none was.
  order_usd_cents?: Long,
  discount_bps?: Long,
  /// How far the price lies from the list price, either way.
  variation_bps?: Long,
  dearer_than_to_others: Bool,
  /// The offer's own and the merchant's.
  certifications: Set<String>,
  ships_from?: Set<String>,
  ships_to?: Set<String>,
  in_stock: Bool,
  quantity_available?: Long,
  /// The smallest quantity that serves the session.
  least_quantity: Long,
  delivery_days_max?: Long,
  /// From the offer's terms, where they say so.
  signature_required?: Bool,
  insured?: Bool,
  price_match?: Bool,
};

type Deal = {
  quantity: Long,
  subtotal_usd_cents?: Long,
  total_usd_cents?: Long,
  ships_to?: String,
  delivery_days_max?: Long,
  /// Consents that were given.
  consent_given: Set<String>,
};

/// Declared constraints that are not met, by their names.
type Unmet = { scout_constraints: Set<String>, beacon_constraints: Set<String> };

action "matching" appliesTo { principal: [Beacon], resource: [Session], context: { unmet: Unmet } };
action "offer" appliesTo { principal: [Beacon], resource: [Session], context: { unmet: Unmet, offer: Offer } };
action "commit" appliesTo {
  principal: [Beacon],
  resource: [Session],
  context: { unmet: Unmet, offer: Offer, deal: Deal }
};
`;
