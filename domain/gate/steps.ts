import { delegationProblem } from '../clearing/delegation';
import { PRINCIPAL_LIMIT_USD_MINOR, usdMinor } from '../clearing/exposure';
import { fundMargin, initialMargins, type MarginRequirement } from '../clearing/margin';
import { chooseRails, type RailOption } from '../clearing/rail-choice';
import { assessRisk, reversalClass, worstReversal, type RiskAssessment } from '../clearing/risk';
import { compareDecimals } from '../constraints';
import { refusal, type ErrorCode, type Refusal } from '../errors';
import { hardViolations } from '../market/constraint-check';
import { quote, type DealAmounts } from '../market/offer';
import { bpsOf, exponentOf, formatMoney } from '../money';
import { declaredRails, negotiated, type NegotiatedPayment } from '../payments';
import { refusalDetails } from '../policies/decision';
import { costBps, requiredLevels } from '../profiles';
import { atLeast } from '../trust';
import { consentDetails, consentProblem } from './consent';
import type { GateFacts, OfferFacts, PartyFacts } from './facts';

export const GATE_STEP_NAMES = [
  'offer',
  'business_rules',
  'identity',
  'consent_and_authority',
  'settlement_compatibility',
  'bilateral_risk',
] as const;
export type GateStepName = (typeof GATE_STEP_NAMES)[number];

export interface GateStepRecord {
  readonly step: number;
  readonly name: GateStepName;
  readonly passed: boolean;
  readonly detail: string;
}

/** What passing the gate has established. */
export interface GateDecision {
  amounts: DealAmounts;
  feeMinor: bigint;
  totalUsdMinor: bigint;
  rails: RailOption[];
  payment: NegotiatedPayment;
  risk: RiskAssessment;
  margins: MarginRequirement;
}

/** Filled step by step; a later step may rely on what the earlier ones put there. */
export type GateDraft = Partial<GateDecision>;

type Outcome = { detail: string } | { refusal: Refusal };
type Step = (facts: GateFacts, draft: GateDraft) => Outcome;

const refuse = (code: ErrorCode, message: string, details: Record<string, unknown> = {}): Outcome => ({
  refusal: refusal(code, details, message),
});

const violates = (
  step: GateStepName,
  rule: string,
  message: string,
  details: Record<string, unknown> = {},
): Outcome => refuse('BUSINESS_RULE_VIOLATION', message, { step, rule, ...details });

/** Step 1 has run when these are read. */
const offerOf = (facts: GateFacts): OfferFacts => facts.offer as OfferFacts;
const sellerOf = (facts: GateFacts): PartyFacts => facts.seller as PartyFacts;

const offer: Step = ({ now, session, offer: found, seller, terms }) => {
  if (!found || !seller || found.sessionId !== session.id) {
    return refuse('OFFER_NOT_FOUND', `Session ${session.id} has no offer ${terms.offerId}.`);
  }
  if (now.getTime() >= found.validUntil.getTime()) {
    return refuse('OFFER_EXPIRED', `The offer was valid until ${found.validUntil.toISOString()}.`);
  }
  if (found.committed) {
    return refuse('OFFER_ALREADY_COMMITTED', `Offer ${found.id} has been committed to already.`);
  }
  if (session.committedOfferId !== null) {
    return refuse('SESSION_STATE_CONFLICT', 'The session has committed to another offer.', {
      status: session.market,
    });
  }
  if (session.market !== 'offers_available') {
    return refuse('SESSION_STATE_CONFLICT', `The session is ${session.market}.`, { status: session.market });
  }
  if (!found.signatureVerifies) {
    return violates('offer', 'offer_signature', "The offer no longer verifies under its seller's key.");
  }
  return { detail: `valid until ${found.validUntil.toISOString()}, signature verifies` };
};

