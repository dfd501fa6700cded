/** What the gate decides on. All of it is read inside the commit's own database transaction. */
import type { Constraints } from '../constraints';
import type { MarketState } from '../lifecycle';
import type { PairHistory } from '../clearing/risk';
import type { RailOption } from '../clearing/rail-choice';
import type { SignedDelegation } from '../clearing/delegation';
import type { OfferDocument } from '../market/offer';
import type { PaymentSides } from '../payments';
import type { PolicyDecision } from '../policies/decision';
import type { MarketProfile } from '../profiles';
import type { TrustLevel } from '../trust';
import type { PublicKey } from '../keys';
import type { RailName } from '../settlement';

export interface Consent {
  share_identity_with_merchant?: boolean;
  share_email_for_order_updates?: boolean;
  share_phone_for_delivery?: boolean;
  marketing_opt_in?: boolean;
  share_behavioral_data?: boolean;
  share_purchase_history?: boolean;
  /** RFC 3339. */
  consent_timestamp?: string;
  consent_method?: 'explicit_user_action' | 'pre_configured_policy';
}

export type Authority = { kind: 'owner' } | { kind: 'delegated'; credential: SignedDelegation };

export interface CommitTerms {
  offerId: string;
  quantity: number;
  authority: Authority;
  consent: Consent;
  preferredRail?: RailName;
  /** The method that the commit names, and its facilitator. */
  payment?: Pick<PaymentSides, 'named' | 'facilitator'>;
  shippingPreference?: string;
  /** Decimal of the offer's currency. */
  expectedTotal?: string;
}

export interface OfferFacts {
  id: string;
  sessionId: string;
  beaconId: string;
  document: OfferDocument;
  validUntil: Date;
  committed: boolean;
  signatureVerifies: boolean;
}

export interface PartyFacts {
  principalId: string;
  agentId: string;
  principalActive: boolean;
  agentActive: boolean;
  trust: TrustLevel;
  reputation: number;
  /** Totals committed in the last 24 hours, USD minor units. */
  rolling24hUsdMinor: bigint;
  /** Largest open exposure the agent registered for this asset; null when it registered none. */
  agentCapacityMinor: bigint | null;
  agentExposureMinor: bigint;
  principalExposureUsdMinor: bigint;
  freeCollateralMinor: bigint;
  /** Whether the principal has a way to answer a margin call in this asset. */
  canFundCall: boolean;
}

export interface GateFacts {
  now: Date;
  session: {
    id: string;
    market: MarketState;
    committedOfferId: string | null;
    constraints: Constraints;
  };
  profile: MarketProfile;
  offer: OfferFacts | undefined;
  terms: CommitTerms;
  buyer: PartyFacts;
  seller: PartyFacts | undefined;
  buyerPrincipalKey: PublicKey;
  /** What other deals used of the delegation's budget, minor units. */
  delegationSpentMinor: bigint;
  rails: readonly RailOption[];
  /** What the two agents declared of payment. */
  payment?: Pick<PaymentSides, 'scout' | 'beacon'>;
  pair: PairHistory;
  /** What the policies of both agents and the operators' code say of the deal. */
  policy: PolicyDecision;
  /** USD per unit of the offer's currency, a decimal; undefined when no daily rate is stored. */
  usdPerUnit: string | undefined;
}
