import type { z } from 'zod';
import { AuraError, toError } from '../../domain/errors';
import type { AgentWithKey } from '../../store/agents';
import { usdPerUnit } from '../../store/commit-facts';
import { databaseNow } from '../../store/clock';
import { webhookOf } from '../../store/confirmations';
import { setRequest } from '../../store/idempotency';
import { findOffer } from '../../store/offers';
import { findSession, type Session } from '../../store/sessions';
import { findDeal, findDealOfSession, type Deal } from '../../store/transactions';
import {
  SEARCH_ATTRIBUTES,
  sessionCommitted,
  transactionCommit,
  type CommitAnswer,
  type TransactionInput,
} from '../../workflows/messages';
import type { CommitRequest } from '../../domain/commit-request';
import { usdMinor } from '../../domain/clearing/exposure';
import { quote, type DealAmounts } from '../../domain/market/offer';
import { compareDecimals } from '../../domain/constraints';
import { consentProblem } from '../../domain/gate';
import { exponentOf, formatMoney } from '../../domain/money';
import { VERSION_1 } from '../../domain/versions';
import { confirmOrder, orRelease, type EndTurn } from '../confirmation';
import { route, type Answer, type Call, type Route } from '../route';
import { admitPayment, meansOfPayment, paymentWishes, type Means } from '../payments';
import { commitRequest, transactionResponse } from '../schemas/clearing';
import { commitResponse1 } from '../schemas/clearing-1';
import { sessionParams } from '../schemas/market';
import { transactionView } from '../views/clearing';
import { commitView1 } from '../views/clearing-1';
import { startAndAsk, tell } from '../workflows';
import {
  acceptPayment,
  isPaidWithCommit,
  paymentResponseHeaders,
  requirePayment,
  transactionUnderWay,
} from '../x402';

type Body = z.infer<typeof commitRequest>;
type CommitCall = Call<z.infer<typeof sessionParams>, unknown, Body>;

export const commitRoute: Route = route<z.infer<typeof sessionParams>, unknown, Body>({
  method: 'post',
  path: '/v1/sessions/:session_id/commit',
  summary: 'Commit to an offer; AURA clears the deal',
  tag: 'Clearing',
  access: ['scout'],
  scope: 'session:commit',
  params: sessionParams,
  body: commitRequest,
  response: {
    status: 201,
    schema: transactionResponse,
    version1: commitResponse1,
    description: 'The transaction',
  },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'PAYMENT_REQUIRED',
    'PAYMENT_INVALID',
    'PAYMENT_SIGNATURE_INVALID',
    'PAYMENT_AMOUNT_MISMATCH',
    'PAYMENT_NETWORK_MISMATCH',
    'PAYMENT_EXPIRED',
    'PAYMENT_DECLINED',
    'PAYMENT_ACTION_REQUIRED',
    'PAYMENT_ALREADY_USED',
    'BUSINESS_RULE_VIOLATION',
    'SESSION_NOT_FOUND',
    'OFFER_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'OFFER_EXPIRED',
    'OFFER_ALREADY_COMMITTED',
    'IDEMPOTENCY_CONFLICT',
    'BEACON_UNAVAILABLE',
    'SERVICE_UNAVAILABLE',
    'BEACON_TIMEOUT',
  ],
  creates: { kind: 'transaction', movesMoney: true },
  async admit(call) {
    admitPayment(call);
    if (!isPaidWithCommit(call.body) || (await transactionUnderWay(call))) return;
    const { quoted } = await refusePlainly(call, undefined);
    await requirePayment(call, quoted);
  },
  async handler(call) {
    const { body, deps, subjectId: transactionId } = call;
    const underWay = isPaidWithCommit(body) ? await transactionUnderWay(call) : undefined;
    const known = await findDeal(deps.db, underWay ?? transactionId);
    if (known) return answer(call, known);
    const plain = () => refusePlainly(call, transactionId);
    const read = await orRelease(deps.db, transactionId, plain);
    const means = await meansOfPayment(call, { quoted: read.quoted, beaconId: read.merchant.beaconId });
    const endTurn = await confirmed(call, read, plain);
    try {
      await runGate(call, read, means);
    } finally {
      await endTurn();
    }
    const deal = await findDeal(deps.db, transactionId);
    if (!deal) {
      throw new AuraError(
        'SERVICE_UNAVAILABLE',
        'The commit is not decided yet; try again with the same key.',
      );
    }
    return answer(call, deal);
  },
});

/** Has the merchant confirm the order, where it has a webhook. */
async function confirmed(
  { deps, body, agent, subjectId: transactionId }: CommitCall,
  { quoted, merchant, sessionId, now }: PlainlyRead,
  plain: () => Promise<PlainlyRead>,
): Promise<EndTurn> {
  const url = merchant.webhookUrl;
  if (url === null || !('amounts' in quoted) || gateWillRefuse(body, quoted.amounts, now))
    return async () => undefined;
  const order = {
    transactionId,
    sessionId,
    offerId: body.offer_id,
    beaconId: merchant.beaconId,
    scoutId: agent.id,
    url,
    version: merchant.version,
    quantity: body.quantity,
    amounts: quoted.amounts,
  };
  return orRelease(deps.db, transactionId, () => confirmOrder(deps, order, plain));
}

