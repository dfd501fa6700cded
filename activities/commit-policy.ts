/** What the policies in force say of a deal, for the second step of the gate. */
import { quote } from '../domain/market/offer';
import { UNRESTRICTED, type PolicyDecision, type PolicyEngine } from '../domain/policies';
import type { CommitRequest } from '../domain/commit-request';
import { databaseNow } from '../store/clock';
import { usdPerUnit } from '../store/commit-facts';
import type { Trx } from '../store/db';
import type { OfferForGate } from '../store/offers';
import { policiesInForce } from '../store/policies';
import { policySubjects } from '../store/policy-facts';
import type { Session } from '../store/sessions';

export async function commitPolicy(
  trx: Trx,
  engine: PolicyEngine,
  session: Session,
  offer: OfferForGate | undefined,
  { terms, shippingAddress }: CommitRequest,
): Promise<PolicyDecision> {
  // An offer of another session, or a quantity that is not on offer, is refused by the gate without policies.
  if (offer?.sessionId !== session.id) return UNRESTRICTED;
  const quoted = quote(offer.document, terms.quantity, terms.shippingPreference);
  if ('problem' in quoted) return UNRESTRICTED;
  const parties = { scoutId: session.scoutId, beaconId: offer.beaconId };
  const inForce = await policiesInForce(trx, Object.values(parties));
  if (inForce.none) return UNRESTRICTED;
  const { interpretation, asked } = session;
  const constraints = interpretation?.constraints ?? asked.constraints;
  return engine.decide({
    point: 'commit',
    now: await databaseNow(trx),
    ...(await policySubjects(trx, parties, inForce)),
    session: {
      id: session.id,
      profileId: session.profileId,
      category: interpretation?.category ?? offer.document.product.category,
      constraints,
      usdPerUnit: await usdPerUnit(trx, constraints.hard?.currency ?? 'USD'),
    },
    offer: {
      document: offer.document,
      usdPerUnit: await usdPerUnit(trx, offer.document.pricing.currency),
    },
    deal: {
      quantity: terms.quantity,
      amounts: quoted.amounts,
      shipTo: countryOf(shippingAddress),
      consent: { ...terms.consent },
    },
    operators: inForce.operators,
  });
}

function countryOf(address: unknown): string | undefined {
  const country = (address as { country?: unknown } | null)?.country;
  return typeof country === 'string' ? country : undefined;
}
