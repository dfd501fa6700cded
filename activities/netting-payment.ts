/** Payments of a netting cycle: a payer's position in, a payee's position out, and their answers from the rail. */
import { canonicalHash } from '../domain/canonical';
import { MAX_INSTRUCTIONS } from '../domain/clearing/exceptions';
import {
  netInProved,
  netOutProved,
  netOutToBalance,
  receiptSentBack,
  unknownReceipt,
} from '../domain/ledger/postings';
import type { SettlementProof, SignedInstruction } from '../domain/settlement';
import { inTransaction, rows, type Trx } from '../store/db';
import { resolveException } from '../store/exceptions';
import { instructionOf, lockInstruction, type StoredInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import type { NettingCycle } from '../store/netting';
import { insertNetPayment, lockNetPayment, setNetPayment, type NetPayment } from '../store/netting-payments';
import { findMandate, useMandate } from '../store/payment-accounts';
import { recordAudit } from '../store/states';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, atRailOf, instruct } from './instruct';
import { judgeAnswer, nativeProblems, type Judgement } from './judge';
import { stuck, type Asked, type Outgoing } from './outgoing';

type Order = Pick<NetPayment, 'id' | 'cycleId' | 'principalId' | 'direction' | 'amountMinor'> &
  Pick<NetPayment, 'rail' | 'asset' | 'mandateId' | 'accountId'>;

/** A net payer's part, drawn on its mandate. */
export async function orderNetIn(
  trx: Trx,
  deps: ActivityDeps,
  cycle: NettingCycle,
  payer: { principalId: string; mandateId: string; amountMinor: bigint },
): Promise<SignedInstruction> {
  if (!(await useMandate(trx, payer.mandateId, payer.amountMinor)))
    throw new Error(`${payer.mandateId} does not cover the position`);
  const payment = {
    ...payer,
    cycleId: cycle.id,
    generation: cycle.generation,
    direction: 'in' as const,
    accountId: null,
  };
  const id = await insertNetPayment(trx, payment);
  return order(trx, deps, { ...payment, id, rail: cycle.rail, asset: cycle.asset });
}

/** A net payee's part, to its account; without one at the rail it is the payee's free balance at once. */
export async function orderNetOut(
  trx: Trx,
  deps: ActivityDeps,
  cycle: NettingCycle,
  payee: { principalId: string; accountId: string | null; amountMinor: bigint },
): Promise<void> {
  const payment = {
    ...payee,
    cycleId: cycle.id,
    generation: cycle.generation,
    direction: 'out' as const,
    mandateId: null,
  };
  const id = await insertNetPayment(trx, payment);
  const { rail, asset } = cycle;
  if (payee.accountId !== null) await order(trx, deps, { ...payment, id, rail, asset });
  else await toBalance(trx, { ...payment, id, asset }, 'it has no account at the rail');
}

async function order(
  trx: Trx,
  deps: ActivityDeps,
  payment: Order,
  replaces?: string,
): Promise<SignedInstruction> {
  const mandate = payment.mandateId === null ? undefined : await findMandate(trx, payment.mandateId);
  const party = mandate
    ? { account_ref: mandate.accountId, mandate_ref: mandate.id }
    : { account_ref: payment.accountId ?? missing(payment.id) };
  return instruct(trx, deps, {
    kind: mandate ? 'net_in' : 'net_out',
    subjectId: payment.id,
    transactionId: null,
    rail: payment.rail,
    asset: payment.asset,
    amountMinor: payment.amountMinor,
    debtor: mandate ? party : AURA_ACCOUNT,
    creditor: mandate ? AURA_ACCOUNT : party,
    commitmentHash: canonicalHash({
      type: 'aura.net-payment.v1',
      payment_id: payment.id,
      cycle_id: payment.cycleId,
      principal_id: payment.principalId,
      direction: payment.direction,
      amount_minor: payment.amountMinor.toString(),
      asset: payment.asset,
    }),
    replaces,
  });
}

function missing(id: string): never {
  throw new Error(`${id} has no account`);
}

async function toBalance(
  trx: Trx,
  payment: Pick<NetPayment, 'id' | 'cycleId' | 'principalId' | 'asset' | 'amountMinor'>,
  cause: string,
): Promise<void> {
  await postEntries(trx, [netOutToBalance({ ...payment, paymentId: payment.id })]);
  await setNetPayment(trx, payment.id, { status: 'to_balance', cause });
  await recordAudit(trx, {
    actor: 'aura',
    action: 'netting.to_balance',
    subject: payment.id,
    detail: { cause },
  });
}

export interface SettleNetPayment extends Asked {
  paymentId: string;
}

export async function settleNetPayment(deps: ActivityDeps, input: SettleNetPayment): Promise<Outgoing> {
  const evidenceProblems = await nativeProblems(deps, input.answer);
  return inTransaction(deps.db, async (trx) => {
    const payment = await lockNetPayment(trx, input.paymentId);
    if (payment.status !== 'pending') return { next: 'done', status: payment.status };
    const stored = await lockInstruction(trx, input.instructionId);
    const judgement = await judgeAnswer(trx, stored, input.answer, {
      finalityAsked: 'provisional',
      railTerms: deps.railTerms,
      evidenceProblems,
    });
    if (stored.instruction.kind === 'return')
      return answerReturn(trx, deps, payment, stored, judgement, input);
    switch (judgement.verdict) {
      case 'executed':
        return prove(trx, deps, payment, judgement);
      case 'rejected':
        return fail(trx, payment, judgement.cause);
      case 'unreachable':
      case 'never_executed':
        return again(trx, deps, payment, input.instructionId, judgement);
      case 'nonconforming':
        if (payment.direction === 'in') {
          const back = await sendBack(trx, deps, payment, stored, judgement.proof);
          return { next: 'submit', instruction: back };
        }
        return wait(trx, deps, payment, stored, judgement, input);
      case 'pending':
      case 'unknown':
        return wait(trx, deps, payment, stored, judgement, input);
    }
  });
}

