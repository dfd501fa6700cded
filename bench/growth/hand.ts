/** The clearinghouse worked by hand: what the API stores and the workflows call, on a database alone. */
import { createActivities, type ActivityDeps } from '../../activities';
import { createEmbedder } from '../../domain/embedding';
import { newId } from '../../domain/ids';
import { createRuleInterpreter } from '../../domain/interpretation';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import { offerSigningBytes, type OfferDocument } from '../../domain/market/offer';
import { parseMoney } from '../../domain/money';
import { createPolicyEngine } from '../../domain/policies';
import { PROFILES } from '../../domain/profiles';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { isIncoming, sha256Hex, signProof, type Instruction, type RailAnswer } from '../../domain/settlement';
import { inTransaction, type Db } from '../../store/db';
import { insertFulfilment } from '../../store/fulfilments';
import { claimKey, setRequest } from '../../store/idempotency';
import { claimTransmission } from '../../store/instructions';
import { insertOffers } from '../../store/offers';
import { insertSession, markAnswered } from '../../store/sessions';
import { recordAudit, recordEvents } from '../../store/states';
import { registerRailKey } from '../../store/trust';
import type { TestAgent } from '../../test/support/factories';
import { aFullOffer } from '../rule-inputs';
import { consentGiven } from '../../test/support/consent';

export const RAIL = 'rtp';
export const INTENT = 'I need wireless over-ear headphones for my commute, at most 400 dollars';
const HOUR_MS = 3_600_000;

export interface Buyer {
  scout: TestAgent;
  mandateId: string;
}

export interface Hand {
  db: Db;
  activities: ReturnType<typeof createActivities>;
  railSigner: Signer;
  embedding: readonly number[];
}

export async function handOver(db: Db): Promise<Hand> {
  const railKey = generateKeyPair();
  const keyId = 'rail-rtp-bench';
  await registerRailKey(db, { keyId, rail: RAIL, publicKey: railKey.publicKey });
  // Older than the oldest deal that will be stored.
  await db.raw(`UPDATE rail_keys SET valid_from = now() - interval '10 years' WHERE key_id = ?`, [keyId]);
  const embedder = createEmbedder();
  const deps: ActivityDeps = {
    db,
    signer: createSigner(generateKeyPair().privateKeyPem, 'aura'),
    interpreter: createRuleInterpreter(),
    embedder,
    railTerms: RAIL_TERMS,
    profiles: PROFILES,
    policies: createPolicyEngine(),
  };
  return {
    db,
    activities: createActivities(deps),
    railSigner: createSigner(railKey.privateKeyPem, keyId),
    embedding: embedder.embed('Closed headphones with active noise cancellation for commuters'),
  };
}

/** A session as `POST /v1/sessions` stores it, opened as its workflow does. Answers whom it asked. */
export async function openSession({ db, activities }: Hand, { scout }: Buyer): Promise<string> {
  const id = newId('session');
  const key = { agentId: scout.id, key: id, operation: 'POST /v1/sessions', bodyHash: sha256Hex(id) };
  await claimKey(db, { ...key, subjectId: id, request: null, movesMoney: false });
  await inTransaction(db, async (trx) => {
    await insertSession(trx, {
      id,
      scoutId: scout.id,
      principalId: scout.principal.id,
      profileId: 'retail',
      profileVersion: PROFILES.retail.version,
      rawIntent: INTENT,
      asked: { constraints: {}, preferences: {} },
      maxOffers: 10,
      offerTimeoutMs: 120_000,
    });
    const payload = { session_id: id, scout_id: scout.id, profile_id: 'retail' };
    await recordEvents(trx, [{ type: 'session.created', correlationId: id, payload }]);
    await recordAudit(trx, { actor: scout.id, action: 'session.created', subject: id, detail: payload });
  });
  const { state } = await activities.openSession({ sessionId: id });
  if (state !== 'collecting_offers') throw new Error(`session ${id} is ${state}`);
  return id;
}

/** One offer of each of these sellers, ranked. Answers the first seller's. */
export async function rankedOffer(
  hand: Hand,
  sessionId: string,
  beacons: readonly TestAgent[],
): Promise<string> {
  const offerId = await offer(hand, sessionId, beacons);
  const { state } = await hand.activities.rankSession({ sessionId });
  if (state !== 'offers_available') throw new Error(`session ${sessionId} is ${state}`);
  return offerId;
}

