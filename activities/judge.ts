/**
 * Judges a rail's answer to an instruction, inside the caller's transaction and with the instruction's row locked.
 * The proof is kept whatever the verdict; money moves only on `executed`.
 */
import { checkProof, type ProofCheck } from '../domain/clearing/proof';
import { newId } from '../domain/ids';
import { railAnswer, readRailAnswer } from '../domain/rail-port';
import type { RailTerms } from '../domain/rail-terms';
import type { Finality, RailAnswer, RailName, SettlementProof } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import type { Trx } from '../store/db';
import {
  claimTransmission,
  findProof,
  insertProof,
  referenceUsed,
  setInstructionStatus,
  setProgress,
  type StoredInstruction,
} from '../store/instructions';
import { ingestLines, matchInstruction, type Match } from '../store/statements';
import { railKeys } from '../store/trust';
import type { ActivityDeps } from './deps';

export type Judgement =
  | { verdict: 'executed'; checks: ProofCheck[]; match: Match | undefined }
  /** Executed, but not as instructed: the money sits at the rail and must go back. */
  | { verdict: 'nonconforming'; checks: ProofCheck[]; proof: SettlementProof }
  | { verdict: 'pending'; cause: string; overdue: boolean }
  | { verdict: 'rejected'; cause: string; reason: string }
  /** Only an inquiry can tell. */
  | { verdict: 'unknown'; why: 'outcome_unknown' | 'bad_proof'; cause: string }
  | { verdict: 'never_executed' | 'unreachable'; cause: string };

export interface JudgeContext {
  finalityAsked: Finality;
  railTerms: Readonly<Record<RailName, RailTerms>>;
  /** What AURA found wrong when it read the native evidence for itself. */
  evidenceProblems?: readonly string[];
}

export async function judgeAnswer(
  trx: Trx,
  stored: StoredInstruction,
  given: RailAnswer,
  context: JudgeContext,
): Promise<Judgement> {
  // An adapter may be anybody's: what it says is read before it is believed.
  const answer = readRailAnswer(stored.instruction.rail, given);
  const id = stored.instruction.instruction_id;
  if (stored.status === 'executed' || stored.status === 'reversed') return executedBefore(trx, stored);
  // Final once decided: its successor may be under way. Should it execute all the same, reconciliation shows a late line.
  if (stored.status === 'never_executed') return { verdict: 'never_executed', cause: 'it was proved before' };
  switch (answer.outcome) {
    case 'executed': {
      const [, judgement] = await Promise.all([
        ingestLines(trx, answer.lines),
        judgeProof(trx, stored, answer.proof, context),
      ]);
      return judgement;
    }
    case 'pending':
      return judgePending(trx, stored, answer, context);
    case 'rejected':
      await setInstructionStatus(trx, id, 'rejected');
      return { verdict: 'rejected', reason: answer.reason, cause: `${answer.reason}: ${answer.detail}` };
    case 'not_found':
      return judgeAbsence(trx, stored, answer, context);
    case 'not_sent':
      await setInstructionStatus(trx, id, 'never_executed');
      return { verdict: 'unreachable', cause: answer.detail };
    case 'unknown':
      await setInstructionStatus(trx, id, 'unknown');
      return { verdict: 'unknown', why: 'outcome_unknown', cause: answer.detail };
  }
}

/** How far it is, for people to see; and whether it takes longer than it normally does. */
async function judgePending(
  trx: Trx,
  { instruction }: StoredInstruction,
  answer: Extract<RailAnswer, { outcome: 'pending' }>,
  { railTerms }: JudgeContext,
): Promise<Judgement> {
  await setProgress(trx, instruction.instruction_id, {
    progress: answer.progress ?? null,
    action: answer.action ?? null,
  });
  const now = await databaseNow(trx);
  const normalUntil = Date.parse(instruction.created_at) + railTerms[instruction.rail].patienceMs;
  return { verdict: 'pending', cause: answer.detail, overdue: now.getTime() > normalUntil };
}