async function prove(
  trx: Trx,
  deps: ActivityDeps,
  payment: NetPayment,
  { match }: Extract<Judgement, { verdict: 'executed' }>,
): Promise<Outgoing> {
  const posting = { ...payment, paymentId: payment.id, ...atRailOf(deps, payment.rail, payment.asset) };
  const proved = payment.direction === 'in' ? netInProved(posting) : netOutProved(posting);
  await postEntries(trx, [proved, ...(match ? [match.entry] : [])]);
  await setNetPayment(trx, payment.id, { status: 'proved' });
  return end(trx, payment, 'proved', 'it executed');
}

/** A payer's cycle goes on without it; a payee's money is its free balance. */
async function fail(trx: Trx, payment: NetPayment, cause: string): Promise<Outgoing> {
  if (payment.direction === 'out') {
    await toBalance(trx, payment, cause);
    return end(trx, payment, 'to_balance', cause);
  }
  await useMandate(trx, payment.mandateId ?? missing(payment.id), -payment.amountMinor);
  await setNetPayment(trx, payment.id, { status: 'failed', cause });
  return end(trx, payment, 'failed', cause);
}

async function end(
  trx: Trx,
  payment: NetPayment,
  status: 'proved' | 'failed' | 'to_balance',
  cause: string,
): Promise<Outgoing> {
  await resolveException(trx, payment.id, cause);
  await recordAudit(trx, {
    actor: 'aura',
    action: `net_payment.${status}`,
    subject: payment.id,
    detail: { cycle_id: payment.cycleId, direction: payment.direction, cause },
  });
  return { next: 'done', status };
}

/** Nothing moved and nothing will: once more, a few times. */
async function again(
  trx: Trx,
  deps: ActivityDeps,
  payment: NetPayment,
  instructionId: string,
  judgement: Extract<Judgement, { verdict: 'unreachable' | 'never_executed' }>,
): Promise<Outgoing> {
  const kind = payment.direction === 'in' ? 'net_in' : 'net_out';
  const newest = await instructionOf(trx, payment.id, kind);
  // Run again after a crash, the successor is there already.
  if (newest && newest.instruction.instruction_id !== instructionId)
    return { next: 'submit', instruction: newest };
  const [tries] = await rows<{ count: string }>(
    trx,
    'SELECT count(*) FROM instructions WHERE subject_id = ? AND kind = ?',
    [payment.id, kind],
  );
  if (Number(tries?.count ?? 0) >= (MAX_INSTRUCTIONS[judgement.verdict] ?? 0))
    return fail(trx, payment, judgement.cause);
  return { next: 'submit', instruction: await order(trx, deps, payment, instructionId) };
}

async function sendBack(
  trx: Trx,
  deps: ActivityDeps,
  payment: NetPayment,
  { instruction: original }: StoredInstruction,
  { statement }: SettlementProof,
): Promise<SignedInstruction> {
  const known = await instructionOf(trx, payment.id, 'return');
  if (known) return known;
  const money = { asset: statement.asset, amountMinor: BigInt(statement.amount_minor) };
  const receipt = { receiptId: payment.id, rail: payment.rail, transactionId: null };
  await postEntries(trx, [unknownReceipt({ ...receipt, ...money })]);
  return instruct(trx, deps, {
    kind: 'return',
    subjectId: payment.id,
    transactionId: null,
    rail: payment.rail,
    ...money,
    debtor: AURA_ACCOUNT,
    creditor: { account_ref: original.debtor.account_ref },
    commitmentHash: original.commitment_hash,
    returnsReference: statement.reference,
  });
}

/** Money that came otherwise than instructed is on its way back; the payer has not paid. */
async function answerReturn(
  trx: Trx,
  deps: ActivityDeps,
  payment: NetPayment,
  stored: StoredInstruction,
  judgement: Judgement,
  asked: SettleNetPayment,
): Promise<Outgoing> {
  if (judgement.verdict === 'executed') {
    const { asset, amount_minor } = stored.instruction;
    const receipt = { receiptId: payment.id, rail: payment.rail, transactionId: null };
    await postEntries(trx, [
      receiptSentBack({ ...receipt, asset, amountMinor: BigInt(amount_minor) }),
      ...(judgement.match ? [judgement.match.entry] : []),
    ]);
    return fail(trx, payment, 'the rail moved another amount; it was sent back');
  }
  return wait(trx, deps, payment, stored, stillOpen(judgement), asked);
}

type Open = Extract<Judgement, { verdict: 'pending' | 'unknown' | 'nonconforming' }>;

/** A return that did not go through leaves its money in suspense until an operator finds a way. */
function stillOpen(judgement: Exclude<Judgement, { verdict: 'executed' }>): Open {
  switch (judgement.verdict) {
    case 'rejected':
    case 'unreachable':
    case 'never_executed':
      return { verdict: 'unknown', why: 'bad_proof', cause: judgement.cause };
    default:
      return judgement;
  }
}

function wait(
  trx: Trx,
  deps: ActivityDeps,
  payment: NetPayment,
  stored: StoredInstruction,
  judgement: Open,
  { workflowId, inquiries }: SettleNetPayment,
): Promise<Outgoing> {
  const about = { subjectId: payment.id, transactionId: null, workflowId, judgement, inquiries };
  return stuck(trx, deps, stored, about);
}
