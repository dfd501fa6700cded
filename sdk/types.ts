/** The API's answers, typed from the schemas the server validates by. Only types: nothing of the server runs here. */
import type { z } from 'zod';
import type * as aftermath from '../api/schemas/aftermath';
import type * as clearing from '../api/schemas/clearing';
import type * as disputes from '../api/schemas/disputes';
import type * as market from '../api/schemas/market';
import type * as netting from '../api/schemas/netting';
import type * as parties from '../api/schemas/parties';
import type * as rails from '../api/schemas/rails';
import type * as reconciliation from '../api/schemas/reconciliation';

export type Principal = z.output<typeof parties.principalResponse>;
export type Agent = z.output<typeof parties.agentResponse>;
export type PaymentAccount = z.output<typeof parties.paymentAccountResponse>;
export type Mandate = z.output<typeof parties.mandateResponse>;
export type Accounts = z.output<typeof parties.accountsResponse>;
export type Deposit = z.output<typeof parties.depositResponse>;
export type Session = z.output<typeof market.sessionResponse>;
export type RankedOffers = Omit<z.output<typeof market.offersResponse>, 'offers'> & { offers: RankedOffer[] };
export type OfferProduct = z.output<typeof market.offerDocument>;
export type RankedOffer = Omit<z.output<typeof market.rankedOffer>, 'product' | 'pricing' | 'availability'> &
  Pick<OfferProduct, 'product' | 'pricing' | 'availability'>;
export type OffersAccepted = z.output<typeof market.offersAccepted>;
export type Transaction = z.output<typeof clearing.transactionResponse>;
export type BeaconDeal = z.output<typeof clearing.dealsResponse>['transactions'][number];
export type Refund = z.output<typeof aftermath.refundResponse>;
export type Payouts = z.output<typeof aftermath.payoutsResponse>;
export type PaymentExceptions = z.output<typeof aftermath.exceptionsResponse>;
export type OperatorDecision = z.output<typeof aftermath.decisionResponse>;
export type Recoveries = z.output<typeof aftermath.recoveriesResponse>;
export type Dispute = z.output<typeof disputes.disputeResponse>;
export type DisputeSummary = z.output<typeof disputes.disputesResponse>['disputes'][number];
export type ExhibitInput = NonNullable<z.input<typeof disputes.disputeRequest>['evidence']>[number];
export type NettingMembership = z.output<typeof netting.membershipResponse>;
export type NettingCycle = z.output<typeof netting.cycleResponse>;
export type NettingCycleSummary = z.output<typeof netting.cyclesResponse>['cycles'][number];
export type ReconciliationRun = z.output<typeof reconciliation.runResponse>;
export type ReconciliationReport = z.output<typeof reconciliation.reportResponse>;
export type ReconciliationMatch = z.output<typeof reconciliation.matchResponse>;
export type ReconciliationBreak = z.output<typeof reconciliation.breakView>;
export type StatementFile = z.output<typeof reconciliation.statementResponse>;
export type Rails = z.output<typeof rails.railsResponse>;
export type RailKey = z.output<typeof rails.railKeyResponse>;

/** A request as a seller sees it: the projection, never the buyer's own words. */
export interface OfferRequest {
  session_id: string;
  request_id: string;
  respond_by: string;
  response_url: string;
  interpreted_request: {
    structured_requirements: {
      category: string;
      hard_constraints: Record<string, unknown>;
      soft_preferences: Record<string, unknown>;
    };
    natural_language_context: { content: string; language: string; sanitized: boolean };
  };
}
