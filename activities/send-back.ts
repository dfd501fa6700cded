/** Money that came otherwise than instructed: into suspense, and back to where it came from. */
import { MAX_INSTRUCTIONS } from '../domain/clearing/exceptions';
import { unknownReceipt } from '../domain/ledger/postings';
import type { SignedInstruction } from '../domain/settlement';
import { rows, type Trx } from '../store/db';
import { findProof, instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { recordAudit } from '../store/states';
import type { Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { raise } from './exception';
import { AURA_ACCOUNT, instruct } from './instruct';
import type { Judgement } from './judge';

export async function sendBack(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  order:
    | { again: true }
    | { again?: false; instructionId: string; judgement: Extract<Judgement, { verdict: 'nonconforming' }> },
): Promise<SignedInstruction> {
  const pastReturn = await instructionOf(trx, deal.id, 'return');
  const received = order.again ? await instructionOf(trx, deal.id, 'pay_in') : undefined;
  const instructionId = order.again ? received?.instruction.instruction_id : order.instructionId;
  if (instructionId === undefined) throw new Error(`nothing to send back of ${deal.id}`);
  const { instruction: original } = await lockInstruction(trx, instructionId);
  const statement = order.again
    ? (await findProof(trx, instructionId))?.statement
    : order.judgement.proof.statement;
  if (!statement) throw new Error(`no proof of ${instructionId}`);
  const money = { asset: statement.asset, amountMinor: BigInt(statement.amount_minor) };
  const instruction = await instruct(trx, deps, {
    kind: 'return',
    subjectId: deal.id,
    transactionId: deal.id,
    rail: original.rail,
    ...money,
    debtor: AURA_ACCOUNT,
    creditor: { account_ref: original.debtor.account_ref },
    commitmentHash: deal.commitmentHash,
    returnsReference: statement.reference,
    replaces: pastReturn?.instruction.instruction_id,
  });
  await postEntries(trx, [
    unknownReceipt({ receiptId: deal.id, rail: original.rail, transactionId: deal.id, ...money }),
  ]);
  return instruction;
}

/**
 * The return that counts instead of one that will never execute: its successor, or a new one while the bound allows. A
 * return that the rail refused has no successor unless an operator orders one. Undefined where only an operator can help.
 */
export async function successorOf(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { instructionId, judgement, inquiries }: { instructionId: string; judgement: Judgement; inquiries: number },
): Promise<SignedInstruction | undefined> {
  const { verdict } = judgement;
  if (verdict !== 'rejected' && verdict !== 'unreachable' && verdict !== 'never_executed') return undefined;
  const newest = await newerReturn(trx, deal, instructionId);
  if (newest) return newest;
  if (verdict === 'rejected' || (await returns(trx, deal)) >= (MAX_INSTRUCTIONS.nonconforming ?? 0))
    return undefined;
  const again = await sendBack(trx, deps, deal, { again: true });
  const { instruction_id: successor, rail } = again.instruction;
  const { cause: detail } = judgement;
  await raise(trx, deal, successor, { cause: 'nonconforming', detail, inquiries, doing: 'send_back' });
  await recordAudit(trx, {
    actor: 'aura',
    action: 'deal.resubmitted',
    subject: deal.id,
    detail: { cause: detail, instruction_id: successor, replaces: instructionId, rail },
  });
  return again;
}

/** The deal's newest return, where it is another one than this. Run again after a crash, it is there already. */
export async function newerReturn(
  trx: Trx,
  deal: Deal,
  instructionId: string,
): Promise<SignedInstruction | undefined> {
  const newest = await instructionOf(trx, deal.id, 'return');
  return newest?.instruction.instruction_id === instructionId ? undefined : newest;
}

async function returns(trx: Trx, deal: Deal): Promise<number> {
  const [found] = await rows<{ count: string }>(
    trx,
    `SELECT count(*) FROM instructions WHERE subject_id = ? AND kind = 'return'`,
    [deal.id],
  );
  return Number(found?.count ?? 0);
}
