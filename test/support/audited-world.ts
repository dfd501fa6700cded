/**
 * A small clearinghouse that keeps its laws: deals taken through the very activities that workflows call, with answers
 * of rails that a test signs. What a test breaks afterwards is all that an audit may find.
 */
import { createActivities, type ActivityDeps } from '../../activities';
import { advanceToSettling } from '../../activities/authorize';
import { createEmbedder } from '../../domain/embedding';
import { newId } from '../../domain/ids';
import { createRuleInterpreter } from '../../domain/interpretation';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import { createPolicyEngine } from '../../domain/policies';
import { PROFILES } from '../../domain/profiles';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  isIncoming,
  sha256Hex,
  signNotice,
  signProof,
  type Instruction,
  type ProofStatement,
  type RailAnswer,
  type RailName,
  type StatementLine,
} from '../../domain/settlement';
import { TOLD_BY } from '../../store/audit/told';
import { inTransaction, rows, type Db } from '../../store/db';
import { insertFulfilment } from '../../store/fulfilments';
import { findProof, instructionOf } from '../../store/instructions';
import { storeNotices } from '../../store/notices';
import { registerRailKey } from '../../store/trust';
import { lockDeal } from '../../store/transactions';
import { aBeacon, aDeal, anAccount, aSession, fund, usd } from './factories';

export interface AuditedWorld {
  /** Delivered, released and paid out over rtp. */
  sold: string;
  /** Half of it refunded. */
  refunded: string;
  /** Delivered, and then returned by the bank; its seller owes AURA a part of it. */
  reversed: string;
  /** Paid in a stablecoin, and on no statement yet. */
  pegged: string;
  /** Committed, and no more. */
  open: string;
  sessionId: string;
}

type Activities = ReturnType<typeof createActivities>;

export interface Stage {
  db: Db;
  deps: ActivityDeps;
  activities: Activities;
  signers: ReadonlyMap<RailName, Signer>;
}

export async function anAuditedWorld(db: Db): Promise<AuditedWorld> {
  const stage = await setStage(db);
  const sold = await deliver(stage, await settle(stage, 'rtp'));
  await payOut(stage, sold);
  const refunded = await settle(stage, 'rtp');
  await refundHalf(stage, refunded);
  const reversed = await deliver(stage, await settle(stage, 'ach'));
  await takeBack(stage, reversed);
  const pegged = await settle(stage, 'stablecoin', { line: false });
  const open = (await aDeal(db)).id;
  const { id: sessionId } = await aSession(db, { at: 'collecting_offers' });
  await tellWhatFactoriesDidNot(db);
  return { sold, refunded, reversed, pegged, open, sessionId };
}

export async function setStage(db: Db): Promise<Stage> {
  const signers = new Map<RailName, Signer>();
  for (const rail of ['rtp', 'ach', 'stablecoin'] as const) {
    const { privateKeyPem, publicKey } = generateKeyPair();
    signers.set(rail, createSigner(privateKeyPem, `rail-${rail}`));
    await registerRailKey(db, { keyId: `rail-${rail}`, rail, publicKey });
  }
  const deps: ActivityDeps = {
    db,
    signer: createSigner(generateKeyPair().privateKeyPem, 'aura'),
    interpreter: createRuleInterpreter(),
    embedder: createEmbedder(),
    railTerms: RAIL_TERMS,
    profiles: PROFILES,
    policies: createPolicyEngine(),
  };
  return { db, deps, activities: createActivities(deps), signers };
}

/** A deal of 100.00 that its rail has settled, with a seller that put up 5.00 and can be paid over rtp. */
export async function settle(stage: Stage, rail: RailName, { line = true } = {}): Promise<string> {
  const { db, deps, activities } = stage;
  const beacon = await aBeacon(db);
  const at = { market: 'committed', clearing: 'risk_assessed' } as const;
  const deal = await aDeal(db, { at, amount: usd('100.00'), fee: usd('1.00'), beacon });
  await fund(db, beacon.principal, usd('20.00'));
  await anAccount(db, { principal: beacon.principal });
  await db('margins').where({ transaction_id: deal.id, role: 'seller' }).update({ required_minor: '500' });
  await db('transactions').where({ id: deal.id }).update({ rail });
  const advanced = await inTransaction(db, async (trx) =>
    advanceToSettling(trx, deps, await lockDeal(trx, deal.id), { isCommit: true }),
  );
  if (advanced.outcome !== 'instructed') throw new Error(advanced.outcome);
  const { instruction } = advanced.instruction;
  const asked = { transactionId: deal.id, instructionId: instruction.instruction_id, inquiries: 0 };
  const settled = await activities.settleDeal({ ...asked, answer: executed(stage, instruction, line) });
  if (settled.next !== 'settled') throw new Error(settled.next);
  return deal.id;
}

export async function deliver({ db, activities }: Stage, transactionId: string): Promise<string> {
  const [deal] = await rows<{ beacon: string }>(
    db,
    'SELECT beacon_id AS beacon FROM transactions WHERE id = ?',
    [transactionId],
  );
  const report = { transactionId, status: 'delivered', reportedBy: deal?.beacon ?? '', evidence: {} };
  await inTransaction(db, (trx) => insertFulfilment(trx, report));
  const { market } = await activities.advanceDeal({ transactionId });
  if (market !== 'completed') throw new Error(`${transactionId} is ${market}`);
  return transactionId;
}