async function executedBefore(trx: Trx, { instruction }: StoredInstruction): Promise<Judgement> {
  const proof = await findProof(trx, instruction.instruction_id);
  return {
    verdict: 'executed',
    checks: proof?.checks ?? [],
    match: await matchInstruction(trx, instruction),
  };
}

async function judgeProof(
  trx: Trx,
  stored: StoredInstruction,
  proof: SettlementProof,
  { finalityAsked, evidenceProblems }: JudgeContext,
): Promise<Judgement> {
  const { instruction } = stored;
  const id = instruction.instruction_id;
  const [keys, now, used, known] = await Promise.all([
    railKeys(trx, instruction.rail),
    databaseNow(trx),
    referenceUsed(trx, proof),
    findProof(trx, id),
  ]);
  const { accepted, checks } = checkProof({
    instruction,
    proof,
    railKeys: keys,
    finalityAsked,
    now,
    referenceUsed: used,
    evidenceProblems,
  });
  const kept = { ...proof, id: newId('proof'), instructionId: id, accepted, checks };
  const isNew = known?.signature !== proof.signature;
  if (accepted) {
    // It waits for its data key, and matching looks for it.
    if (isNew) await insertProof(trx, kept);
    const [, match] = await Promise.all([
      setInstructionStatus(trx, id, 'executed'),
      matchInstruction(trx, instruction),
    ]);
    return { verdict: 'executed', checks, match };
  }
  if (isNew) await insertProof(trx, kept);
  const trusted = checks.every(
    ({ check, passed }) => passed || (check !== 'signature' && check !== 'correlation'),
  );
  await setInstructionStatus(trx, id, trusted ? 'nonconforming' : 'unknown');
  if (trusted) return { verdict: 'nonconforming', checks, proof };
  const failed = checks.filter(({ passed }) => !passed).map(({ check, detail }) => `${check}: ${detail}`);
  return { verdict: 'unknown', why: 'bad_proof', cause: `bad proof (${failed.join('; ')})` };
}

/**
 * "Not found" proves that nothing executed only once nothing can any more: after the instruction's expiry and the
 * rail's longest delay, or where it was never transmitted and, the claim being taken here, never will be.
 */
async function judgeAbsence(
  trx: Trx,
  stored: StoredInstruction,
  answer: { detail: string; as_of: string },
  { railTerms }: JudgeContext,
): Promise<Judgement> {
  const { instruction } = stored;
  const provenAt = Date.parse(instruction.expires_at) + railTerms[instruction.rail].maxDelayMs;
  const expired = Date.parse(answer.as_of) >= provenAt;
  const neverSent = !expired && (await claimTransmission(trx, instruction.instruction_id, 'aura:withdrawn'));
  if (!expired && !neverSent) {
    await setInstructionStatus(trx, instruction.instruction_id, 'unknown');
    return {
      verdict: 'unknown',
      why: 'outcome_unknown',
      cause: `${answer.detail}; not conclusive before ${new Date(provenAt).toISOString()}`,
    };
  }
  await setInstructionStatus(trx, instruction.instruction_id, 'never_executed');
  return { verdict: 'never_executed', cause: neverSent ? 'it was never transmitted' : answer.detail };
}

/** What AURA finds wrong with native evidence that it can read for itself; nothing where it cannot. */
export async function nativeProblems(
  { readEvidence }: Pick<ActivityDeps, 'readEvidence'>,
  answer: RailAnswer,
): Promise<readonly string[] | undefined> {
  if (answer.outcome !== 'executed') return undefined;
  const read = railAnswer.safeParse(answer);
  if (!read.success || read.data.outcome !== 'executed') return undefined;
  const { proof } = read.data;
  return readEvidence?.[proof.statement.rail]?.(proof);
}

/** Inquiries go from the rail's first delay to its last, doubling. */
export function inquiryDelayMs(
  { railTerms }: Pick<ActivityDeps, 'railTerms'>,
  rail: RailName,
  inquiries: number,
): number {
  const { firstMs, lastMs } = railTerms[rail].inquiry;
  return Math.min(lastMs, firstMs * 2 ** Math.min(inquiries, 20));
}
