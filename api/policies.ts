/** Policies at the submission of offers: one that a rule forbids refuses the whole body. */
import { AuraError } from '../domain/errors';
import {
  refusalDetails,
  violationEvent,
  type Declared,
  type PolicyDecision,
  type ScoutPolicies,
} from '../domain/policies';
import { databaseNow } from '../store/clock';
import { usdPerUnit } from '../store/commit-facts';
import { inTransaction, type Db } from '../store/db';
import { knownOffers, type NewOffer } from '../store/offers';
import { policiesInForce } from '../store/policies';
import { lowestPriceToOthers, policySubjects } from '../store/policy-facts';
import type { Session } from '../store/sessions';
import { recordAudit, recordEvents } from '../store/states';
import type { ApiDeps } from './deps';

type OfferedNow = Pick<NewOffer, 'id' | 'signature' | 'document' | 'asset' | 'unitPriceMinor'>;

interface Judged {
  offer: OfferedNow;
  index: number;
  decision: PolicyDecision;
}

/**
 * Throws `BUSINESS_RULE_VIOLATION` with step `policy` where a policy of either side, or operators' code, forbids one of
 * the offers. Only the audit record and the events that tell of it are stored then. Offers that were taken before, and a
 * session that takes none any more, are left to who answers for them.
 */
export async function refuseForbiddenOffers(
  deps: Pick<ApiDeps, 'db' | 'policies'>,
  session: Session,
  beaconId: string,
  offers: readonly OfferedNow[],
): Promise<void> {
  const { db } = deps;
  if (session.marketState !== 'collecting_offers' || offers.length === 0) return;
  const inForce = await policiesInForce(db, [session.scoutId, beaconId]);
  if (inForce.none) return;
  const signatures = offers.map(({ signature }) => signature);
  const known = await knownOffers(db, session.id, signatures);
  const subjects = await policySubjects(db, { scoutId: session.scoutId, beaconId }, inForce);
  const constraints = session.interpretation?.constraints ?? session.asked.constraints;
  const facts = {
    point: 'offer' as const,
    now: await databaseNow(db),
    ...subjects,
    usdPerUnit: await usdPerUnit(db, constraints.hard?.currency ?? 'USD'),
    operators: inForce.operators,
  };
  const judged: Judged[] = [];
  for (const [index, offer] of offers.entries()) {
    if (known.has(offer.signature)) continue;
    const decision = deps.policies.decide({
      ...facts,
      session: {
        id: session.id,
        profileId: session.profileId,
        category: session.interpretation?.category ?? offer.document.product.category,
        constraints,
        usdPerUnit: facts.usdPerUnit,
      },
      offer: {
        document: offer.document,
        usdPerUnit: await usdPerUnit(db, offer.asset),
        dearerThanToOthers: await isDearer(db, session.scoutId, beaconId, offer, subjects.scout.declared),
      },
    });
    judged.push({ offer, index, decision });
  }
  await tell(db, session, beaconId, judged);
  const forbidden = judged.find(({ decision }) => !decision.allowed);
  if (forbidden) throw violation(forbidden);
}

/** Looked up only for a buyer that takes no price of its own. */
async function isDearer(
  db: Db,
  scoutId: string,
  beaconId: string,
  { document, asset, unitPriceMinor }: OfferedNow,
  declared: Declared<ScoutPolicies> | undefined,
): Promise<boolean> {
  if (declared?.policies.consent_boundaries?.allow_personalized_pricing !== false) return false;
  const productId = document.product.product_id;
  const lowest = await lowestPriceToOthers(db, { beaconId, scoutId, productId, asset });
  return lowest !== undefined && unitPriceMinor > lowest;
}

/** Every decision is in the audit record; what was forbidden is told. */
async function tell(db: Db, session: Session, beaconId: string, judged: readonly Judged[]): Promise<void> {
  if (judged.length === 0) return;
  const forbidden = judged.filter(({ decision }) => !decision.allowed);
  const isRefused = forbidden.length > 0;
  await inTransaction(db, async (trx) => {
    await recordAudit(trx, {
      actor: beaconId,
      action: isRefused ? 'offer.forbidden' : 'offer.permitted',
      subject: session.id,
      detail: {
        policies: [...new Set(judged.flatMap(({ decision }) => decision.policies))],
        offers: judged.map(({ offer, decision }) => ({
          product_id: offer.document.product.product_id,
          allowed: decision.allowed,
          refusals: decision.refusals.map(refusalDetails),
        })),
      },
    });
    const events = forbidden.flatMap(({ offer, decision: { refusals } }) => [
      {
        type: 'offer.rejected' as const,
        correlationId: session.id,
        payload: {
          session_id: session.id,
          offer_id: offer.id,
          beacon_id: beaconId,
          product_id: offer.document.product.product_id,
          ...(refusals[0] && refusalDetails(refusals[0])),
        },
      },
      violationEvent({ agentId: beaconId, sessionId: session.id, offerId: offer.id, refusals }),
    ]);
    await recordEvents(trx, events);
  });
}

function violation({ index, decision: { refusals } }: Judged): AuraError {
  const [first] = refusals;
  if (!first) throw new Error('a decision without a reason');
  return new AuraError('BUSINESS_RULE_VIOLATION', `offers.${index}: ${first.reason}`, {
    step: 'policy',
    field: `offers.${index}`,
    ...refusalDetails(first),
    violations: refusals.map(refusalDetails),
  });
}
