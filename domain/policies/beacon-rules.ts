/** What beacons declare. Their prices are judged when they offer: an offer is not taken back by a new policy. */
export const BEACON_RULES = `
@id("beacon.min_order_value_usd.matching")
@side("beacon") @field("min_order_value_usd")
@reason("The request's price ceiling is below the smallest order that the merchant takes.")
forbid (principal, action == Action::"matching", resource)
when {
  principal has policy.min_order_value_usd_cents && resource has order_max_usd_cents &&
  resource.order_max_usd_cents < principal.policy.min_order_value_usd_cents
};

@id("beacon.min_order_value_usd.offer")
@side("beacon") @field("min_order_value_usd")
@reason("The quantity asked for comes to less than the smallest order that the merchant takes.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.min_order_value_usd_cents && context.offer has order_usd_cents &&
  context.offer.order_usd_cents < principal.policy.min_order_value_usd_cents
};

@id("beacon.min_order_value_usd.commit")
@side("beacon") @field("min_order_value_usd")
@reason("The order is smaller than the merchant takes, or cannot be told in US dollars.")
forbid (principal, action == Action::"commit", resource)
when { principal has policy.min_order_value_usd_cents }
unless {
  context.deal has subtotal_usd_cents &&
  context.deal.subtotal_usd_cents >= principal.policy.min_order_value_usd_cents
};

@id("beacon.max_discount_percentage")
@side("beacon") @field("max_discount_percentage")
@reason("The discount on the list price is more than the merchant gives.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.max_discount_bps && context.offer has discount_bps &&
  context.offer.discount_bps > principal.policy.max_discount_bps
};

@id("beacon.allowed_shipping_regions.matching")
@side("beacon") @field("allowed_shipping_regions")
@reason("The merchant does not ship there.")
forbid (principal, action, resource)
when {
  principal has policy.allowed_shipping_regions && resource has ships_to &&
  !principal.policy.allowed_shipping_regions.contains(resource.ships_to)
};

@id("beacon.allowed_shipping_regions.offer")
@side("beacon") @field("allowed_shipping_regions")
@reason("The offer names a country that the merchant does not ship to.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.allowed_shipping_regions && context.offer has ships_to &&
  !principal.policy.allowed_shipping_regions.containsAll(context.offer.ships_to)
};

@id("beacon.allowed_shipping_regions.commit")
@side("beacon") @field("allowed_shipping_regions")
@reason("The merchant does not ship to the address.")
forbid (principal, action == Action::"commit", resource)
when {
  principal has policy.allowed_shipping_regions && context.deal has ships_to &&
  !principal.policy.allowed_shipping_regions.contains(context.deal.ships_to)
};

@id("beacon.require_scout_reputation_above")
@side("beacon") @field("require_scout_reputation_above")
@reason("The buyer's reputation is not above what the merchant asks for.")
forbid (principal, action, resource)
when {
  principal has policy.require_scout_reputation_above_bps &&
  resource.scout.reputation_bps <= principal.policy.require_scout_reputation_above_bps
};

@id("beacon.inventory_reserve_percentage.offer")
@side("beacon") @field("inventory_reserve_percentage")
@reason("The stock without the merchant's reserve does not cover the quantity.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.inventory_reserve_bps && context.offer has quantity_available &&
  context.offer.least_quantity * 10000 >
    context.offer.quantity_available * (10000 - principal.policy.inventory_reserve_bps)
};

@id("beacon.inventory_reserve_percentage.commit")
@side("beacon") @field("inventory_reserve_percentage")
@reason("The quantity reaches into the merchant's reserve.")
forbid (principal, action == Action::"commit", resource)
when {
  principal has policy.inventory_reserve_bps && context.offer has quantity_available &&
  context.deal.quantity * 10000 >
    context.offer.quantity_available * (10000 - principal.policy.inventory_reserve_bps)
};

@id("beacon.allow_dynamic_pricing")
@side("beacon") @field("pricing_boundaries.allow_dynamic_pricing")
@reason("The merchant sells at its list price only.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.allow_dynamic_pricing && !principal.policy.allow_dynamic_pricing &&
  context.offer has variation_bps && context.offer.variation_bps > 0
};

@id("beacon.max_price_variation_percentage")
@side("beacon") @field("pricing_boundaries.max_price_variation_percentage")
@reason("The price lies further from the list price than the merchant lets it.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.max_price_variation_bps && context.offer has variation_bps &&
  context.offer.variation_bps > principal.policy.max_price_variation_bps
};

@id("beacon.honor_competitor_pricing")
@side("beacon") @field("pricing_boundaries.honor_competitor_pricing")
@reason("The offer's terms on matching competitors' prices are not those of the merchant.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.honor_competitor_pricing && context.offer has price_match &&
  context.offer.price_match != principal.policy.honor_competitor_pricing
};

@id("beacon.max_delivery_days.offer")
@side("beacon") @field("fulfillment_constraints.max_delivery_days")
@reason("Delivery takes longer than the merchant lets it.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.max_delivery_days && context.offer has delivery_days_max &&
  context.offer.delivery_days_max > principal.policy.max_delivery_days
};

@id("beacon.max_delivery_days.commit")
@side("beacon") @field("fulfillment_constraints.max_delivery_days")
@reason("The chosen shipping takes longer than the merchant lets it.")
forbid (principal, action == Action::"commit", resource)
when {
  principal has policy.max_delivery_days && context.deal has delivery_days_max &&
  context.deal.delivery_days_max > principal.policy.max_delivery_days
};

@id("beacon.require_signature")
@side("beacon") @field("fulfillment_constraints.require_signature")
@reason("The merchant delivers against a signature, and the offer's terms say that none is asked for.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when {
  principal has policy.require_signature && principal.policy.require_signature &&
  context.offer has signature_required && !context.offer.signature_required
};

@id("beacon.insurance_threshold_usd.offer")
@side("beacon") @field("fulfillment_constraints.insurance_threshold_usd")
@reason("The merchant insures orders of this value, and the offer's terms say that they are not insured.")
forbid (principal, action == Action::"offer", resource)
when {
  principal has policy.insurance_threshold_usd_cents && context.offer has insured && !context.offer.insured &&
  context.offer has price_usd_cents &&
  context.offer.price_usd_cents >= principal.policy.insurance_threshold_usd_cents
};

@id("beacon.insurance_threshold_usd.commit")
@side("beacon") @field("fulfillment_constraints.insurance_threshold_usd")
@reason("The merchant insures orders of this value, and the deal's terms say that it is not insured.")
forbid (principal, action == Action::"commit", resource)
when {
  principal has policy.insurance_threshold_usd_cents && context.offer has insured && !context.offer.insured
}
unless {
  context.deal has subtotal_usd_cents &&
  context.deal.subtotal_usd_cents < principal.policy.insurance_threshold_usd_cents
};

@id("beacon.constraints")
@side("beacon") @field("constraints")
@reason("A hard constraint of the merchant's own policies is not met.")
forbid (principal, action in [Action::"matching", Action::"offer"], resource)
when { !context.unmet.beacon_constraints.isEmpty() };
`;
