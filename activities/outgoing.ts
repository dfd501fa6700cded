/** What deposits, payouts, refunds and recoveries have in common while a rail has not said the last word. */
import { receiptSentBack, unknownReceipt } from '../domain/ledger/postings';
import { isIncoming, type RailAnswer, type SignedInstruction } from '../domain/settlement';
import type { Trx } from '../store/db';
import { openException } from '../store/exceptions';
import type { StoredInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import type { ActivityDeps } from './deps';
import { nextStep } from './exception';
import { inquiryDelayMs, type Judgement } from './judge';

/** A rail's answer as the workflow of such a payment brings it. */
export interface Asked {
  workflowId: string;
  instructionId: string;
  answer: RailAnswer;
  /** Inquiries made about this instruction so far. */
  inquiries: number;
}

/** What the workflow of a payment that is no deal's pay-in does next. */
export type Outgoing =
  | { next: 'done'; status: string }
  | { next: 'inquire'; afterMs: number }
  | { next: 'submit'; instruction: SignedInstruction }
  /** Inquiries ran out: an operator's word is needed. */
  | { next: 'operator' };

/** Asks again, as the rail's terms and the policy say, and shows what takes too long as an exception. */
export async function stuck(
  trx: Trx,
  deps: ActivityDeps,
  stored: StoredInstruction,
  about: {
    subjectId: string;
    transactionId: string | null;
    workflowId: string;
    judgement: Extract<Judgement, { verdict: 'pending' | 'unknown' | 'nonconforming' }>;
    inquiries: number;
  },
): Promise<Outgoing> {
  const { instruction } = stored;
  const { judgement, inquiries, subjectId, transactionId, workflowId } = about;
  if (judgement.verdict === 'nonconforming') await bookAstray(trx, stored, judgement, transactionId);
  const afterMs = inquiryDelayMs(deps, instruction.rail, inquiries);
  if (judgement.verdict === 'pending' && !judgement.overdue) return { next: 'inquire', afterMs };
  const cause =
    judgement.verdict === 'pending'
      ? ('no_proof' as const)
      : judgement.verdict === 'unknown'
        ? judgement.why
        : ('nonconforming' as const);
  const detail = 'cause' in judgement ? judgement.cause : 'it executed otherwise than instructed';
  const doing = cause === 'nonconforming' ? 'operator' : nextStep({ cause, detail, inquiries });
  await openException(trx, {
    subjectId,
    transactionId,
    instructionId: instruction.instruction_id,
    workflowId,
    rail: instruction.rail,
    cause,
    detail,
    doing,
    inquiries,
  });
  return doing === 'inquire' ? { next: 'inquire', afterMs } : { next: 'operator' };
}

/** Money that moved otherwise than instructed is in suspense until somebody has decided what becomes of it. */
export async function bookAstray(
  trx: Trx,
  { instruction: { instruction_id: receiptId, kind, rail } }: StoredInstruction,
  { proof: { statement } }: Extract<Judgement, { verdict: 'nonconforming' }>,
  transactionId: string | null,
): Promise<void> {
  const { asset, amount_minor } = statement;
  const moved = { receiptId, rail, transactionId, asset, amountMinor: BigInt(amount_minor) };
  await postEntries(trx, [isIncoming(kind) ? unknownReceipt(moved) : receiptSentBack(moved)]);
}
