import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { canonicalJson } from '../../domain/canonical';
import { VERSION_1 } from '../../domain/versions';
import type { AgentWithKey } from '../../store/agents';
import { databaseNow } from '../../store/clock';
import { inTransaction, type Trx } from '../../store/db';
import {
  countOffers,
  documentsOf,
  findOffer,
  insertOffers,
  knownOffers,
  rankedAt,
  rankedOffers,
  type NewOffer,
} from '../../store/offers';
import { findRecipient, findSession, lockSession, markAnswered, type Session } from '../../store/sessions';
import { sellerStanding } from '../../store/seller-standing';
import { recordEvents } from '../../store/states';
import { findDealOfSession } from '../../store/transactions';
import { offersComplete } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { readOffers } from '../offers/read';
import { refuseForbiddenOffers } from '../policies';
import { requireMine } from '../own-session';
import { route, type Route } from '../route';
import {
  offerParams,
  offerResponse,
  offersAccepted,
  offersRequest,
  offersResponse,
  sessionParams,
  type OffersRequest,
} from '../schemas/market';
import { offerResponse1, offersResponse1 } from '../schemas/market-1';
import { offerView, rankedOfferView, rankingMetadata } from '../views/market';
import { offersView1, offerView1 } from '../views/market-1';
import { tell } from '../workflows';

/** Above this many offers a session is full whatever its buyer wants to see. */
const SESSION_OFFERS_MAX = 200;

export function offerRoutes(): Route[] {
  return [submit, list, get];
}

const submit = route<z.infer<typeof sessionParams>, unknown, OffersRequest>({
  method: 'post',
  path: '/v1/sessions/:session_id/offers',
  summary: 'Answer a request with signed offers, or with none',
  tag: 'Market',
  access: ['beacon'],
  scope: 'offer:create',
  rateClass: 'offers',
  rateWeight: ({ offers }) => offers.length,
  params: sessionParams,
  body: offersRequest,
  response: { status: 201, schema: offersAccepted, description: 'The offers and the ids AURA gave them' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'INVALID_SIGNATURE',
    'INSUFFICIENT_PERMISSIONS',
    'BUSINESS_RULE_VIOLATION',
    'SESSION_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'OFFER_EXPIRED',
    'IDEMPOTENCY_CONFLICT',
  ],
  creates: { kind: 'offer', movesMoney: false },
  async handler({ params, body, rawBody, agent, deps }) {
    const [session, recipient] = await Promise.all([
      findSession(deps.db, params.session_id),
      findRecipient(deps.db, params.session_id, agent.id),
    ]);
    // For a seller that was not asked there is no such session.
    if (!session || !recipient) throw new AuraError('SESSION_NOT_FOUND');
    const offers = readOffers({ deps, session, recipient, agent, body, rawBody });
    await refuseForbiddenOffers(deps, session, agent.id, offers);
    const result = await take(deps, session, agent, offers);
    if (result.complete) await tell(deps.temporal, session.id, offersComplete);
    return { status: 201, body: { session_id: session.id, accepted: result.accepted } };
  },
});

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
    await refuseTaken(trx, offers, known);
    // The same offers again, whole: a retry whose answer was lost.
    if (offers.length > 0 && fresh.length === 0) return { accepted, complete: false };
    await checkWindow(trx, session, offers, fresh);
    const { mine, all } = await countOffers(trx, sessionId, agent.id);
    const max = deps.config.maxOffersPerBeacon;
    if (mine + fresh.length > max) {
      const reason = `at most ${max} a seller and session`;
      throw new AuraError('INVALID_PARAMETER', `offers: ${reason}`, { field: 'offers', reason });
    }
    if (fresh.length > 0) {
      const inserted = await insertOffers(trx, fresh);
      const taken = fresh.find(({ id }) => !inserted.has(id));
      if (taken) throw idTaken(offers.indexOf(taken));
    }
    const { stillAsked } = await markAnswered(
      trx,
      sessionId,
      agent.id,
      mine + fresh.length > 0 ? 'offered' : 'passed',
    );
    await recordEvents(
      trx,
      fresh.flatMap(({ id }) =>
        (['offer.received', 'offer.validated'] as const).map((type) => ({
          type,
          correlationId: sessionId,
          payload: { session_id: sessionId, offer_id: id, beacon_id: agent.id },
        })),
      ),
    );
    return { accepted, complete: stillAsked === 0 || all + fresh.length >= SESSION_OFFERS_MAX };
  });
}

/** A version 1 signature speaks of five fields: under it nothing else of an offer may come to differ. */
async function refuseTaken(
  trx: Trx,
  offers: readonly NewOffer[],
  known: ReadonlyMap<string, string>,
): Promise<void> {
  const again = offers.filter(
    ({ signedForm, signature }) => signedForm === VERSION_1 && known.has(signature),
  );
  if (again.length === 0) return;
  const documents = await documentsOf(
    trx,
    again.map(({ id }) => id),
  );
  const other = again.find(
    ({ id, document }) => canonicalJson(documents.get(id)) !== canonicalJson(document),
  );
  if (other) throw idTaken(offers.indexOf(other));
}

function idTaken(index: number): AuraError {
  const details = { field: `offers.${index}.offer_id`, reason: 'taken by another offer' };
  return new AuraError('INVALID_PARAMETER', `${details.field}: ${details.reason}`, details);
}

async function checkWindow(
  trx: Trx,
  session: Session,
  offers: readonly NewOffer[],
  fresh: readonly NewOffer[],
): Promise<void> {
  const now = await databaseNow(trx);
  if (session.marketState !== 'collecting_offers' || (session.offersDueAt && now >= session.offersDueAt)) {
    throw new AuraError('SESSION_STATE_CONFLICT', 'The session takes no more offers.', {
      status: session.marketState,
    });
  }
  const expired = fresh.find(({ validUntil }) => now >= validUntil);
  if (expired) {
    const index = offers.indexOf(expired);
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
  response: { status: 200, schema: offersResponse, version1: offersResponse1, description: 'Best first' },
  errors: ['SESSION_NOT_FOUND'],
  async handler({ params, agent, deps, version }) {
    const session = await findSession(deps.db, params.session_id);
    requireMine(session, agent);
    const [offers, at] = await Promise.all([
      rankedOffers(deps.db, session.id, session.maxOffers),
      rankedAt(deps.db, session.id),
    ]);
    if (version === VERSION_1) {
      const deal = await findDealOfSession(deps.db, session.id);
      return { status: 200, body: offersView1(session, { deal, offers, rankedAt: at }) };
    }
    const withReputation = session.asked.preferences.include_reputation_data !== false;
    return {
      status: 200,
      body: {
        session_id: session.id,
        status: session.marketState,
        total_offers: offers.length,
        offers: offers.map((offer) => rankedOfferView(offer, withReputation)),
        ranking_metadata: rankingMetadata(at),
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
  response: { status: 200, schema: offerResponse, version1: offerResponse1, description: 'The offer' },
  errors: ['OFFER_NOT_FOUND'],
  async handler({ params, agent, deps, version }) {
    const offer = await findOffer(deps.db, params.offer_id);
    const mine = offer && [offer.scoutId, offer.beaconId].includes(agent.id);
    if (!offer || (!mine && agent.role !== 'operator')) throw new AuraError('OFFER_NOT_FOUND');
    if (version !== VERSION_1) return { status: 200, body: offerView(offer) };
    const isShown = agent.role !== 'scout' || offer.showsReputation;
    const standing = isShown ? await sellerStanding(deps.db, offer.principalId) : undefined;
    return { status: 200, body: offerView1(offer, standing) };
  },
});
