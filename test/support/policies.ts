/** Decisions on one market: headphones for 349.99 dollars (list price 399.99), to be changed in one place. */
import type { OfferDocument } from '../../domain/market/offer';
import {
  beaconPoliciesSchema,
  createPolicyEngine,
  scoutPoliciesSchema,
  type BeaconSubject,
  type DealSubject,
  type DecisionRequest,
  type OfferSubject,
  type OperatorPolicy,
  type PolicyDecision,
  type PolicyPoint,
  type ScoutSubject,
  type SessionSubject,
} from '../../domain/policies';
import { quote } from '../../domain/market/offer';
import { anOfferDocument } from './offer-documents';

export const SCOUT_POLICY = 'pol_scout';
export const BEACON_POLICY = 'pol_beacon';

export interface World {
  now: Date;
  scout: ScoutSubject;
  beacon: BeaconSubject;
  session: SessionSubject;
  offer: OfferSubject;
  /** Of the deal; the amounts follow from the offer. */
  quantity: number;
  shipTo: string | undefined;
  consent: DealSubject['consent'];
  operators: OperatorPolicy[];
}

/** Writes to what is read-only elsewhere. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };
export type Change = (world: {
  [K in keyof World]: World[K] extends object ? Writable<World[K]> : World[K];
}) => void;

export function aDocument(change: (document: OfferDocument) => void = () => undefined): OfferDocument {
  const document = anOfferDocument({
    price: '349.99',
    attributes: { brand: 'Sony', features: ['wireless'] },
    certifications: ['ce_mark'],
    availability: {
      quantity_available: 45,
      delivery_estimate_days: { min: 2, max: 5 },
      shipping_options: [
        { method: 'standard', price: '0.00', days_max: 5 },
        { method: 'slow', price: '0.00', days_max: 20 },
      ],
      ships_from: 'US',
    },
    validUntil: new Date('2026-04-02T12:00:00Z'),
  });
  document.pricing.list_price = '399.99';
  change(document);
  return document;
}

export function aWorld(change: Change = () => undefined): World {
  const world: World = {
    now: new Date('2026-04-01T12:00:00Z'),
    scout: { id: 'sct_1', trust: 'L1', reputation: 55 },
    beacon: {
      id: 'bcn_1',
      principalId: 'prn_1',
      merchantDomain: 'acme.example.com',
      trust: 'L2',
      reputation: 60.5,
      verificationStatus: 'verified',
      categories: ['electronics'],
      shipsTo: [],
      capabilities: ['offers'],
      webhookUrl: 'https://acme.example.com/aura',
    },
    session: {
      id: 'ses_1',
      profileId: 'retail',
      category: 'electronics.headphones',
      constraints: { hard: { price_max: '400', currency: 'USD', quantity: 1, ships_to: 'US' } },
      usdPerUnit: '1',
    },
    offer: { document: aDocument(), usdPerUnit: '1' },
    quantity: 1,
    shipTo: 'US',
    consent: { share_identity_with_merchant: true, marketing_opt_in: false },
    operators: [],
  };
  change(world);
  return world;
}

const engine = createPolicyEngine({ checksRequests: true });

export function decideOn(point: PolicyPoint, world: World): PolicyDecision {
  return engine.decide(requestOf(point, world));
}

export function requestOf(point: PolicyPoint, world: World): DecisionRequest {
  const { offer, quantity, shipTo, consent, ...market } = world;
  const quoted = quote(offer.document, quantity);
  if ('problem' in quoted) throw new Error(quoted.problem.reason);
  const deal = { quantity, amounts: quoted.amounts, shipTo, consent };
  const requests: Record<PolicyPoint, DecisionRequest> = {
    matching: { ...market, point: 'matching' },
    offer: { ...market, point: 'offer', offer },
    commit: { ...market, point: 'commit', offer, deal },
  };
  return requests[point];
}

/** As they come in: read by the schema that the API reads them by. */
export const scoutDeclares =
  (policies: object): Change =>
  (world) => {
    world.scout.declared = { id: SCOUT_POLICY, policies: scoutPoliciesSchema.parse(policies) };
  };

export const beaconDeclares =
  (policies: object): Change =>
  (world) => {
    world.beacon.declared = { id: BEACON_POLICY, policies: beaconPoliciesSchema.parse(policies) };
  };

let versions = 0;

/** Each time a version of its own, as versions are never changed. */
export const operatorsSay = (cedar: string): Change => {
  const id = `pol_op${versions++}`;
  return (world) => {
    world.operators = [...world.operators, { id, name: 'house', cedar }];
  };
};

/** The rules that forbid. */
export function rulesAgainst(point: PolicyPoint, ...changes: Change[]): string[] {
  const world = aWorld((made) => changes.forEach((change) => change(made)));
  return decideOn(point, world).refusals.map(({ rule }) => rule);
}
