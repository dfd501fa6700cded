import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { verifySignature } from '../../domain/keys';
import { offerSigningBytes, type OfferDocument } from '../../domain/market/offer';
import { MoneyError, parseMoney } from '../../domain/money';
import type { AgentWithKey } from '../../store/agents';
import { databaseNow } from '../../store/clock';
import { inTransaction, type Trx } from '../../store/db';
import {
  countOffers,
  findOffer,
  insertOffers,
  knownOffers,
  rankedOffers,
  type NewOffer,
} from '../../store/offers';
import { findRecipient, findSession, lockSession, markAnswered, type Session } from '../../store/sessions';
import { recordEvents } from '../../store/states';
import { offersComplete } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import {
  offerParams,
  offerResponse,
  offersAccepted,
  offersRequest,
  offersResponse,
  sessionParams,
  type signedOffer,
} from '../schemas/market';
import { offerView, rankedOfferView, rankingMetadata } from '../views/market';
import { tell } from '../workflows';

/** Above this many offers a session is full whatever its buyer wants to see. */
const SESSION_OFFERS_MAX = 200;

export function offerRoutes(): Route[] {
  return [submit, list, get];
}

type SignedOffer = z.infer<typeof signedOffer>;

const submit = route<z.infer<typeof sessionParams>, unknown, z.infer<typeof offersRequest>>({
  method: 'post',
  path: '/v1/sessions/:session_id/offers',
  summary: 'Answer a request with signed offers, or with none',
  tag: 'Market',
  access: ['beacon'],
  scope: 'offer:create',
  rateClass: 'offers',
  params: sessionParams,
  body: offersRequest,
  response: { status: 201, schema: offersAccepted, description: 'The offers and the ids AURA gave them' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'INVALID_SIGNATURE',
    'INSUFFICIENT_PERMISSIONS',
    'SESSION_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'OFFER_EXPIRED',
    'IDEMPOTENCY_CONFLICT',
  ],
  creates: { kind: 'offer', movesMoney: false },
  async handler({ params, body, rawBody, agent, deps }) {
    const session = await findSession(deps.db, params.session_id);
    if (!session) throw new AuraError('SESSION_NOT_FOUND');
    if (!(await findRecipient(deps.db, session.id, agent.id))) {
      throw new AuraError('INSUFFICIENT_PERMISSIONS', 'This seller was not asked in this session.');
    }
    // The signature covers the offer as it was sent, so it is checked over the document's plain JSON.
    const sent = (JSON.parse(rawBody) as { offers: object[] }).offers;
    const offers = body.offers.map((offer, index) =>
      readOffer(deps, session, agent, offer, sent[index] ?? {}, index),
    );
    const result = await take(deps, session, agent, offers);
    if (result.complete) await tell(deps.temporal, session.id, offersComplete);
    return { status: 201, body: { session_id: session.id, accepted: result.accepted } };
  },
});

function readOffer(
  { embedder }: ApiDeps,
  session: Session,
  agent: AgentWithKey,
  { signature, ...document }: SignedOffer,
  sent: object,
  index: number,
): NewOffer {
  const field = `offers.${index}`;
  const { signature: _signature, ...unsigned } = sent as Record<string, unknown>;
  const signedBytes = offerSigningBytes({ sessionId: session.id, beaconId: agent.id, offer: unsigned });
  if (!verifySignature(agent.publicKey, signedBytes, signature)) {
    throw new AuraError('INVALID_SIGNATURE', `${field}: the signature does not verify.`, {
      field: `${field}.signature`,
    });
  }
  const unitPriceMinor = checkPrices(document, field);
  const description = document.product.natural_language_description?.content ?? '';
  const features = document.product.structured_attributes?.features ?? [];
  return {
    id: newId('offer'),
    sessionId: session.id,
    beaconId: agent.id,
    principalId: agent.principalId,
    document,
    signedBytes,
    signature,
    keyId: agent.keyId,
    asset: document.pricing.currency,
    unitPriceMinor,
    embedding: embedder.embed([document.product.name, description, features.join(' ')].join('. ')),
    validUntil: new Date(document.valid_until),
  };
}

/** Every price must be an amount of the currency; the unit price must be above zero. */
function checkPrices({ pricing, availability }: OfferDocument, field: string): bigint {
  const { currency } = pricing;
  const read = (decimal: string, name: string): bigint => {
    try {
      return parseMoney(decimal, currency).amountMinor;
    } catch (error) {
      if (!(error instanceof MoneyError)) throw error;
      const details = { field: `${field}.${name}`, reason: error.message };
      throw new AuraError('INVALID_PARAMETER', `${field}.${name}: ${error.message}`, details);
    }
  };
  if (pricing.list_price !== undefined) read(pricing.list_price, 'pricing.list_price');
  availability.shipping_options?.forEach(({ price }, at) =>
    read(price, `availability.shipping_options.${at}.price`),
  );
  const unitPrice = read(pricing.offer_price, 'pricing.offer_price');
  if (unitPrice > 0n) return unitPrice;
  const details = { field: `${field}.pricing.offer_price`, reason: 'must be above zero' };
  throw new AuraError('INVALID_PARAMETER', `${field}.pricing.offer_price: must be above zero`, details);
}

