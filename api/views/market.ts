import { RANKING_ALGORITHM } from '../../domain/market/ranking';
import type { OfferView } from '../../store/offers';
import type { SessionInFull } from '../../store/sessions';

export function sessionView({ session, offersCount, deal }: SessionInFull) {
  const { interpretation } = session;
  return {
    session_id: session.id,
    status: session.marketState,
    clearing_status: deal?.clearingState ?? null,
    profile_id: session.profileId,
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    offers_due_at: session.offersDueAt?.toISOString() ?? null,
    expires_at: session.expiresAt?.toISOString() ?? null,
    interpreted_request: interpretation && {
      request_id: interpretation.requestId,
      category: interpretation.category,
      constraints: interpretation.constraints,
      natural_language_context: { ...interpretation.context, sanitized: true },
      confidence: interpretation.confidence,
      explanation: interpretation.explanation,
    },
    offers_count: offersCount,
    offers_url: `/v1/sessions/${session.id}/offers`,
    transaction_id: deal?.id ?? null,
    failure: session.failure,
  };
}

export const oneDecimal = (value: number) => Math.round(value * 10) / 10;

export function rankedOfferView(offer: OfferView, withReputation: boolean) {
  const { document, ranking } = offer;
  if (!ranking || offer.rank === null) throw new Error(`offer ${offer.id} is not ranked`);
  return {
    rank: offer.rank,
    offer_id: offer.id,
    beacon_id: offer.beaconId,
    cwr_score: oneDecimal(ranking.cwr),
    score: oneDecimal(ranking.score),
    product: document.product,
    pricing: document.pricing,
    availability: document.availability,
    valid_until: offer.validUntil.toISOString(),
    merchant: {
      name: offer.merchantName,
      ...(withReputation &&
        offer.merchantReputation !== null && { reputation_score: offer.merchantReputation }),
    },
    match_explanation: {
      summary: ranking.summary,
      structured_match_score: oneDecimal(ranking.structuredMatch),
      semantic_similarity_score: oneDecimal(ranking.semanticSimilarity),
      ...(withReputation && { base_reputation: ranking.baseReputation }),
      risk_factor: Math.round(ranking.riskFactor * 10_000) / 10_000,
      parts: ranking.parts,
    },
    detail_url: `/v1/offers/${offer.id}`,
  };
}

export function offerView(offer: OfferView) {
  return {
    ...offer.document,
    offer_id: offer.id,
    session_id: offer.sessionId,
    beacon_id: offer.beaconId,
    created_at: offer.createdAt.toISOString(),
    merchant: { name: offer.merchantName },
    // AURA's own figure, whatever the seller may have sent.
    reputation: { beacon_score: offer.merchantReputation },
    signature: offer.signature,
  };
}

export function rankingMetadata(computedAt: Date | null) {
  return { algorithm_version: RANKING_ALGORITHM, computed_at: computedAt?.toISOString() ?? null };
}