const businessRules: Step = (facts, draft) => {
  const { terms, session, now, profile } = facts;
  const { document } = offerOf(facts);
  const fail = (rule: string, message: string, details = {}) =>
    violates('business_rules', rule, message, details);

  const hard = { ...session.constraints.hard, quantity: terms.quantity };
  const [violation] = hardViolations(document, hard, now);
  if (violation)
    return fail(violation.constraint, `The offer breaks a hard constraint: ${violation.reason}.`);
  if (!document.availability.in_stock) return fail('in_stock', 'The product is not in stock.');

  const quoted = quote(document, terms.quantity, terms.shippingPreference);
  if ('problem' in quoted) return fail(quoted.problem.field, `Not on offer: ${quoted.problem.reason}.`);
  const { amounts } = quoted;
  const total = formatMoney({ amountMinor: amounts.totalMinor, asset: amounts.asset });
  if (amounts.totalMinor <= 0n) return fail('total', 'A deal of nothing cannot be cleared.');
  if (terms.expectedTotal !== undefined && compareDecimals(terms.expectedTotal, total) !== 0) {
    return fail('expected_total', `The total is ${total}, not ${terms.expectedTotal}.`, { total });
  }
  const [forbidden] = facts.policy.refusals;
  if (forbidden) {
    const { rule, ...details } = refusalDetails(forbidden);
    return fail(rule, forbidden.reason, details);
  }
  if (facts.usdPerUnit === undefined)
    return fail('usd_rate', `No daily rate is stored for ${amounts.asset}.`);
  draft.amounts = amounts;
  draft.feeMinor = bpsOf(amounts.totalMinor, costBps(profile, 'clear', 'clearing'));
  draft.totalUsdMinor = toUsd(facts, amounts.totalMinor);
  const policies = facts.policy.policies.length > 0 ? `; within ${facts.policy.policies.join(', ')}` : '';
  return {
    detail: `${terms.quantity} × ${document.pricing.offer_price} comes to ${total} ${amounts.asset}${policies}`,
  };
};

function toUsd(facts: GateFacts, amountMinor: bigint): bigint {
  const { currency } = offerOf(facts).document.pricing;
  return usdMinor({ amountMinor, exponent: exponentOf(currency), usdPerUnit: facts.usdPerUnit ?? '0' });
}

const identity: Step = (facts, draft) => {
  const { profile, buyer } = facts;
  const { totalUsdMinor } = draft as GateDecision;
  const checked = [
    { who: 'payer' as const, party: buyer },
    { who: 'receiver' as const, party: sellerOf(facts) },
  ];
  for (const { who, party } of checked) {
    if (!party.principalActive || !party.agentActive) {
      return violates('identity', `${who}_active`, `The ${who} is not active.`);
    }
    const single = requiredLevels(profile, totalUsdMinor)[who];
    const rolling = requiredLevels(profile, totalUsdMinor + party.rolling24hUsdMinor)[who];
    const needed = atLeast(single, rolling) ? single : rolling;
    if (!atLeast(party.trust, needed)) {
      const message = `The ${who} is at ${party.trust}; ${profile.id} asks for ${needed} on this total.`;
      return violates('identity', `${who}_trust_level`, message, { level: party.trust, required: needed });
    }
  }
  return { detail: `payer ${buyer.trust}, receiver ${sellerOf(facts).trust}` };
};

const consentAndAuthority: Step = (facts, draft) => {
  const { now, terms, buyer } = facts;
  const fail = (rule: string, message: string) => violates('consent_and_authority', rule, message);
  const unsaid = consentProblem(terms.consent, now);
  if (unsaid) return refuse('BUSINESS_RULE_VIOLATION', unsaid.message, consentDetails(unsaid));
  if (terms.authority.kind === 'owner') return { detail: 'consent given, acting as owner' };
  const { amounts } = draft as GateDecision;
  const problem = delegationProblem(terms.authority.credential, {
    agentId: buyer.agentId,
    principalKey: facts.buyerPrincipalKey,
    category: offerOf(facts).document.product.category,
    asset: amounts.asset,
    totalMinor: amounts.totalMinor,
    spentMinor: facts.delegationSpentMinor,
    now,
  });
  if (problem) return fail(problem.rule, `The delegation does not cover this deal: ${problem.reason}.`);
  return { detail: `consent given, delegated by ${terms.authority.credential.delegation.delegation_id}` };
};

