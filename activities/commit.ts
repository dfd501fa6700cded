/** The commit: gate, T3, and as far towards the rail as margin allows, in one database transaction. */
import { canonicalHash } from '../domain/canonical';
import type { CommitRequest } from '../domain/commit-request';
import { commitmentHash } from '../domain/clearing/commitment';
import type { Refusal } from '../domain/errors';
import { runGate, type GateDecision, type GateStepRecord } from '../domain/gate';
import { verifySignature } from '../domain/keys';
import { violationEvent, type PolicyDecision } from '../domain/policies';
import { sha256Hex, type SignedInstruction } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import { releaseOrder } from '../store/confirmations';
import { delegationSpent, pairHistory, partyFacts, railOptions, usdPerUnit } from '../store/commit-facts';
import { inTransaction, type Trx } from '../store/db';
import { lockKeyOf, setOutcome } from '../store/idempotency';
import { instructionOf } from '../store/instructions';
import { nettingOf } from '../store/netting';
import { offerForGate, type OfferForGate } from '../store/offers';
import { lastFourOf, useMandate } from '../store/payment-accounts';
import { declaredBy } from '../store/payment-capabilities';
import { lockPrincipals, type Principal } from '../store/principals';
import { lockSession, type Session } from '../store/sessions';
import { hasStep, recordAudit, recordChange, recordEvents } from '../store/states';
import { insertMargins } from '../store/margins';
import {
  findDeal,
  findDealOfSession,
  insertExposures,
  insertTransaction,
  lockDeal,
} from '../store/transactions';
import { advanceToSettling } from './authorize';
import { commitPolicy } from './commit-policy';
import { committed } from './commit-told';
import type { ActivityDeps } from './deps';

export type CommitResult =
  | { outcome: 'refused'; refusal: Refusal }
  | { outcome: 'instructed'; sessionId: string; instruction: SignedInstruction }
  /** Authorized, and paid by the close of a netting cycle. */
  | { outcome: 'netted'; sessionId: string }
  | { outcome: 'margin_called'; sessionId: string; forMs: number };

export function commitActivities(deps: ActivityDeps) {
  return {
    async commitDeal({ transactionId }: { transactionId: string }): Promise<CommitResult> {
      return inTransaction(deps.db, async (trx) => {
        const [record, known] = await Promise.all([
          lockKeyOf(trx, transactionId),
          findDeal(trx, transactionId),
        ]);
        if (!record) throw new Error(`no commit was stored for ${transactionId}`);
        if (record.outcome && 'refusal' in record.outcome)
          return { outcome: 'refused', refusal: record.outcome.refusal };
        if (known) return repeated(trx, transactionId);
        return decide(trx, transactionId, record.request as CommitRequest);
      });
    },
  };

  async function decide(trx: Trx, transactionId: string, request: CommitRequest): Promise<CommitResult> {
    const [session, offer] = await Promise.all([
      lockSession(trx, request.sessionId),
      offerForGate(trx, request.terms.offerId),
    ]);
    const principals = await lockPrincipals(trx, [
      session.principalId,
      ...(offer ? [offer.principalId] : []),
    ]);
    const facts = await gateFacts(trx, deps, session, offer, principals, request);
    const gate = runGate(facts);
    if (!gate.passed) return refuse(trx, transactionId, request, gate.refusal, gate.steps, facts.policy);
    await Promise.all([
      store(trx, deps, transactionId, session, offer as OfferForGate, request, gate.decision, gate.steps),
      setOutcome(trx, transactionId, { status: 201, body: null }),
    ]);
    return advanceToSettling(trx, deps, await lockDeal(trx, transactionId), { isCommit: true });
  }
}

