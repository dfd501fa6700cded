/** What deposits, payouts, refunds and recoveries have in common while a rail has not said the last word. */
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import type { Trx } from '../store/db';
import { openException } from '../store/exceptions';
import type { StoredInstruction } from '../store/instructions';
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
  { instruction }: StoredInstruction,
  about: {
    subjectId: string;
    transactionId: string | null;
    workflowId: string;
    judgement: Extract<Judgement, { verdict: 'pending' | 'unknown' | 'nonconforming' }>;
    inquiries: number;
  },
): Promise<Outgoing> {
  const { judgement, inquiries, subjectId, transactionId, workflowId } = about;
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
