import type { z } from 'zod';
import { AuraError, toError } from '../../domain/errors';
import type { AgentWithKey } from '../../store/agents';
import { usdPerUnit } from '../../store/commit-facts';
import { databaseNow } from '../../store/clock';
import { setRequest } from '../../store/idempotency';
import { findOffer } from '../../store/offers';
import { findSession } from '../../store/sessions';
import { findDeal, findDealOfSession, type Deal } from '../../store/transactions';
import {
  SEARCH_ATTRIBUTES,
  transactionCommit,
  type CommitAnswer,
  type TransactionInput,
} from '../../workflows/messages';
import type { CommitRequest } from '../../domain/commit-request';
import { usdMinor } from '../../domain/clearing/exposure';
import { quote } from '../../domain/market/offer';
import { exponentOf } from '../../domain/money';
import type { ApiDeps } from '../deps';
import { route, type Answer, type Route } from '../route';
import { commitRequest, transactionResponse } from '../schemas/clearing';
import { sessionParams } from '../schemas/market';
import { transactionView } from '../views/clearing';
import { startAndAsk } from '../workflows';
import {
  acceptPayment,
  isPaidWithCommit,
  paymentResponseHeaders,
  requirePayment,
  transactionUnderWay,
} from '../x402';

type Body = z.infer<typeof commitRequest>;

export const commitRoute: Route = route<z.infer<typeof sessionParams>, unknown, Body>({
  method: 'post',
  path: '/v1/sessions/:session_id/commit',
  summary: 'Commit to an offer; AURA clears the deal',
  tag: 'Clearing',
  access: ['scout'],
  scope: 'session:commit',
  params: sessionParams,
  body: commitRequest,
  response: { status: 201, schema: transactionResponse, description: 'The transaction' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'PAYMENT_REQUIRED',
    'PAYMENT_INVALID',
    'PAYMENT_SIGNATURE_INVALID',
    'PAYMENT_AMOUNT_MISMATCH',
    'PAYMENT_NETWORK_MISMATCH',
    'PAYMENT_EXPIRED',
    'PAYMENT_ALREADY_USED',
    'BUSINESS_RULE_VIOLATION',
    'SESSION_NOT_FOUND',
    'OFFER_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'OFFER_EXPIRED',
    'OFFER_ALREADY_COMMITTED',
    'IDEMPOTENCY_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  creates: { kind: 'transaction', movesMoney: true },
  async admit(call) {
    if (!isPaidWithCommit(call.body) || (await transactionUnderWay(call))) return;
    const { quoted } = await refusePlainly(call.deps, call.params.session_id, call.body, call.agent);
    await requirePayment(call, quoted);
  },
  async handler(call) {
    const { params, body, agent, deps, subjectId: transactionId } = call;
    const isPaid = isPaidWithCommit(body);
    const underWay = isPaid ? await transactionUnderWay(call) : undefined;
    const known = await findDeal(deps.db, underWay ?? transactionId);
    if (known) return answer(deps, known, call);
    const { attributes, quoted } = await refusePlainly(deps, params.session_id, body, agent);
    const mandateId = isPaid
      ? await acceptPayment(call, quoted, transactionId)
      : body.payment_method.mandate_id;
    await setRequest(deps.db, transactionId, toRequest(params.session_id, body, agent, mandateId));
    const decided = await startAndAsk<CommitAnswer, TransactionInput>(
      deps.temporal,
      {
        type: 'transaction',
        id: transactionId,
        input: { transactionId },
        searchAttributes: [
          ...attributes,
          { key: SEARCH_ATTRIBUTES.agentId, value: agent.id },
          { key: SEARCH_ATTRIBUTES.principalId, value: agent.principalId },
          { key: SEARCH_ATTRIBUTES.rail, value: body.payment_method.type },
          { key: SEARCH_ATTRIBUTES.marketState, value: 'committed' },
        ],
      },
      transactionCommit,
      deps.config.commitWaitMs,
    );
    if (decided?.outcome === 'refused') throw toError(decided.refusal);
    const deal = await findDeal(deps.db, transactionId);
    if (!deal) {
      throw new AuraError(
        'SERVICE_UNAVAILABLE',
        'The commit is not decided yet; try again with the same key.',
      );
    }
    return answer(deps, deal, call);
  },
});

async function answer(
  { db, x402 }: ApiDeps,
  deal: Deal,
  { agent, body }: { agent: AgentWithKey; body: Body },
): Promise<Answer> {
  const view = await transactionView(db, deal, agent);
  if (!x402 || !isPaidWithCommit(body)) return { status: 201, body: view };
  return { status: 201, body: view, headers: await paymentResponseHeaders(db, x402, deal) };
}

/** What a plain read can refuse is refused at once, without a workflow. The gate decides again, under locks. */
async function refusePlainly({ db }: ApiDeps, sessionId: string, body: Body, agent: AgentWithKey) {
  const session = await findSession(db, sessionId);
  if (session?.scoutId !== agent.id) throw new AuraError('SESSION_NOT_FOUND');
  const offer = await findOffer(db, body.offer_id);
  if (offer?.sessionId !== session.id) throw new AuraError('OFFER_NOT_FOUND');
  if ((await databaseNow(db)) >= offer.validUntil) throw new AuraError('OFFER_EXPIRED');
  const deal = await findDealOfSession(db, session.id);
  if (deal?.offerId === offer.id) throw new AuraError('OFFER_ALREADY_COMMITTED');
  if (deal) {
    throw new AuraError('SESSION_STATE_CONFLICT', 'The session has committed to another offer.', {
      status: session.marketState,
    });
  }
  if (session.marketState !== 'offers_available') {
    throw new AuraError('SESSION_STATE_CONFLICT', `The session is ${session.marketState}.`, {
      status: session.marketState,
    });
  }
  const quoted = quote(offer.document, body.quantity, body.shipping_preference);
  const asset = offer.document.pricing.currency;
  const rate = await usdPerUnit(db, asset);
  const usd =
    'amounts' in quoted && rate !== undefined
      ? usdMinor({ amountMinor: quoted.amounts.totalMinor, exponent: exponentOf(asset), usdPerUnit: rate })
      : 0n;
  const attributes = [
    { key: SEARCH_ATTRIBUTES.profile, value: session.profileId },
    { key: SEARCH_ATTRIBUTES.amountUsd, value: Number(usd) / 100 },
  ];
  return { attributes, quoted };
}

function toRequest(
  sessionId: string,
  body: Body,
  agent: AgentWithKey,
  mandateId: string | undefined,
): CommitRequest {
  return {
    sessionId,
    scoutId: agent.id,
    terms: {
      offerId: body.offer_id,
      quantity: body.quantity,
      authority: body.authority,
      consent: body.consent,
      preferredRail: body.payment_method.type,
      shippingPreference: body.shipping_preference,
      expectedTotal: body.expected_total,
    },
    mandateId,
    fallback: body.payment_method.fallback,
    buyerIdentity: body.buyer_identity,
    shippingAddress: body.shipping_address ?? null,
  };
}