export async function payOut(stage: Stage, transactionId: string, amountMinor?: string): Promise<void> {
  const prepared = await stage.activities.preparePayout({ transactionId });
  if (prepared.outcome !== 'instructed') throw new Error(prepared.reason);
  const { payoutId, instruction: signed } = prepared;
  const { instruction_id: instructionId } = signed.instruction;
  const answer = executed(stage, signed.instruction, true, amountMinor);
  await stage.activities.settlePayout({
    workflowId: payoutId,
    payoutId,
    instructionId,
    answer,
    inquiries: 0,
  });
}

export async function refundHalf(stage: Stage, transactionId: string, amountMinor?: string): Promise<void> {
  const refundId = newId('refund');
  const order = { transactionId, amountMinor: '5000', reason: 'scratched', requestedBy: 'seller' };
  await stage.activities.decideRefund({ refundId, order });
  const prepared = await stage.activities.prepareRefund({ refundId });
  if (prepared.outcome !== 'instructed') throw new Error(prepared.outcome);
  const { instruction } = prepared.instruction;
  const asked = { workflowId: refundId, refundId, instructionId: instruction.instruction_id, inquiries: 0 };
  await stage.activities.settleRefund({ ...asked, answer: executed(stage, instruction, false, amountMinor) });
}

/** The seller has spent most of what it was given: its margin and the rest of its balance cover a part. */
async function takeBack({ db, activities, signers }: Stage, transactionId: string): Promise<void> {
  await activities.preparePayout({ transactionId });
  const signer = signers.get('ach');
  const payIn = await instructionOf(db, transactionId, 'pay_in');
  const proof = payIn && (await findProof(db, payIn.instruction.instruction_id));
  if (!payIn || !proof || !signer) throw new Error(`${transactionId} was not paid over ach`);
  const { instruction } = payIn;
  const evidence = '799R10';
  const statement = {
    type: 'aura.rail-notice.v1' as const,
    rail: instruction.rail,
    network: 'sandbox',
    notice_id: newId('notice'),
    kind: 'return' as const,
    instruction_id: instruction.instruction_id,
    original_reference: proof.statement.reference,
    amount_minor: instruction.amount_minor,
    asset: instruction.asset,
    fee_minor: '0',
    reason_code: 'R10',
    reason: 'not authorized',
    reference: `RET-${instruction.instruction_id}`,
    line: '0',
    business_date: proof.statement.business_date,
    occurred_at: new Date().toISOString(),
    evidence_format: 'test',
    evidence_sha256: sha256Hex(evidence),
  };
  await inTransaction(db, (trx) => storeNotices(trx, [signNotice(statement, evidence, signer)]));
  for (const noticeId of await activities.openNotices({ rail: 'ach' }))
    await activities.applyNotice({ noticeId });
}

/** A rail's answer that it did as instructed, or with another amount, and the line of its statement where it is there already. */
function executed(
  { signers }: Stage,
  instruction: Instruction,
  line: boolean,
  amountMinor = instruction.amount_minor,
): RailAnswer {
  const at = new Date(Date.parse(instruction.created_at) + 1).toISOString();
  const evidence = `done ${instruction.instruction_id}`;
  const signer = signers.get(instruction.rail);
  if (!signer) throw new Error(`no key of ${instruction.rail}`);
  const booked = {
    rail: instruction.rail,
    network: 'sandbox',
    reference: `REF-${instruction.instruction_id}`,
    line: '0',
    business_date: at.slice(0, 10),
    amount_minor: amountMinor,
    asset: instruction.asset,
    instruction_id: instruction.instruction_id,
  };
  const statement: ProofStatement = {
    ...booked,
    type: 'aura.settlement-proof.v1',
    commitment_hash: instruction.commitment_hash,
    finality: RAIL_TERMS[instruction.rail].finality,
    executed_at: at,
    evidence_format: 'test',
    evidence_sha256: sha256Hex(evidence),
  };
  const direction = isIncoming(instruction.kind) ? ('credit' as const) : ('debit' as const);
  const lines: StatementLine[] = line
    ? [{ ...booked, direction, fee_minor: '0', booked_at: at, source_format: 'test' }]
    : [];
  return { outcome: 'executed', proof: signProof(statement, evidence, signer), lines };
}

/** Factories take a deal to its commitment without the events that the API and its workflows write. */
export async function tellWhatFactoriesDidNot(db: Db): Promise<void> {
  const steps = await rows<{ transition: keyof typeof TOLD_BY; session: string }>(
    db,
    `SELECT transition, session_id AS session FROM state_history
     WHERE actor = 'test' AND (transition <> 'T1' OR to_state = 'collecting_offers')`,
  );
  for (const { transition, session } of steps) {
    const type = TOLD_BY[transition];
    if (type) await db('outbox').insert({ id: newId('event'), type, correlation_id: session, payload: '{}' });
  }
}