/** The answer of a commit that ran before a crash. */
async function repeated(trx: Trx, transactionId: string): Promise<CommitResult> {
  const deal = await lockDeal(trx, transactionId);
  if (await nettingOf(trx, transactionId)) return { outcome: 'netted', sessionId: deal.sessionId };
  const instruction = await instructionOf(trx, transactionId, 'pay_in');
  if (instruction && (await hasStep(trx, deal.sessionId, 'T20'))) {
    return { outcome: 'instructed', sessionId: deal.sessionId, instruction };
  }
  const now = await databaseNow(trx);
  const until = deal.marginCallUntil ?? now;
  return {
    outcome: 'margin_called',
    sessionId: deal.sessionId,
    forMs: Math.max(0, until.getTime() - now.getTime()),
  };
}

async function refuse(
  trx: Trx,
  transactionId: string,
  request: CommitRequest,
  why: Refusal,
  steps: GateStepRecord[],
  policy: PolicyDecision,
): Promise<CommitResult> {
  await setOutcome(trx, transactionId, { refusal: why });
  await releaseOrder(trx, transactionId);
  await recordAudit(trx, {
    actor: request.scoutId,
    action: 'commit.refused',
    subject: request.sessionId,
    detail: {
      transaction_id: transactionId,
      offer_id: request.terms.offerId,
      code: why.code,
      details: why.details,
      steps,
    },
  });
  if (policy.refusals.length > 0 && why.details.policy_id !== undefined) {
    const { sessionId, scoutId: agentId, terms } = request;
    const { refusals } = policy;
    await recordEvents(trx, [violationEvent({ agentId, sessionId, offerId: terms.offerId, refusals })]);
  }
  return { outcome: 'refused', refusal: why };
}

async function gateFacts(
  trx: Trx,
  deps: ActivityDeps,
  session: Session,
  offer: OfferForGate | undefined,
  principals: Map<string, Principal>,
  request: CommitRequest,
) {
  const { terms, mandateId, fallback } = request;
  const buyer = principals.get(session.principalId);
  if (!buyer) throw new Error(`no principal ${session.principalId}`);
  const seller = offer && principals.get(offer.principalId);
  const asset = offer?.document.pricing.currency ?? 'USD';
  const parties = [
    { agentId: session.scoutId, principal: buyer },
    ...(offer && seller ? [{ agentId: offer.beaconId, principal: seller }] : []),
  ];
  const delegationId =
    terms.authority.kind === 'delegated' ? terms.authority.credential.delegation.delegation_id : null;
  const [[buyerFacts, sellerFacts], now, dealOfSession, spent, rails, payment, pair, policy, rate] =
    await Promise.all([
      partyFacts(trx, parties, asset),
      databaseNow(trx),
      findDealOfSession(trx, session.id),
      delegationId ? delegationSpent(trx, delegationId) : 0n,
      seller
        ? railOptions(trx, deps.railTerms, {
            buyerPrincipalId: buyer.id,
            sellerPrincipalId: seller.id,
            asset,
            mandateId,
            fallback: fallback ?? mandateId === undefined,
          })
        : [],
      declaredBy(trx, { scoutId: session.scoutId, beaconId: offer?.beaconId }),
      seller ? pairHistory(trx, buyer.id, seller.id) : { undisputedDeals: 0, openDisputes: 0 },
      commitPolicy(trx, deps.policies, session, offer, request),
      usdPerUnit(trx, asset),
    ]);
  if (!buyerFacts) throw new Error(`no facts of ${session.scoutId}`);
  return {
    now,
    session: {
      id: session.id,
      market: session.marketState,
      committedOfferId: dealOfSession?.offerId ?? null,
      constraints: session.interpretation?.constraints ?? session.asked.constraints,
    },
    profile: deps.profiles[session.profileId],
    offer: offer && {
      id: offer.id,
      sessionId: offer.sessionId,
      beaconId: offer.beaconId,
      document: offer.document,
      validUntil: offer.validUntil,
      committed: offer.committed,
      signatureVerifies:
        offer.keyValidTo === null && verifySignature(offer.publicKey, offer.signedBytes, offer.signature),
    },
    terms,
    buyer: buyerFacts,
    seller: sellerFacts,
    buyerPrincipalKey: buyer.publicKey,
    delegationSpentMinor: spent,
    rails,
    payment,
    pair,
    policy,
    usdPerUnit: rate,
  };
}