/** One offer of each of these sellers. Answers the first seller's. */
export async function offer(
  { db, embedding }: Hand,
  sessionId: string,
  beacons: readonly TestAgent[],
): Promise<string> {
  const offers = beacons.map((beacon, index) => {
    const document: OfferDocument = {
      ...aFullOffer(index),
      valid_until: new Date(Date.now() + HOUR_MS).toISOString(),
    };
    document.pricing.offer_price = '20.00';
    const signedBytes = offerSigningBytes({ sessionId, beaconId: beacon.id, offer: document });
    return {
      id: newId('offer'),
      sessionId,
      beaconId: beacon.id,
      principalId: beacon.principal.id,
      document,
      signedBytes,
      signature: beacon.signer.sign(signedBytes),
      keyId: beacon.keyId,
      asset: 'USD',
      unitPriceMinor: parseMoney('20.00', 'USD').amountMinor,
      embedding,
      validUntil: new Date(document.valid_until),
    };
  });
  await inTransaction(db, async (trx) => {
    await insertOffers(trx, offers);
    for (const { id, beaconId } of offers) {
      await markAnswered(trx, sessionId, beaconId, 'offered');
      const payload = { session_id: sessionId, offer_id: id, beacon_id: beaconId };
      await recordEvents(trx, [
        { type: 'offer.received', correlationId: sessionId, payload },
        { type: 'offer.validated', correlationId: sessionId, payload },
      ]);
    }
  });
  return offers[0]?.id ?? '';
}

/** The gate, margin, novation and the signed instruction. */
export async function commit({ db, activities }: Hand, buyer: Buyer, sessionId: string, offerId: string) {
  const transactionId = newId('transaction');
  const request = {
    sessionId,
    scoutId: buyer.scout.id,
    terms: {
      offerId,
      quantity: 1,
      authority: { kind: 'owner' },
      consent: consentGiven(),
    },
    mandateId: buyer.mandateId,
    buyerIdentity: { name: 'Jane Doe' },
    shippingAddress: null,
  };
  const key = { agentId: buyer.scout.id, key: transactionId, operation: 'commit' };
  await claimKey(db, {
    ...key,
    bodyHash: sha256Hex(transactionId),
    subjectId: transactionId,
    request: null,
    movesMoney: true,
  });
  await setRequest(db, transactionId, request);
  const result = await activities.commitDeal({ transactionId });
  if (result.outcome !== 'instructed') throw new Error(JSON.stringify(result));
  return { transactionId, instruction: result.instruction.instruction };
}

/** The rail's proof judged, settled and cleared. */
export async function settle(
  hand: Hand,
  { transactionId, instruction }: Awaited<ReturnType<typeof commit>>,
): Promise<void> {
  await claimTransmission(hand.db, instruction.instruction_id, 'bench');
  const answer = executed(hand.railSigner, instruction);
  const asked = { transactionId, instructionId: instruction.instruction_id, inquiries: 0 };
  const { next } = await hand.activities.settleDeal({ ...asked, answer });
  if (next !== 'settled') throw new Error(`${transactionId}: ${next}`);
}

/** Delivered, released to the seller and paid out. */
export async function complete(hand: Hand, transactionId: string, beacon: TestAgent): Promise<void> {
  const report = { transactionId, status: 'delivered', reportedBy: beacon.id, evidence: {} };
  await inTransaction(hand.db, (trx) => insertFulfilment(trx, report));
  const { market } = await hand.activities.advanceDeal({ transactionId });
  if (market !== 'completed') throw new Error(`${transactionId} is ${market}`);
  const prepared = await hand.activities.preparePayout({ transactionId });
  if (prepared.outcome !== 'instructed') throw new Error(prepared.reason);
  const { payoutId, instruction } = prepared;
  await claimTransmission(hand.db, instruction.instruction.instruction_id, 'bench');
  await hand.activities.settlePayout({
    workflowId: payoutId,
    payoutId,
    instructionId: instruction.instruction.instruction_id,
    answer: executed(hand.railSigner, instruction.instruction),
    inquiries: 0,
  });
}

function executed(signer: Signer, instruction: Instruction): RailAnswer {
  const at = new Date(Date.parse(instruction.created_at) + 1).toISOString();
  const evidence = evidenceOf(instruction.instruction_id);
  const booked = {
    rail: instruction.rail,
    network: 'sandbox',
    reference: `REF-${instruction.instruction_id}`,
    line: '0',
    business_date: at.slice(0, 10),
    amount_minor: instruction.amount_minor,
    asset: instruction.asset,
    instruction_id: instruction.instruction_id,
  };
  const statement = {
    ...booked,
    type: 'aura.settlement-proof.v1' as const,
    commitment_hash: instruction.commitment_hash,
    finality: RAIL_TERMS[instruction.rail].finality,
    executed_at: at,
    evidence_format: 'bench',
    evidence_sha256: sha256Hex(evidence),
  };
  const direction = isIncoming(instruction.kind) ? ('credit' as const) : ('debit' as const);
  const line = { ...booked, direction, fee_minor: '0', booked_at: at, source_format: 'bench' };
  return { outcome: 'executed', proof: signProof(statement, evidence, signer), lines: [line] };
}

/** About as long as a network's own message. */
function evidenceOf(instructionId: string): string {
  return `<Document><OrgnlTxId>${instructionId}</OrgnlTxId>${'<TxSts>ACSC</TxSts>'.repeat(40)}</Document>`;
}