/** Starts the transaction and waits for the gate's answer; throws its refusal. */
async function runGate(call: CommitCall, { quoted, attributes }: PlainlyRead, means: Means): Promise<void> {
  const { params, body, agent, deps, subjectId: transactionId } = call;
  const mandateId = isPaidWithCommit(body)
    ? await acceptPayment(call, quoted, transactionId)
    : means.mandateId;
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
        { key: SEARCH_ATTRIBUTES.rail, value: means.rail ?? body.payment_method.type ?? 'negotiated' },
        { key: SEARCH_ATTRIBUTES.marketState, value: 'committed' },
      ],
    },
    transactionCommit,
    deps.config.commitWaitMs,
  );
  if (decided?.outcome === 'refused') throw toError(decided.refusal);
  // A session that does not hear of it sees it in the books when its window ends.
  void tell(deps.temporal, params.session_id, sessionCommitted).catch(() => undefined);
}

async function answer({ deps, agent, body, version }: CommitCall, deal: Deal): Promise<Answer> {
  const { db, x402 } = deps;
  const view = version === VERSION_1 ? await commitView1(db, deal) : await transactionView(db, deal, agent);
  if (!x402 || !isPaidWithCommit(body)) return { status: 201, body: view };
  return { status: 201, body: view, headers: await paymentResponseHeaders(db, x402, deal) };
}

type PlainlyRead = Awaited<ReturnType<typeof refusePlainly>>;

/**
 * What a plain read can refuse is refused at once, without a workflow. The gate decides again, under locks. Where a twin
 * of this commit has made the deal already nothing is refused.
 */
async function refusePlainly(
  { deps: { db }, params, body, agent }: Omit<CommitCall, 'subjectId'>,
  transactionId: string | undefined,
) {
  const session = await findSession(db, params.session_id);
  if (session?.scoutId !== agent.id) throw new AuraError('SESSION_NOT_FOUND');
  const offer = await findOffer(db, body.offer_id);
  if (offer?.sessionId !== session.id) throw new AuraError('OFFER_NOT_FOUND');
  const [now, deal, merchant, rate] = await Promise.all([
    databaseNow(db),
    findDealOfSession(db, session.id),
    webhookOf(db, offer.beaconId),
    usdPerUnit(db, offer.document.pricing.currency),
  ]);
  if (!deal || deal.id !== transactionId) refuseState(session, offer, deal, now);
  const quoted = quote(offer.document, body.quantity, body.shipping_preference);
  const asset = offer.document.pricing.currency;
  const usd =
    'amounts' in quoted && rate !== undefined
      ? usdMinor({ amountMinor: quoted.amounts.totalMinor, exponent: exponentOf(asset), usdPerUnit: rate })
      : 0n;
  const attributes = [
    { key: SEARCH_ATTRIBUTES.profile, value: session.profileId },
    { key: SEARCH_ATTRIBUTES.amountUsd, value: Number(usd) / 100 },
  ];
  return {
    attributes,
    quoted,
    merchant: { ...merchant, beaconId: offer.beaconId },
    sessionId: session.id,
    now,
  };
}

function refuseState(
  { marketState }: Session,
  offer: { id: string; validUntil: Date },
  deal: Deal | undefined,
  now: Date,
): void {
  if (now >= offer.validUntil) throw new AuraError('OFFER_EXPIRED');
  if (deal?.offerId === offer.id) throw new AuraError('OFFER_ALREADY_COMMITTED');
  const details = { status: marketState };
  if (deal)
    throw new AuraError('SESSION_STATE_CONFLICT', 'The session has committed to another offer.', details);
  if (marketState !== 'offers_available')
    throw new AuraError('SESSION_STATE_CONFLICT', `The session is ${marketState}.`, details);
}

/** What can no more become right: no merchant is asked about such an order, and the gate says what is wrong. */
function gateWillRefuse(body: Body, { asset, totalMinor }: DealAmounts, now: Date): boolean {
  const problem = consentProblem(body.consent, now);
  if (totalMinor <= 0n || problem?.reason === 'required' || problem?.reason === 'stale') return true;
  const { expected_total: expected } = body;
  const total = formatMoney({ amountMinor: totalMinor, asset });
  return expected !== undefined && compareDecimals(expected, total) !== 0;
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
      payment: paymentWishes(body),
      shippingPreference: body.shipping_preference,
      expectedTotal: body.expected_total,
    },
    mandateId,
    fallback: body.payment_method.fallback,
    buyerIdentity: body.buyer_identity,
    shippingAddress: body.shipping_address ?? null,
  };
}
