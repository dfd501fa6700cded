/** What a policy decision is made on, and what it says. */
import type { Constraints } from '../constraints';
import type { DealAmounts, OfferDocument } from '../market/offer';
import type { TrustLevel } from '../trust';
import type { BeaconPolicies, Declared, ScoutPolicies } from './declared';

export const POLICY_POINTS = ['matching', 'offer', 'commit'] as const;
export type PolicyPoint = (typeof POLICY_POINTS)[number];

export const POLICY_SIDES = ['operator', 'scout', 'beacon'] as const;
/** Whose policy it is. */
export type PolicySide = (typeof POLICY_SIDES)[number];

/** A rule that forbids. */
export interface PolicyRefusal {
  /** The protocol's field, or the `@id` of an operator's rule. */
  readonly rule: string;
  readonly reason: string;
  /** The version that was in force. */
  readonly policyId: string;
  readonly side: PolicySide;
}

export interface PolicyDecision {
  readonly allowed: boolean;
  /** Every rule that forbids: operators' first, then the scout's, then the beacon's. */
  readonly refusals: readonly PolicyRefusal[];
  /** The versions that were in force. */
  readonly policies: readonly string[];
}

/** Nothing was declared and operators have no code in force. */
export const UNRESTRICTED: PolicyDecision = { allowed: true, refusals: [], policies: [] };

export interface ScoutSubject {
  readonly id: string;
  readonly trust: TrustLevel;
  /** 0–100. */
  readonly reputation: number;
  readonly declared?: Declared<ScoutPolicies>;
}

export interface BeaconSubject {
  readonly id: string;
  readonly principalId: string;
  readonly merchantDomain: string | null;
  readonly trust: TrustLevel;
  /** 0–100. */
  readonly reputation: number;
  readonly verificationStatus: string;
  readonly categories: readonly string[];
  /** Empty where it ships everywhere. */
  readonly shipsTo: readonly string[];
  readonly capabilities: readonly string[];
  readonly webhookUrl: string | null;
  readonly declared?: Declared<BeaconPolicies>;
}

export interface SessionSubject {
  readonly id: string;
  readonly profileId: string;
  readonly category: string;
  readonly constraints: Constraints;
  /** Of the currency that the price ceiling is in; undefined where no daily rate is stored. */
  readonly usdPerUnit: string | undefined;
}

export interface OfferSubject {
  readonly document: OfferDocument;
  /** Of the offer's currency; undefined where no daily rate is stored. */
  readonly usdPerUnit: string | undefined;
  /** Whether others were offered the product for less within a day. Unknown counts as no. */
  readonly dearerThanToOthers?: boolean;
}

export interface DealSubject {
  readonly quantity: number;
  readonly amounts: DealAmounts;
  /** The country that it is sent to, where an address was given. */
  readonly shipTo: string | undefined;
  readonly consent: Readonly<Record<string, unknown>>;
}

/** Operators' Cedar text under a name, as it is in force. */
export interface OperatorPolicy {
  readonly id: string;
  readonly name: string;
  readonly cedar: string;
}

interface Market {
  readonly now: Date;
  readonly scout: ScoutSubject;
  readonly beacon: BeaconSubject;
  readonly session: SessionSubject;
  readonly operators: readonly OperatorPolicy[];
}

export type DecisionRequest = Market &
  (
    | { readonly point: 'matching' }
    | { readonly point: 'offer'; readonly offer: OfferSubject }
    | { readonly point: 'commit'; readonly offer: OfferSubject; readonly deal: DealSubject }
  );

/** How the details of a `BUSINESS_RULE_VIOLATION` name the rule. */
export function refusalDetails({ rule, reason, policyId, side }: PolicyRefusal) {
  return { rule, reason, policy_id: policyId, policy_of: side };
}
