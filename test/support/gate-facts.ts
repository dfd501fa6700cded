/** Facts of a deal that passes the gate in every step, to be broken in one place. */
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { Delegation } from '../../domain/clearing/delegation';
import { canonicalJson } from '../../domain/canonical';
import { runGate, type GateFacts, type PartyFacts } from '../../domain/gate';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { UNRESTRICTED } from '../../domain/policies/decision';
import { PROFILES } from '../../domain/profiles';
import { anOfferDocument } from './offer-documents';

export const GATE_NOW = new Date('2026-04-01T12:00:00.000Z');
export const minutes = (count: number) => new Date(GATE_NOW.getTime() + count * 60_000);

const principal = createSigner(generateKeyPair().privateKeyPem, 'principal');

const party = (name: string): PartyFacts => ({
  principalId: `prn_${name}`,
  agentId: `agent_${name}`,
  principalActive: true,
  agentActive: true,
  trust: 'L2',
  reputation: 60,
  rolling24hUsdMinor: 0n,
  agentCapacityMinor: null,
  agentExposureMinor: 0n,
  principalExposureUsdMinor: 0n,
  freeCollateralMinor: 100_000n,
  canFundCall: true,
});

/** 2 × 100.00 USD, with 10.00 shipping and 10 % tax: a total of 231.00. */
export function gateFacts(change: (facts: GateFacts) => void = () => undefined): GateFacts {
  const facts: GateFacts = {
    now: GATE_NOW,
    session: {
      id: 'ses_1',
      market: 'offers_available',
      committedOfferId: null,
      constraints: { hard: { category: 'electronics', price_max: '150.00', currency: 'USD' } },
    },
    profile: PROFILES.retail,
    offer: {
      id: 'ofr_1',
      sessionId: 'ses_1',
      beaconId: 'bcn_1',
      document: anOfferDocument({
        price: '100.00',
        taxRateBps: 1_000,
        availability: { shipping_options: [{ method: 'standard', price: '10.00' }] },
        validUntil: minutes(10),
      }),
      validUntil: minutes(10),
      committed: false,
      signatureVerifies: true,
    },
    terms: {
      offerId: 'ofr_1',
      quantity: 2,
      authority: { kind: 'owner' },
      consent: {
        share_identity_with_merchant: true,
        share_email_for_order_updates: false,
        marketing_opt_in: false,
        consent_timestamp: minutes(-1).toISOString(),
        consent_method: 'explicit_user_action',
      },
    },
    buyer: party('buyer'),
    seller: party('seller'),
    buyerPrincipalKey: principal.publicKey,
    delegationSpentMinor: 0n,
    rails: [
      {
        rail: 'rtp',
        terms: RAIL_TERMS.rtp,
        operated: true,
        healthy: true,
        sellerAccepts: true,
        mandateIsExact: false,
        mandateLeftMinor: 100_000n,
        mandateRef: 'mnd_1',
      },
    ],
    pair: { undisputedDeals: 0, openDisputes: 0 },
    policy: UNRESTRICTED,
    usdPerUnit: '1',
  };
  change(facts);
  return facts;
}

/** A delegation by the buyer's principal that covers the deal of `gateFacts`. */
export function aDelegation(wish: Partial<Delegation> = {}) {
  const delegation: Delegation = {
    type: 'aura.delegation.v1',
    delegation_id: 'dlg_1',
    agent_id: 'agent_buyer',
    categories: ['electronics'],
    asset: 'USD',
    ceiling: '231.00',
    budget: '231.00',
    expires_at: minutes(60).toISOString(),
    ...wish,
  };
  return { delegation, signature: principal.sign(canonicalJson(delegation)) };
}

export type Change = (facts: GateFacts) => void;
export const offerOf = (facts: GateFacts) => facts.offer as NonNullable<GateFacts['offer']>;
export const sellerOf = (facts: GateFacts) => facts.seller as NonNullable<GateFacts['seller']>;

/** What the gate makes of a deal with this change: `PASSED`, or the refusal. */
export function outcome(change: Change): { code: string; details: Readonly<Record<string, unknown>> } {
  const result = runGate(gateFacts(change));
  return result.passed ? { code: 'PASSED', details: {} } : result.refusal;
}

/** Step and rule of a business refusal, otherwise the code. */
export function ruleOf(change: Change): unknown[] {
  const { code, details } = outcome(change);
  return code === 'BUSINESS_RULE_VIOLATION' ? [details.step, details.rule] : [code];
}
