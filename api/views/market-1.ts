/** The market as protocol 1.0.0 shows it: one status, amounts as JSON numbers. */
import { requirements1 } from '../../domain/market/requirements-1';
import type { OfferDocument } from '../../domain/market/offer';
import { sessionStatus1 } from '../../domain/versions';
import type { OfferView } from '../../store/offers';
import type { SellerStanding } from '../../store/seller-standing';
import type { Session, SessionInFull } from '../../store/sessions';
import type { Deal } from '../../store/transactions';
import { oneDecimal, rankingMetadata } from './market';
import { jsonNumber } from './numbers';

/** A rating goes to 5, a score to 100. */
const POINTS_PER_STAR = 20;

export function status1(session: Session, deal: SessionInFull['deal']) {
  return sessionStatus1({ market: session.marketState, clearing: deal?.clearingState ?? null });
}

function addresses(session: Session, publicUrl: string) {
  return {
    poll_url: `/v1/sessions/${session.id}`,
    websocket_url: `${publicUrl.replace(/^http/, 'ws')}/ws/sessions/${session.id}`,
  };
}

/** Until the window for offers is open its end is a guess. */
function estimatedOffersAt({ offersDueAt, createdAt, offerTimeoutMs }: Session): string {
  return (offersDueAt ?? new Date(createdAt.getTime() + offerTimeoutMs)).toISOString();
}

export function sessionCreatedView1(session: Session, publicUrl: string) {
  return {
    session_id: session.id,
    status: status1(session, undefined),
    created_at: session.createdAt.toISOString(),
    estimated_offers_at: estimatedOffersAt(session),
    ...addresses(session, publicUrl),
  };
}

export function sessionView1({ session, offersCount, deal }: SessionInFull, publicUrl: string) {
  return {
    session_id: session.id,
    status: status1(session, deal),
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    estimated_offers_at: estimatedOffersAt(session),
    expires_at: session.expiresAt?.toISOString() ?? null,
    interpreted_request: interpretedView1(session),
    offers_count: offersCount,
    offers_url: `/v1/sessions/${session.id}/offers`,
    ...addresses(session, publicUrl),
    transaction_id: deal?.id ?? null,
    failure: session.failure && failure1(session.failure),
  };
}

function interpretedView1({ id, interpretation, updatedAt }: Session) {
  if (!interpretation) return null;
  const { context, entities, behaviouralSignals } = interpretation;
  return {
    request_id: interpretation.requestId,
    session_id: id,
    interpreted_at: interpretation.interpretedAt ?? updatedAt.toISOString(),
    interpretation_version: interpretation.interpreter,
    structured_requirements: requirements1(interpretation.category, interpretation.constraints),
    natural_language_context: { ...context, extracted_entities: entities, sanitized: true },
    behavioral_signals: behaviouralSignals ?? null,
    interpretation_confidence: interpretation.confidence,
  };
}

/** A refusal with the names that version 1 has for what was sent. */
export function failure1(failure: NonNullable<Session['failure']>): NonNullable<Session['failure']> {
  if (failure.details.field !== 'intent') return failure;
  return { ...failure, details: { ...failure.details, field: 'natural_language_query' } };
}

export function rankedOfferView1(offer: OfferView, withReputation: boolean) {
  const { document, ranking } = offer;
  if (!ranking || offer.rank === null) throw new Error(`offer ${offer.id} is not ranked`);
  const { product_id, name, category, structured_attributes } = document.product;
  return {
    rank: offer.rank,
    offer_id: offer.id,
    cwr_score: oneDecimal(ranking.cwr),
    beacon_id: offer.beaconId,
    product: { product_id, name, category, ...(structured_attributes && { structured_attributes }) },
    pricing: pricing1(document),
    availability: availability1(document),
    merchant: {
      name: offer.merchantName,
      ...(withReputation && { reputation_score: oneDecimal(ranking.baseReputation) }),
    },
    match_explanation: {
      summary: ranking.summary,
      structured_match_score: oneDecimal(ranking.structuredMatch),
      semantic_similarity_score: oneDecimal(ranking.semanticSimilarity),
    },
    detail_url: `/v1/offers/${offer.id}`,
  };
}

export function offersView1(
  session: Session,
  extra: { deal: Deal | undefined; offers: readonly OfferView[]; rankedAt: Date | null },
) {
  const withReputation = session.asked.preferences.include_reputation_data !== false;
  return {
    session_id: session.id,
    status: status1(session, extra.deal),
    total_offers: extra.offers.length,
    offers: extra.offers.map((offer) => rankedOfferView1(offer, withReputation)),
    ranking_metadata: rankingMetadata(extra.rankedAt),
  };
}

/** The complete offer. Its reputation is AURA's own figure, whatever the seller may have sent. */
export function offerView1(offer: OfferView, standing: SellerStanding | undefined) {
  const { document } = offer;
  const { natural_language_description: description, ...product } = document.product;
  const { return_policy, warranty } = document.terms ?? {};
  return {
    offer_id: offer.id,
    session_id: offer.sessionId,
    beacon_id: offer.beaconId,
    created_at: offer.createdAt.toISOString(),
    valid_until: offer.validUntil.toISOString(),
    product: {
      ...product,
      // The seller's own words, which AURA passes on as they are.
      ...(description && { natural_language_description: { ...description, sanitized: false } }),
    },
    pricing: pricing1(document),
    availability: availability1(document),
    merchant: {
      name: offer.merchantName,
      ...document.seller_contact,
      ...(return_policy !== undefined && { return_policy }),
      ...(warranty !== undefined && { warranty }),
    },
    terms: document.terms ?? {},
    certifications: document.certifications ?? [],
    ...(standing && {
      reputation: {
        beacon_score: oneDecimal(standing.score),
        merchant_rating: oneDecimal(standing.score / POINTS_PER_STAR),
        total_transactions: standing.transactions,
      },
    }),
    signature: `sig_${offer.signature}`,
  };
}

function pricing1({ pricing }: OfferDocument) {
  const { list_price, offer_price, discount_percentage } = pricing;
  const discount = discount_percentage ?? discountOf(offer_price, list_price);
  return {
    ...pricing,
    offer_price: jsonNumber(offer_price),
    ...(list_price !== undefined && { list_price: jsonNumber(list_price) }),
    ...(discount !== undefined && { discount_percentage: jsonNumber(discount) }),
  };
}

/** How far the price lies below the list price, in percent with one decimal; for reading only. */
function discountOf(offerPrice: string, listPrice: string | undefined): string | undefined {
  const [price, list] = [Number(offerPrice), Number(listPrice)];
  return list > 0 && price <= list ? String(oneDecimal((100 * (list - price)) / list)) : undefined;
}

function availability1({ availability, pricing }: OfferDocument) {
  const { shipping_options: options, ...more } = availability;
  return {
    ...more,
    ...(options && {
      shipping_options: options.map(({ method, price, days_min, days_max }) => ({
        method,
        ...(days_max !== undefined && { days: days(days_min, days_max) }),
        // Version 1 has a name for dollars alone.
        ...(pricing.currency === 'USD' && { price_usd: jsonNumber(price) }),
      })),
    }),
  };
}

const days = (min: number | undefined, max: number) =>
  min === undefined || min === max ? String(max) : `${min}-${max}`;