async function store(
  trx: Trx,
  deps: ActivityDeps,
  transactionId: string,
  session: Session,
  offer: OfferForGate,
  request: CommitRequest,
  decision: GateDecision,
  gate: GateStepRecord[],
): Promise<void> {
  const { amounts, feeMinor, rails, totalUsdMinor, margins, risk } = decision;
  const [first] = rails;
  if (!first?.mandateRef) throw new Error('the gate passed without a mandate');
  const parties = {
    scoutId: session.scoutId,
    beaconId: offer.beaconId,
    buyerPrincipalId: session.principalId,
    sellerPrincipalId: offer.principalId,
  };
  const profile = deps.profiles[session.profileId];
  const { terms } = request;
  const [lastFour, told] = await Promise.all([
    first.rail === 'card' ? lastFourOf(trx, first.mandateRef) : {},
    committed(trx, { transactionId, session, offer, totalUsdMinor, rail: first.rail }),
  ]);
  // It waits for its data key, and what follows refers to it.
  await insertTransaction(trx, {
    id: transactionId,
    sessionId: session.id,
    offerId: offer.id,
    ...parties,
    profileId: profile.id,
    profileVersion: profile.version,
    quantity: terms.quantity,
    amounts,
    totalUsdMinor,
    feeMinor,
    commitmentHash: commitmentHash({
      transactionId,
      sessionId: session.id,
      offerId: offer.id,
      offerHash: sha256Hex(offer.signedBytes),
      ...parties,
      quantity: terms.quantity,
      amounts,
      feeMinor,
      rails: rails.map(({ rail }) => rail),
      consentHash: canonicalHash(terms.consent),
      profile: { id: profile.id, version: profile.version },
    }),
    consent: terms.consent,
    buyerIdentity: request.buyerIdentity,
    shippingAddress: request.shippingAddress,
    delegationId:
      terms.authority.kind === 'delegated' ? terms.authority.credential.delegation.delegation_id : null,
    rails: rails.map(({ rail }) => rail),
    rail: first.rail,
    mandateId: first.mandateRef,
    railPlan: rails.map(({ rail, mandateRef }) => ({ rail, mandate_id: mandateRef ?? '' })),
    payment: { ...decision.payment, ...lastFour },
    gate,
    risk,
  });
  const exposed = insertExposures(
    trx,
    { transactionId, asset: amounts.asset, amountMinor: amounts.totalMinor, usdMinor: totalUsdMinor },
    [
      { role: 'buyer', principalId: session.principalId, agentId: session.scoutId },
      { role: 'seller', principalId: offer.principalId, agentId: offer.beaconId },
    ],
  );
  const margined = insertMargins(trx, transactionId, amounts.asset, [
    { role: 'buyer', principalId: session.principalId, requiredMinor: margins.buyerMinor },
    { role: 'seller', principalId: offer.principalId, requiredMinor: margins.sellerMinor },
  ]);
  const used = useMandate(trx, first.mandateRef, amounts.totalMinor);
  const changed = recordChange(trx, {
    sessionId: session.id,
    transactionId,
    state: { market: session.marketState, clearing: null },
    steps: [{ transition: 'T3' }, { transition: 'T18', detail: { ...risk } }],
    actor: session.scoutId,
    events: [
      {
        type: 'session.committed',
        correlationId: session.id,
        payload: told,
      },
      {
        type: 'transaction.initiated',
        correlationId: session.id,
        payload: {
          session_id: session.id,
          transaction_id: transactionId,
          offer_id: offer.id,
          beacon_id: offer.beaconId,
          scout_id: session.scoutId,
        },
      },
      {
        type: 'transaction.risk_assessed',
        correlationId: session.id,
        payload: { session_id: session.id, transaction_id: transactionId },
      },
    ],
    audit: { action: 'commit.passed', detail: { offer_id: offer.id, steps: gate } },
  });
  const [covered] = await Promise.all([used, exposed, margined, changed]);
  // The gate saw that it covers the total, and the payer's row has been locked since.
  if (!covered) throw new Error('the mandate ran out');
}
