/** Ranking a session's offers: what the seller's record, the request and the risk make of each. */
import { probabilityOfDefault } from '../domain/clearing/risk';
import { similarityScore } from '../domain/embedding';
import { hardViolations } from '../domain/market/constraint-check';
import { explainOffer } from '../domain/market/explanation';
import { rankOffers, riskFactor, scoreOffer, structuredMatch } from '../domain/market/ranking';
import { databaseNow } from '../store/clock';
import type { Trx } from '../store/db';
import { offersToRank, type OfferRanking, type OfferToRank } from '../store/offers';
import { findPrincipal } from '../store/principals';
import { reputations } from '../store/reputation';
import type { Session } from '../store/sessions';

/** Scores every offer of the session; those that break a hard constraint get no rank. */
export async function rankOffersOf(
  trx: Trx,
  session: Session,
): Promise<{ id: string; rank: number | null; ranking: OfferRanking }[]> {
  const now = await databaseNow(trx);
  const offers = await offersToRank(trx, session.id);
  const sellers = await sellerRecords(
    trx,
    offers.map(({ principalId }) => principalId),
  );
  const scored = offers.map((offer) => ({ offer, ranking: scoreOne(session, offer, sellers, now) }));
  const ranked = rankOffers(
    scored
      .filter(({ ranking }) => !ranking.excluded)
      .map(({ offer, ranking }) => ({
        offerId: offer.id,
        score: ranking.score,
        createdAtMs: offer.createdAt.getTime(),
      })),
  ).slice(0, session.maxOffers);
  const place = new Map(ranked.map(({ offerId }, index) => [offerId, index + 1]));
  return scored.map(({ offer, ranking }) => ({ id: offer.id, rank: place.get(offer.id) ?? null, ranking }));
}

async function sellerRecords(trx: Trx, principalIds: string[]) {
  const reputation = await reputations(trx, principalIds);
  const records = new Map<string, { reputation: number; pd: number }>();
  for (const id of new Set(principalIds)) {
    const principal = await findPrincipal(trx, id);
    if (!principal) continue;
    const points = reputation.get(id) ?? 0;
    records.set(id, {
      reputation: points,
      pd: probabilityOfDefault({ trust: principal.trustLevel, reputation: points }),
    });
  }
  return records;
}

function scoreOne(
  session: Session,
  offer: OfferToRank,
  sellers: Map<string, { reputation: number; pd: number }>,
  now: Date,
): OfferRanking {
  const constraints = session.interpretation?.constraints ?? session.asked.constraints;
  const seller = sellers.get(offer.principalId) ?? { reputation: 0, pd: 0.5 };
  const match = structuredMatch(offer.document, constraints, now);
  const input = {
    baseReputation: seller.reputation,
    structuredMatch: match.score,
    semanticSimilarity: similarityScore(offer.cosine),
    riskFactor: riskFactor(seller.pd),
  };
  const violations = hardViolations(offer.document, constraints.hard ?? {}, now);
  if (offer.validUntil <= now)
    violations.push({ constraint: 'valid_until', reason: 'the offer has expired' });
  return {
    ...input,
    ...scoreOffer(input),
    parts: [...match.parts],
    summary: explainOffer(offer.document, match, input),
    ...(violations.length > 0 && { excluded: violations }),
  };
}
