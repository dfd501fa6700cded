/** Readable names for the API's messages. Their types are generated from the schemas that the server validates by. */
import type { OfferDocument } from '../domain/market/offer';
import type { components } from './types.generated';

export type { OfferDocument } from '../domain/market/offer';

/** Every message by the name of its schema. */
export type Schemas = components['schemas'];

export type Principal = Schemas['Principal'];
export type Agent = Schemas['Agent'];
export type PaymentAccount = Schemas['PaymentAccount'];
export type Mandate = Schemas['Mandate'];
export type Accounts = Schemas['Accounts'];
export type Deposit = Schemas['Deposit'];
export type Payouts = Schemas['Payouts'];

/** What a session of protocol 2.2 is opened with; the other shape is `SessionRequest1`. */
type SessionRequest2 = Extract<Schemas['SessionRequest'], { intent: string }>;
export type SessionRequest1 = Extract<Schemas['SessionRequest'], { natural_language_query: string }>;
export type Constraints = NonNullable<SessionRequest2['constraints']>;
export type SessionContext = NonNullable<SessionRequest2['context']>;

export type Session = Schemas['Session'];
export type RankedOffer = Omit<
  Schemas['RankedOffers']['offers'][number],
  'product' | 'pricing' | 'availability'
> &
  Pick<OfferDocument, 'product' | 'pricing' | 'availability'>;
export type RankedOffers = Omit<Schemas['RankedOffers'], 'offers'> & { offers: RankedOffer[] };
export type Offer = Schemas['Offer'];
export type OffersAccepted = Schemas['OffersAccepted'];
export type CommitRequest = Schemas['CommitRequest'];
export type Transaction = Schemas['Transaction'];
export type BeaconDeal = Schemas['BeaconTransactions']['transactions'][number];
export type Refund = Schemas['Refund'];

/** Protocol 1.0.0. */
export type SessionCreated1 = Schemas['SessionCreated1'];
export type Session1 = Schemas['Session1'];
export type RankedOffers1 = Schemas['RankedOffers1'];
export type Offer1 = Schemas['Offer1'];
export type StatedOffer1 = Omit<
  Extract<Schemas['OffersRequest'], { beacon_id: string }>['offers'][number],
  'offer_id' | 'signature'
>;
export type BeaconMetadata1 = NonNullable<
  Extract<Schemas['OffersRequest'], { beacon_id: string }>['beacon_metadata']
>;
export type Commit1 = Schemas['Commit1'];
export type Transaction1 = Schemas['Transaction1'];
export type Cancelled1 = Schemas['Cancelled1'];
export type BeaconDeal1 = Schemas['BeaconTransactions1']['transactions'][number];
export type ScoutRegistration = Omit<Schemas['ScoutRegistration'], 'public_key'>;
export type BeaconRegistration = Omit<Schemas['BeaconRegistration'], 'public_key'>;
export type ScoutRegistered = Schemas['ScoutRegistered'];
export type BeaconRegistered = Schemas['BeaconRegistered'];

export type Endpoints = Schemas['Endpoints'];
export type AgentKey = Schemas['AgentKey'];
export type AgentKeys = Schemas['AgentKeys'];
export type ApiKeys = Schemas['ApiKeys'];
export type NewApiKey = Schemas['NewApiKey'];
export type ApiKey = Schemas['ApiKey'];

/** What is told by the feed of events, by webhook, and over a session's WebSocket. */
export type AuraEvent = Schemas['Event'];
export type EventType = AuraEvent['event_type'];
export type Events = Schemas['Events'];
export type WebhookDelivery = Schemas['WebhookDelivery'];
export type BeaconWebhook = Schemas[Extract<keyof Schemas, `Beacon${string}Message`>];
export type ScoutWebhook = Schemas[Extract<keyof Schemas, `Scout${string}Message`>];
export type SessionMessage = Schemas['StatusChanged'] | Schemas['OfferReceived'] | Schemas['OffersReady'];
export type SessionMessage1 = Schemas['StatusChanged1'] | Schemas['OfferReceived1'] | Schemas['OffersReady'];

export type PaymentExceptions = Schemas['PaymentExceptions'];
export type OperatorDecision = Schemas['OperatorDecision'];
export type Recoveries = Schemas['Recoveries'];
export type Dispute = Schemas['Dispute'];
export type DisputeSummary = Schemas['Disputes']['disputes'][number];
export type DisputeReason = Schemas['DisputeRequest']['reason'];
export type Remedy = Schemas['DisputeRequest']['remedy_requested'];
export type ExhibitInput = NonNullable<Schemas['DisputeRequest']['evidence']>[number];
/** Its parts stand in docs/evidence.md; here are those a reader looks into first. */
export type EvidenceBundle = Schemas['EvidenceBundle'] & {
  bundle: {
    instructions: { instruction: { kind: string } & Record<string, unknown> }[];
    proofs: { evidence: unknown }[];
  };
};
export type NettingMembership = Schemas['NettingMembership'];
export type NettingCycle = Schemas['NettingCycle'];
export type NettingCycleSummary = Omit<NettingCycle, 'positions' | 'payments' | 'deals'>;
export type ReconciliationRun = Schemas['ReconciliationRun'];
export type ReconciliationReport = Schemas['ReconciliationReport'];
export type ReconciliationMatch = Schemas['ReconciliationMatch'];
export type ReconciliationBreak = ReconciliationReport['breaks'][number];
export type StatementFile = Schemas['StatementFile'];
export type Rails = Schemas['Rails'];
export type RailKey = Schemas['RailKey'];

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
