/**
 * The body of a webhook, composed from the books when it is sent: personal data is in them and in nothing else, and
 * what the seller may see of it is decided then. The envelope is that of protocol 1.0.0; what is in it is named as the
 * agent's version names it.
 */
import type { Signer } from '../../domain/keys';
import { offerRequestBody } from '../../domain/market/offer-request';
import { formatMoney } from '../../domain/money';
import { FIRST_STATE, stateAfter } from '../../domain/session-progress';
import { sessionStatus1, transactionStatus1, VERSION_1, type ApiVersion } from '../../domain/versions';
import { signWebhookBody } from '../../domain/webhook-signature';
import { databaseNow } from '../../store/clock';
import type { Db } from '../../store/db';
import { findOfferRequest } from '../../store/offer-requests';
import { eventsOfSession } from '../../store/session-events';
import { findSession } from '../../store/sessions';
import { findDeal, type Deal } from '../../store/transactions';
import type { ClaimedDelivery } from '../../store/webhooks';
import { amounts1 } from '../views/amounts-1';
import { buyerFor } from '../views/buyer';

export interface MessageDeps {
  db: Db;
  signer: Pick<Signer, 'sign'>;
  /** Without a trailing slash. */
  publicUrl: string;
}

/** A session has at most 200 offers, each with a few events, and a deal some dozens. */
const EVENTS_MAX = 2_000;

/** The signed body, or `undefined` where it has no purpose any more: a request whose window is over. */
export async function composeMessage(
  deps: MessageDeps,
  delivery: ClaimedDelivery,
): Promise<string | undefined> {
  const content = await contentOf(deps, delivery);
  if (!content) return undefined;
  const body = {
    ...content.beside,
    event_id: delivery.eventId,
    event_type: delivery.name,
    timestamp: delivery.occurredAt.toISOString(),
    [`${delivery.role}_id`]: delivery.agentId,
    payload: content.payload,
  };
  return JSON.stringify(signWebhookBody(deps.signer, body));
}

interface Content {
  payload: Record<string, unknown>;
  /** Members next to the envelope's own. */
  beside?: Record<string, unknown>;
}

async function contentOf(deps: MessageDeps, delivery: ClaimedDelivery): Promise<Content | undefined> {
  switch (delivery.name) {
    case 'offer_request':
      return offerRequest(deps, delivery);
    case 'offer_accepted':
      return { payload: await offerAccepted(deps, delivery) };
    case 'policy_violation':
    case 'reputation_updated':
      return { payload: delivery.payload };
    case 'status_changed':
    case 'offers_ready':
      return { payload: await sessionStatus(deps, delivery) };
    default:
      return { payload: await transactionStatus(deps, delivery) };
  }
}

/** Both of the protocol's shapes in one body: the request at the top, and the same in the envelope's payload. */
async function offerRequest(
  { db, publicUrl }: MessageDeps,
  { correlationId, agentId }: ClaimedDelivery,
): Promise<Content | undefined> {
  const session = await findSession(db, correlationId);
  const asked = await findOfferRequest(db, correlationId, agentId);
  if (!session || !asked || session.marketState !== 'collecting_offers') return undefined;
  if ((await databaseNow(db)) >= asked.session.offersDueAt) return undefined;
  const beside = { ...offerRequestBody({ ...asked, publicUrl }) };
  const { request_id, session_id, respond_by, response_url, interpreted_request, beacon_context } = beside;
  return {
    beside,
    payload: { request_id, session_id, respond_by, response_url, interpreted_request, beacon_context },
  };
}

async function offerAccepted({ db }: MessageDeps, { role, payload }: ClaimedDelivery) {
  const deal = await dealOf(db, payload);
  if (!deal) throw new Error('an offer was accepted without a deal');
  const buyer = (await buyerFor(db, deal, { role })).buyer;
  return {
    offer_id: deal.offerId,
    session_id: deal.sessionId,
    transaction_id: deal.id,
    quantity: deal.quantity,
    shipping_method: deal.shippingMethod,
    buyer_identity: buyer?.identity ?? null,
    shipping_address: buyer?.shipping_address ?? null,
    marketing_opt_in: buyer?.marketing_opt_in ?? false,
    payment_pending: deal.clearingState === 'authorized' || deal.clearingState === 'settling',
  };
}

async function sessionStatus({ db, publicUrl }: MessageDeps, delivery: ClaimedDelivery) {
  const { correlationId: sessionId, version, name, payload } = delivery;
  const { state } = await stateAt(db, delivery);
  return {
    session_id: sessionId,
    ...(version === VERSION_1
      ? { status: sessionStatus1(state) }
      : { status: state.market, clearing_status: state.clearing }),
    ...(name === 'offers_ready' && {
      total_offers: payload.offers,
      offers_url: `${publicUrl}/v1/sessions/${sessionId}/offers`,
    }),
    ...(payload.transaction_id !== undefined && { transaction_id: payload.transaction_id }),
    ...(payload.reason !== undefined && { reason: payload.reason }),
  };
}

async function transactionStatus({ db }: MessageDeps, delivery: ClaimedDelivery) {
  const { version, payload } = delivery;
  const deal = await dealOf(db, payload);
  // An order that was released has never been a deal.
  if (!deal) return payload;
  const { state, transactionStatus: status } = await stateAt(db, delivery);
  const { reason, reason_code, refund_id } = payload;
  return {
    transaction_id: deal.id,
    session_id: deal.sessionId,
    offer_id: deal.offerId,
    quantity: deal.quantity,
    ...(version === VERSION_1 ? { status } : { status: state.market, clearing_status: state.clearing }),
    amounts: amountsOf(deal, version),
    ...(reason !== undefined && { reason }),
    ...(reason_code !== undefined && { reason_code }),
    ...(refund_id !== undefined && { refund_id }),
  };
}

function amountsOf(deal: Deal, version: ApiVersion) {
  if (version === VERSION_1) return amounts1(deal);
  const { asset } = deal;
  const amount = (amountMinor: bigint) => formatMoney({ amountMinor, asset });
  return {
    currency: asset,
    subtotal: amount(deal.subtotalMinor),
    shipping: amount(deal.shippingMinor),
    tax: amount(deal.taxMinor),
    total: amount(deal.totalMinor),
  };
}

async function dealOf(db: Db, { transaction_id: id }: Record<string, unknown>): Promise<Deal | undefined> {
  return typeof id === 'string' ? findDeal(db, id) : undefined;
}

/** Where the session stood after the event: what is told later does not say what has happened since. */
async function stateAt(db: Db, { correlationId, eventId }: ClaimedDelivery) {
  let state = FIRST_STATE;
  let status = transactionStatus1(state);
  for (const event of await eventsOfSession(db, correlationId, '0', EVENTS_MAX)) {
    state = stateAfter(state, event.type);
    status = transactionStatus1(state) ?? status;
    if (event.id === eventId) break;
  }
  return { state, transactionStatus: status };
}
