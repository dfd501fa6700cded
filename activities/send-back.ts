/** Money that came otherwise than instructed: into suspense, and back to where it came from. */
import { unknownReceipt } from '../domain/ledger/postings';
import type { SignedInstruction } from '../domain/settlement';
import type { Trx } from '../store/db';
import { findProof, instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import type { Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';
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
