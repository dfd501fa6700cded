/** Ranking a session's offers: what the seller's record, the request and the risk make of each. */
import { probabilityOfDefault } from '../domain/clearing/risk';
import { similarityScore } from '../domain/embedding';
import { hardViolations } from '../domain/market/constraint-check';
import { explainOffer } from '../domain/market/explanation';
import { rankOffers, riskFactor, scoreOffer, structuredMatch } from '../domain/market/ranking';
import { databaseNow } from '../store/clock';
import type { Trx } from '../store/db';
import { offersToRank, type OfferRanking, type OfferToRank } from '../store/offers';
import { findPrincipals } from '../store/principals';
import { reputations } from '../store/reputation';
import type { Session } from '../store/sessions';

/** Scores every offer of the session; those that break a hard constraint get no rank. */
export async function rankOffersOf(
  trx: Trx,
  session: Session,
): Promise<{ id: string; rank: number | null; ranking: OfferRanking }[]> {
  const [now, offers] = await Promise.all([databaseNow(trx), offersToRank(trx, session.id)]);
  const sellers = await sellerRecords(
    trx,
    offers.map(({ principalId }) => principalId),
  );
  return rankAll(session, offers, sellers, now);
}

/** The seller's reputation and probability of default, by principal. */
export type SellerRecords = ReadonlyMap<string, { reputation: number; pd: number }>;

/** Computes only; all that was read is handed in. */
export function rankAll(
  session: Pick<Session, 'interpretation' | 'asked' | 'maxOffers'>,
  offers: readonly OfferToRank[],
  sellers: SellerRecords,
  now: Date,
): { id: string; rank: number | null; ranking: OfferRanking }[] {
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

async function sellerRecords(trx: Trx, principalIds: string[]): Promise<SellerRecords> {
  const ids = [...new Set(principalIds)];
  const [reputation, principals] = await Promise.all([reputations(trx, ids), findPrincipals(trx, ids)]);
  return new Map(
    principals.map(({ id, trustLevel: trust }) => {
      const points = reputation.get(id) ?? 0;
      return [id, { reputation: points, pd: probabilityOfDefault({ trust, reputation: points }) }];
    }),
  );
}

function scoreOne(
  session: Pick<Session, 'interpretation' | 'asked'>,
  offer: OfferToRank,
  sellers: SellerRecords,
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
    summary: explainOffer(match, input),
    ...(violations.length > 0 && { excluded: violations }),
  };
}
