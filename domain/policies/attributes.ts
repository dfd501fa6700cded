/** The facts of a decision as Cedar's entities and context. */
import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { usdMinor } from '../clearing/exposure';
import type { Constraints } from '../constraints';
import { hardViolations, withinCategory } from '../market/constraint-check';
import type { OfferDocument } from '../market/offer';
import { divideUp, exponentOf, parseMoney } from '../money';
import { CONSENT_BOUNDARIES, type BeaconPolicies, type ScoutPolicies } from './declared';
import type { BeaconSubject, DealSubject, DecisionRequest, OfferSubject, SessionSubject } from './decision';

type Attributes = Record<string, CedarValueJson>;

/** A million millions: above every limit that can be declared, and far from where Cedar's integers end. */
const LONG_MAX = 10n ** 14n;

function long(value: bigint): number {
  return Number(value > LONG_MAX ? LONG_MAX : value);
}

/** Without what is unknown. */
function known(attributes: Record<string, CedarValueJson | undefined>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, CedarValueJson] => entry[1] !== undefined),
  );
}

const usdCents = (decimal: string | undefined) =>
  decimal === undefined ? undefined : long(parseMoney(decimal, 'USD').amountMinor);
/** Hundredths of a point. Read as money of two decimal places, which it looks like. */
const bps = usdCents;
const reputationBps = (points: number) => Math.floor(Math.round(points * 10_000) / 100);
const set = (values: readonly string[] | undefined) => values && [...new Set(values)];
const nonEmpty = (values: readonly string[]) => (values.length > 0 ? set(values) : undefined);

export function entitiesOf(request: DecisionRequest): EntityJson[] {
  const { scout, beacon, session } = request;
  return [
    entity('Scout', scout.id, {
      id: scout.id,
      trust_level: scout.trust,
      reputation_bps: reputationBps(scout.reputation),
      policy: scout.declared && scoutPolicy(scout.declared.policies),
    }),
    entity('Beacon', beacon.id, {
      id: beacon.id,
      names: namesOf(beacon),
      trust_level: beacon.trust,
      reputation_bps: reputationBps(beacon.reputation),
      verification_status: beacon.verificationStatus,
      categories: set(beacon.categories),
      capabilities: set(beacon.capabilities),
      ships_to: nonEmpty(beacon.shipsTo),
      ships_from: set(beacon.declared?.policies.ships_from),
      certifications: beacon.declared?.policies.certifications && certificationsOf(beacon),
      policy: beacon.declared && beaconPolicy(beacon.declared.policies),
    }),
    entity('Session', session.id, sessionAttributes(session, scout.id)),
  ];
}

function entity(type: string, id: string, attrs: Record<string, CedarValueJson | undefined>): EntityJson {
  return { uid: { type, id }, attrs: known(attrs), parents: [] };
}

function namesOf({ id, principalId, merchantDomain }: BeaconSubject): string[] {
  return [id, principalId, ...(merchantDomain ? [merchantDomain.toLowerCase()] : [])];
}

/** What AURA knows of the merchant: what it states, and that it is reached over TLS. */
function certificationsOf({ declared, webhookUrl }: BeaconSubject): string[] {
  const overTls = webhookUrl?.startsWith('https://') ? ['ssl_verified'] : [];
  return [...new Set([...(declared?.policies.certifications ?? []), ...overTls].map(folded))];
}

const folded = (name: string) => name.toLowerCase();

function scoutPolicy(policies: ScoutPolicies): Attributes {
  const { allowed_categories: allowed, geographic_restrictions, consent_boundaries } = policies;
  return known({
    max_price_usd_cents: usdCents(policies.max_price_usd),
    allowed_categories: set(allowed),
    allowed_categories_above: set(allowed?.flatMap((category) => pathOf(category).slice(0, -1))),
    blocked_merchants: set(
      policies.blocked_merchants?.flatMap((merchant) => [merchant, merchant.toLowerCase()]),
    ),
    require_certifications: set(policies.require_certifications?.map(folded)),
    auto_reject_below_reputation_bps: bps(policies.auto_reject_below_reputation),
    ships_from: set(geographic_restrictions?.ships_from),
    ships_to: set(geographic_restrictions?.ships_to),
    consent_withheld:
      consent_boundaries && CONSENT_BOUNDARIES.filter((name) => consent_boundaries[name] === false),
    allow_personalized_pricing: consent_boundaries?.allow_personalized_pricing,
  });
}

function beaconPolicy(policies: BeaconPolicies): Attributes {
  const { pricing_boundaries: pricing, fulfillment_constraints: fulfilment } = policies;
  return known({
    min_order_value_usd_cents: usdCents(policies.min_order_value_usd),
    max_discount_bps: bps(policies.max_discount_percentage),
    allowed_shipping_regions: set(policies.allowed_shipping_regions),
    require_scout_reputation_above_bps: bps(policies.require_scout_reputation_above),
    inventory_reserve_bps: bps(policies.inventory_reserve_percentage),
    allow_dynamic_pricing: pricing?.allow_dynamic_pricing,
    max_price_variation_bps: bps(pricing?.max_price_variation_percentage),
    honor_competitor_pricing: pricing?.honor_competitor_pricing,
    max_delivery_days: fulfilment?.max_delivery_days,
    require_signature: fulfilment?.require_signature,
    insurance_threshold_usd_cents: usdCents(fulfilment?.insurance_threshold_usd),
  });
}

