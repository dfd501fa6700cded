/** Deals whose payment is stuck: X2 and its record, and the ways on that the policy knows. */
import { EXCEPTION_POLICY, MAX_INSTRUCTIONS, type ExceptionCause } from '../domain/clearing/exceptions';
import type { SignedInstruction } from '../domain/settlement';
import { rows, type Trx } from '../store/db';
import { openException, resolveException } from '../store/exceptions';
import { instructionOf, lockInstruction, type StoredInstruction } from '../store/instructions';
import { findMandate, useMandate } from '../store/payment-accounts';
import { railsOutOfUse } from '../store/rail-health';
import { hasStep, recordChange, type Step } from '../store/states';
import { setRail, stateOf, type Deal, type RailPlanStep } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, instruct } from './instruct';

export interface Trouble {
  cause: ExceptionCause;
  detail: string;
  /** Inquiries made so far. */
  inquiries: number;
}

/** What the policy does next about a cause that an inquiry may still clear up. */
export function nextStep({ cause, inquiries }: Trouble): 'inquire' | 'operator' {
  return inquiries < EXCEPTION_POLICY[cause].maxInquiries ? 'inquire' : 'operator';
}

/** X2 while the deal is settling; in an exception already, there is nothing to raise. */
export function exceptionStep(deal: Deal, instructionId: string, cause: string): Step[] {
  if (deal.clearingState !== 'settling') return [];
  return [{ transition: 'X2', key: `X2:${instructionId}`, detail: { cause } }];
}

export function resumed(instructionId: string, detail: Record<string, unknown>): Step {
  return { transition: 'X3', key: `X3:${instructionId}`, detail };
}

/** Records the exception, and X2 where the deal is not in one yet. */
export async function raise(
  trx: Trx,
  deal: Deal,
  instructionId: string,
  trouble: Trouble & { doing: string },
): Promise<void> {
  const { cause, detail, inquiries, doing } = trouble;
  await openException(trx, {
    subjectId: deal.id,
    transactionId: deal.id,
    instructionId,
    workflowId: deal.id,
    rail: deal.rail,
    cause,
    detail,
    doing,
    inquiries,
  });
  const steps = exceptionStep(deal, instructionId, detail);
  if (steps.length === 0) return;
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps,
    actor: 'aura',
    events: [
      {
        type: 'transaction.exception',
        correlationId: deal.sessionId,
        payload: { session_id: deal.sessionId, transaction_id: deal.id, cause, detail },
      },
    ],
    audit: { action: 'deal.exception', detail: { cause, detail, instruction_id: instructionId } },
  });
}

/** Another instruction for a payment that provably never executes: the same rail again, or the next of the deal's rails. */
export async function instructAnew(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { instructionId, cause, detail }: { instructionId: string; cause: ExceptionCause; detail: string },
): Promise<SignedInstruction | undefined> {
  if (await hasStep(trx, deal.sessionId, `X3:${instructionId}`)) {
    return instructionOf(trx, deal.id, 'pay_in');
  }
  const old = await lockInstruction(trx, instructionId);
  for (const step of EXCEPTION_POLICY[cause].steps) {
    if (step === 'resubmit' && (await tries(trx, deal)) < (MAX_INSTRUCTIONS[cause] ?? 0)) {
      return issue(trx, deps, deal, { old, detail });
    }
    if (step === 'reroute') {
      const next = await nextRail(trx, deal);
      if (next) return issue(trx, deps, deal, { old, detail, next });
    }
  }
  return undefined;
}

async function tries(trx: Trx, deal: Deal): Promise<number> {
  const [used] = await rows<{ count: string }>(
    trx,
    `SELECT count(*) FROM instructions WHERE subject_id = ? AND kind = 'pay_in' AND rail = ?`,
    [deal.id, deal.rail],
  );
  return Number(used?.count ?? 0);
}

/** The next rail of the deal's plan that was not tried, works, and whose mandate covers the total. */
async function nextRail(trx: Trx, deal: Deal): Promise<RailPlanStep | undefined> {
  const tried = await rows<{ rail: string }>(
    trx,
    `SELECT DISTINCT rail FROM instructions WHERE subject_id = ? AND kind = 'pay_in'`,
    [deal.id],
  );
  const outOfUse = await railsOutOfUse(trx);
  for (const step of deal.railPlan) {
    if (outOfUse.has(step.rail) || tried.some(({ rail }) => rail === step.rail)) continue;
    if (await useMandate(trx, step.mandate_id, deal.totalMinor)) return step;
  }
  return undefined;
}

interface Anew {
  old: StoredInstruction;
  detail: string;
  /** The other rail, its mandate used already. */
  next?: RailPlanStep;
}

async function issue(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { old, detail, next }: Anew,
): Promise<SignedInstruction> {
  const oldId = old.instruction.instruction_id;
  let debtor = old.instruction.debtor;
  if (next) {
    const mandate = await findMandate(trx, next.mandate_id);
    if (!mandate) throw new Error(`no mandate ${next.mandate_id}`);
    await useMandate(trx, deal.mandateId, -deal.totalMinor);
    await setRail(trx, deal.id, next);
    debtor = { account_ref: mandate.accountId, mandate_ref: mandate.id };
  }
  const rail = next?.rail ?? deal.rail;
  const instruction = await instruct(trx, deps, {
    kind: 'pay_in',
    subjectId: deal.id,
    transactionId: deal.id,
    rail,
    asset: deal.asset,
    amountMinor: deal.totalMinor,
    debtor,
    creditor: AURA_ACCOUNT,
    commitmentHash: deal.commitmentHash,
    replaces: oldId,
  });
  const successor = instruction.instruction.instruction_id;
  const change = { cause: detail, [next ? 'rerouted_as' : 'resubmitted_as']: successor, rail };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [...exceptionStep(deal, oldId, detail), resumed(oldId, change)],
    actor: 'aura',
    events: next
      ? [
          {
            type: 'transaction.rerouted',
            correlationId: deal.sessionId,
            payload: { session_id: deal.sessionId, transaction_id: deal.id, from: deal.rail, to: rail },
          },
        ]
      : [
          {
            type: 'transaction.settling',
            correlationId: deal.sessionId,
            payload: { session_id: deal.sessionId, transaction_id: deal.id },
          },
        ],
    audit: {
      action: next ? 'deal.rerouted' : 'deal.resubmitted',
      detail: { cause: detail, instruction_id: successor, replaces: oldId, rail },
    },
  });
  await resolveException(trx, deal.id, next ? `rerouted to ${rail}` : `resubmitted as ${successor}`);
  return instruction;
}
