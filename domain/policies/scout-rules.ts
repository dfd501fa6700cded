/** What scouts declare. */
export const SCOUT_RULES = `
@id("scout.max_price_usd.offer")
@side("scout") @field("max_price_usd")
@reason("The price is above the most that the buyer pays, or cannot be told in US dollars.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when { resource.scout has policy.max_price_usd_cents }
unless {
  context.offer has price_usd_cents &&
  context.offer.price_usd_cents <= resource.scout.policy.max_price_usd_cents
};

@id("scout.max_price_usd.commit")
@side("scout") @field("max_price_usd")
@reason("The total is above the most that the buyer pays, or cannot be told in US dollars.")
forbid (principal, action == Action::"commit", resource)
when { resource.scout has policy.max_price_usd_cents }
unless {
  context.deal has total_usd_cents &&
  context.deal.total_usd_cents <= resource.scout.policy.max_price_usd_cents
};

@id("scout.allowed_categories.matching")
@side("scout") @field("allowed_categories")
@reason("The buyer does not allow this category.")
forbid (principal, action == Action::"matching", resource)
when { resource.scout has policy.allowed_categories }
unless {
  resource.category_path.containsAny(resource.scout.policy.allowed_categories) ||
  (resource.scout has policy.allowed_categories_above &&
   resource.scout.policy.allowed_categories_above.contains(resource.category))
};

@id("scout.allowed_categories.offer")
@side("scout") @field("allowed_categories")
@reason("The buyer does not allow the product's category.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when { resource.scout has policy.allowed_categories }
unless { context.offer.category_path.containsAny(resource.scout.policy.allowed_categories) };

@id("scout.blocked_merchants")
@side("scout") @field("blocked_merchants")
@reason("The buyer does not deal with this merchant.")
forbid (principal, action, resource)
when {
  resource.scout has policy.blocked_merchants &&
  principal.names.containsAny(resource.scout.policy.blocked_merchants)
};

@id("scout.require_certifications.matching")
@side("scout") @field("require_certifications")
@reason("The merchant lacks a certification that the buyer requires.")
forbid (principal, action == Action::"matching", resource)
when {
  resource.scout has policy.require_certifications && principal has certifications &&
  !principal.certifications.containsAll(resource.scout.policy.require_certifications)
};

@id("scout.require_certifications.offer")
@side("scout") @field("require_certifications")
@reason("Neither the offer nor the merchant has every certification that the buyer requires.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when { resource.scout has policy.require_certifications }
unless { context.offer.certifications.containsAll(resource.scout.policy.require_certifications) };

@id("scout.auto_reject_below_reputation")
@side("scout") @field("auto_reject_below_reputation")
@reason("The merchant's reputation is below what the buyer asks for.")
forbid (principal, action, resource)
when {
  resource.scout has policy.auto_reject_below_reputation_bps &&
  principal.reputation_bps < resource.scout.policy.auto_reject_below_reputation_bps
};

@id("scout.ships_from.matching")
@side("scout") @field("geographic_restrictions.ships_from")
@reason("The merchant does not ship from where the buyer takes goods from.")
forbid (principal, action == Action::"matching", resource)
when {
  resource.scout has policy.ships_from && principal has ships_from &&
  !principal.ships_from.containsAny(resource.scout.policy.ships_from)
};

@id("scout.ships_from.offer")
@side("scout") @field("geographic_restrictions.ships_from")
@reason("The goods do not come from where the buyer takes goods from, or it is not said where they come from.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when { resource.scout has policy.ships_from }
unless {
  context.offer has ships_from && resource.scout.policy.ships_from.containsAll(context.offer.ships_from)
};

@id("scout.ships_to.session")
@side("scout") @field("geographic_restrictions.ships_to")
@reason("The buyer does not have goods sent there.")
forbid (principal, action, resource)
when {
  resource.scout has policy.ships_to && resource has ships_to &&
  !resource.scout.policy.ships_to.contains(resource.ships_to)
};

@id("scout.ships_to.beacon")
@side("scout") @field("geographic_restrictions.ships_to")
@reason("The merchant ships nowhere that the buyer has goods sent to.")
forbid (principal, action, resource)
when {
  resource.scout has policy.ships_to && principal has ships_to &&
  !principal.ships_to.containsAny(resource.scout.policy.ships_to)
};

@id("scout.ships_to.offer")
@side("scout") @field("geographic_restrictions.ships_to")
@reason("The offer is sent nowhere that the buyer has goods sent to.")
forbid (principal, action in [Action::"offer", Action::"commit"], resource)
when {
  resource.scout has policy.ships_to && context.offer has ships_to &&
  !context.offer.ships_to.containsAny(resource.scout.policy.ships_to)
};

@id("scout.ships_to.commit")
@side("scout") @field("geographic_restrictions.ships_to")
@reason("The shipping address is not where the buyer has goods sent to.")
forbid (principal, action == Action::"commit", resource)
when {
  resource.scout has policy.ships_to && context.deal has ships_to &&
  !resource.scout.policy.ships_to.contains(context.deal.ships_to)
};

@id("scout.consent_boundaries")
@side("scout") @field("consent_boundaries")
@reason("The consent goes beyond what the buyer's policies let it give.")
forbid (principal, action == Action::"commit", resource)
when {
  resource.scout has policy.consent_withheld &&
  context.deal.consent_given.containsAny(resource.scout.policy.consent_withheld)
};

@id("scout.allow_personalized_pricing")
@side("scout") @field("consent_boundaries.allow_personalized_pricing")
@reason("Others were offered the product for less within a day, and the buyer takes no price of its own.")
forbid (principal, action == Action::"offer", resource)
when {
  resource.scout has policy.allow_personalized_pricing && !resource.scout.policy.allow_personalized_pricing &&
  context.offer.dearer_than_to_others
};

@id("scout.constraints")
@side("scout") @field("constraints")
@reason("A hard constraint of the buyer's policies is not met.")
forbid (principal, action, resource)
when { !context.unmet.scout_constraints.isEmpty() };
`;