/** A category and all that it lies within, the widest first. */
function pathOf(category: string): string[] {
  const parts = category.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** An amount in US cents; undefined where no daily rate is stored. */
function inUsd(amountMinor: bigint, asset: string, usdPerUnit: string | undefined): number | undefined {
  if (usdPerUnit === undefined) return undefined;
  return long(usdMinor({ amountMinor, exponent: exponentOf(asset), usdPerUnit }));
}

function sessionAttributes(session: SessionSubject, scoutId: string) {
  const { price_max, currency = 'USD', quantity, ships_to } = session.constraints.hard ?? {};
  const ceilingMinor = price_max === undefined ? undefined : ceilingMinorOf(price_max, currency);
  const ceiling = (pieces: number) =>
    ceilingMinor === undefined
      ? undefined
      : inUsd(ceilingMinor * BigInt(pieces), currency, session.usdPerUnit);
  return {
    id: session.id,
    scout: { __entity: { type: 'Scout', id: scoutId } },
    profile: session.profileId,
    category: session.category,
    category_path: pathOf(session.category),
    ships_to,
    quantity,
    price_max_usd_cents: ceiling(1),
    order_max_usd_cents: ceiling(quantity ?? 1),
  };
}

/** A price ceiling in whole minor units: no price lies between it and a finer one. */
export function ceilingMinorOf(priceMax: string, asset: string): bigint {
  const [whole = '0', fraction = ''] = priceMax.split('.');
  const exponent = exponentOf(asset);
  return BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, '0'));
}

export function contextOf(request: DecisionRequest): Attributes {
  const { point, scout, beacon } = request;
  const unmet = {
    scout_constraints: unmetConstraints(request, scout.declared?.policies.constraints),
    beacon_constraints: unmetConstraints(request, beacon.declared?.policies.constraints),
  };
  if (point === 'matching') return { unmet };
  const offer = offerAttributes(request.offer, beacon, request.session);
  if (point === 'offer') return { unmet, offer };
  return { unmet, offer, deal: dealAttributes(request.deal, request.offer) };
}

/** The hard constraints that are not met; at matching only what a session can tell. */
function unmetConstraints(request: DecisionRequest, constraints: Constraints | undefined): string[] {
  const hard = constraints?.hard;
  if (!hard) return [];
  if (request.point !== 'matching') {
    const quantity = request.point === 'commit' ? { quantity: request.deal.quantity } : {};
    return hardViolations(request.offer.document, { ...hard, ...quantity }, request.now).map(
      ({ constraint }) => constraint,
    );
  }
  const { category, constraints: asked } = request.session;
  const apart = (wanted: string) => !withinCategory(category, wanted) && !withinCategory(wanted, category);
  return [
    ...(hard.category !== undefined && apart(hard.category) ? ['category'] : []),
    ...(hard.ships_to && asked.hard?.ships_to && hard.ships_to !== asked.hard.ships_to ? ['ships_to'] : []),
  ];
}

function offerAttributes(offer: OfferSubject, beacon: BeaconSubject, session: SessionSubject): Attributes {
  const { document, usdPerUnit } = offer;
  const { product, pricing, availability, terms = {} } = document;
  const { brand, condition = 'new' } = product.structured_attributes ?? {};
  const price = parseMoney(pricing.offer_price, pricing.currency).amountMinor;
  const { quantity } = session.constraints.hard ?? {};
  const say = (term: string) => (typeof terms[term] === 'boolean' ? terms[term] : undefined);
  return known({
    product_id: product.product_id,
    brand,
    condition,
    category: product.category,
    category_path: pathOf(product.category),
    currency: pricing.currency,
    price_usd_cents: inUsd(price, pricing.currency, usdPerUnit),
    order_usd_cents:
      quantity === undefined ? undefined : inUsd(price * BigInt(quantity), pricing.currency, usdPerUnit),
    ...fromListPrice(price, pricing),
    dearer_than_to_others: offer.dearerThanToOthers ?? false,
    certifications: [
      ...new Set([...(document.certifications ?? []).map(folded), ...certificationsOf(beacon)]),
    ],
    ships_from: shipsFrom(document, beacon),
    ships_to: set(availability.ships_to),
    in_stock: availability.in_stock,
    quantity_available: availability.quantity_available && long(BigInt(availability.quantity_available)),
    least_quantity: Math.max(quantity ?? 1, availability.quantity_min ?? 1),
    delivery_days_max: availability.delivery_estimate_days?.max,
    signature_required: say('signature_required'),
    insured: say('insured'),
    price_match: say('price_match'),
  });
}

function shipsFrom({ availability }: OfferDocument, beacon: BeaconSubject): string[] | undefined {
  if (availability.ships_from !== undefined) return [availability.ships_from];
  return set(beacon.declared?.policies.ships_from);
}

/** How far a price is from the list price, in hundredths of a per cent of it, rounded up. */
function fromListPrice(price: bigint, { list_price, currency }: OfferDocument['pricing']): Attributes {
  const list = list_price === undefined ? 0n : parseMoney(list_price, currency).amountMinor;
  if (list <= 0n) return {};
  const share = (minor: bigint) => long(divideUp(minor * 10_000n, list));
  return {
    discount_bps: price < list ? share(list - price) : 0,
    variation_bps: share(price < list ? list - price : price - list),
  };
}

function dealAttributes(
  { quantity, amounts, shipTo, consent }: DealSubject,
  offer: OfferSubject,
): Attributes {
  const { shipping_options = [], delivery_estimate_days } = offer.document.availability;
  const shipping = shipping_options.find(({ method }) => method === amounts.shippingMethod);
  return known({
    quantity,
    subtotal_usd_cents: inUsd(amounts.subtotalMinor, amounts.asset, offer.usdPerUnit),
    total_usd_cents: inUsd(amounts.totalMinor, amounts.asset, offer.usdPerUnit),
    ships_to: shipTo,
    delivery_days_max: shipping?.days_max ?? delivery_estimate_days?.max,
    consent_given: Object.keys(consent).filter((name) => consent[name] === true),
  });
}