async function take(deps: ApiDeps, { id: sessionId }: Session, agent: AgentWithKey, offers: NewOffer[]) {
  return inTransaction(deps.db, async (trx) => {
    const session = await lockSession(trx, sessionId);
    const known = await knownOffers(
      trx,
      sessionId,
      offers.map(({ signature }) => signature),
    );
    const fresh = offers.filter(({ signature }) => !known.has(signature));
    const accepted = offers.map(({ id, signature, document }) => ({
      offer_id: known.get(signature) ?? id,
      product_id: document.product.product_id,
    }));
    // The same offers again, whole: a retry whose answer was lost.
    if (offers.length > 0 && fresh.length === 0) return { accepted, complete: false };
    await checkWindow(trx, session, fresh);
    const { mine, all } = await countOffers(trx, sessionId, agent.id);
    const max = deps.config.maxOffersPerBeacon;
    if (mine + fresh.length > max) {
      const reason = `at most ${max} a seller and session`;
      throw new AuraError('INVALID_PARAMETER', `offers: ${reason}`, { field: 'offers', reason });
    }
    if (fresh.length > 0) await insertOffers(trx, fresh);
    const { stillAsked } = await markAnswered(
      trx,
      sessionId,
      agent.id,
      mine + fresh.length > 0 ? 'offered' : 'passed',
    );
    await recordEvents(
      trx,
      fresh.map(({ id }) => ({
        type: 'offer.received',
        correlationId: sessionId,
        payload: { session_id: sessionId, offer_id: id, beacon_id: agent.id },
      })),
    );
    return { accepted, complete: stillAsked === 0 || all + fresh.length >= SESSION_OFFERS_MAX };
  });
}

async function checkWindow(trx: Trx, session: Session, offers: readonly NewOffer[]): Promise<void> {
  const now = await databaseNow(trx);
  if (session.marketState !== 'collecting_offers' || (session.offersDueAt && now >= session.offersDueAt)) {
    throw new AuraError('SESSION_STATE_CONFLICT', 'The session takes no more offers.', {
      status: session.marketState,
    });
  }
  const index = offers.findIndex(({ validUntil }) => now >= validUntil);
  if (index >= 0) {
    throw new AuraError('OFFER_EXPIRED', `offers.${index} has expired already.`, {
      field: `offers.${index}.valid_until`,
    });
  }
}

const list = route<z.infer<typeof sessionParams>>({
  method: 'get',
  path: '/v1/sessions/:session_id/offers',
  summary: 'Ranked offers, each with its explanation',
  tag: 'Market',
  access: ['scout', 'operator'],
  scope: 'session:read',
  keySuffices: true,
  params: sessionParams,
  response: { status: 200, schema: offersResponse, description: 'Best first' },
  errors: ['SESSION_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const session = await findSession(deps.db, params.session_id);
    if (!session || (session.scoutId !== agent.id && agent.role !== 'operator'))
      throw new AuraError('SESSION_NOT_FOUND');
    const offers = await rankedOffers(deps.db, session.id, session.maxOffers);
    const withReputation = session.asked.preferences.include_reputation_data !== false;
    return {
      status: 200,
      body: {
        session_id: session.id,
        status: session.marketState,
        total_offers: offers.length,
        offers: offers.map((offer) => rankedOfferView(offer, withReputation)),
        ranking_metadata: rankingMetadata,
      },
    };
  },
});

const get = route<z.infer<typeof offerParams>>({
  method: 'get',
  path: '/v1/offers/:offer_id',
  summary: 'An offer as it was signed, to its buyer and its seller',
  tag: 'Market',
  access: ['scout', 'beacon', 'operator'],
  scope: 'offer:read',
  keySuffices: true,
  params: offerParams,
  response: { status: 200, schema: offerResponse, description: 'The offer' },
  errors: ['OFFER_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const offer = await findOffer(deps.db, params.offer_id);
    const mine = offer && [offer.scoutId, offer.beaconId].includes(agent.id);
    if (!offer || (!mine && agent.role !== 'operator')) throw new AuraError('OFFER_NOT_FOUND');
    return { status: 200, body: offerView(offer) };
  },
});