const settlementCompatibility: Step = (facts, draft) => {
  const { amounts } = draft as GateDecision;
  const { asset } = amounts;
  const sides = { ...facts.payment, ...facts.terms.payment };
  const { rails, refused } = chooseRails(facts.rails, {
    asset,
    totalMinor: amounts.totalMinor,
    finality: facts.profile.finality,
    preferred: facts.terms.preferredRail,
    sides,
  });
  const [first] = rails;
  if (!first) {
    const message = 'No payment rail suits both sides.';
    const payable = facts.rails.filter(({ mandateLeftMinor }) => mandateLeftMinor !== null);
    const receivable = facts.rails.filter(({ sellerAccepts }) => sellerAccepts);
    const available = facts.rails.filter(
      ({ operated, healthy, terms }) => operated && healthy && terms.settles[asset] !== undefined,
    );
    return violates('settlement_compatibility', 'no_common_rail', message, {
      refused,
      available: available.map(({ rail }) => rail),
      scout_accepts: declaredRails(sides.scout, asset) ?? payable.map(({ rail }) => rail),
      beacon_accepts: declaredRails(sides.beacon, asset) ?? receivable.map(({ rail }) => rail),
    });
  }
  draft.rails = rails;
  draft.payment = negotiated(sides, first.rail, asset);
  return { detail: rails.map(({ rail, terms }) => `${rail} (${terms.finality})`).join(', ') };
};

const bilateralRisk: Step = (facts, draft) => {
  const { profile, buyer, pair } = facts;
  const seller = sellerOf(facts);
  const { amounts, rails, totalUsdMinor } = draft as GateDecision;
  const fail = (rule: string, message: string) => violates('bilateral_risk', rule, message);
  for (const [role, party] of [['buyer', buyer] as const, ['seller', seller] as const]) {
    const capacity = party.agentCapacityMinor;
    if (capacity !== null && party.agentExposureMinor + amounts.totalMinor > capacity) {
      return fail(`${role}_agent_capacity`, `The ${role}'s agent would exceed its registered capacity.`);
    }
    if (party.principalExposureUsdMinor + totalUsdMinor > PRINCIPAL_LIMIT_USD_MINOR[party.trust]) {
      return fail(`${role}_principal_limit`, `The ${role}'s principal would exceed its exposure limit.`);
    }
  }
  const reversal = worstReversal(rails.map(({ rail, terms }) => reversalClass(terms.finality, rail)));
  const risk = assessRisk({ buyer, seller, pair, reversal });
  const margins = initialMargins(profile, amounts.totalMinor, risk);
  for (const [role, party, requiredMinor, reserveAllowed] of [
    ['buyer', buyer, margins.buyerMinor, false] as const,
    ['seller', seller, margins.sellerMinor, profile.reserveFromSale] as const,
  ]) {
    const { freeCollateralMinor } = party;
    const { shortfallMinor } = fundMargin({ requiredMinor, freeCollateralMinor, reserveAllowed });
    if (shortfallMinor > 0n && !party.canFundCall) {
      return fail(`${role}_margin`, `The ${role} cannot fund the margin this deal asks for.`);
    }
  }
  draft.risk = risk;
  draft.margins = margins;
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset: amounts.asset });
  return {
    detail: `margin buyer ${show(margins.buyerMinor)}, seller ${show(margins.sellerMinor)} ${amounts.asset}`,
  };
};

export const GATE_STEPS: readonly { name: GateStepName; run: Step }[] = [
  { name: 'offer', run: offer },
  { name: 'business_rules', run: businessRules },
  { name: 'identity', run: identity },
  { name: 'consent_and_authority', run: consentAndAuthority },
  { name: 'settlement_compatibility', run: settlementCompatibility },
  { name: 'bilateral_risk', run: bilateralRisk },
];
