/** The operator of a mixed run: reconciles, decides what the policy leaves to operators, and settles breaks, by the API. */
import type { RailName } from '../../../domain/settlement';
import type { Operator, PaymentExceptions, ReconciliationReport } from '../../../sdk';

type PaymentException = PaymentExceptions['exceptions'][number];
type Break = ReconciliationReport['breaks'][number];

export interface Caretaker {
  /** Asks a rail for its statement; false where it did not come. */
  reconcile(rail: RailName): Promise<boolean>;
  /** Decides about each payment that waits for an operator, a few times. Answers how many decisions there were. */
  decide(): Promise<number>;
  /** Decides contested disputes. */
  arbitrate(): Promise<number>;
  /** Matches or accepts by hand what no rule explains. */
  settleBreaks(rail: RailName): Promise<number>;
  /** Decisions taken so far. */
  readonly decisions: number;
}

const DECISIONS_EACH = 4;
/** By then whatever is under way has been proved, or cannot be any more; until then a line may yet find its payment. */
const BREAK_RIPE_MS = 60_000;
/** How often an operator has the rail asked before believing a bank's written word. */
const INQUIRIES_FIRST = 2;

export function createCaretaker(operator: Operator): Caretaker {
  const decided = new Map<string, number>();
  const handled = new Set<string>();
  let decisions = 0;
  /** Instructions that a rail's statement shows: nobody gives it in writing that those were never executed. */
  const onStatement = new Set<string>();

  const caretaker: Caretaker = {
    get decisions() {
      return decisions;
    },
    reconcile: (rail) => worked(() => operator.reconcile(rail)),
    async decide() {
      const before = decisions;
      const { exceptions } = await operator.exceptions({ status: 'open' });
      for (const exception of exceptions.filter(({ doing }) => doing === 'operator')) {
        const id = exception.exception_id;
        const times = decided.get(id) ?? 0;
        const action = times < DECISIONS_EACH ? actionFor(exception, times) : undefined;
        if (!action) continue;
        decided.set(id, times + 1);
        if (await worked(() => operator.decide(id, { action, reason: 'asked the bank by telephone' })))
          decisions++;
      }
      return decisions - before;
    },
    async arbitrate() {
      let count = 0;
      for (const { dispute_id: id, status } of await operator.disputes.list('answered')) {
        if (status !== 'answered' || handled.has(id)) continue;
        const remedy = count % 2 === 0 ? ('uphold' as const) : ('refund' as const);
        if (await worked(() => operator.disputes.resolve(id, { remedy, reason: 'after hearing both' }))) {
          handled.add(id);
          count++;
        }
      }
      return count;
    },
    async settleBreaks(rail) {
      const { breaks } = (await operator.reconciliationReport({ rail })) as unknown as ReconciliationReport;
      let count = 0;
      for (const found of breaks) {
        if (found.instruction_id && found.line) onStatement.add(found.instruction_id);
        const ripe = Date.now() - Date.parse(found.found_at) >= BREAK_RIPE_MS;
        if (found.status !== 'open' || !ripe || handled.has(found.break_id)) continue;
        handled.add(found.break_id);
        if (await settleBreak(found)) count++;
      }
      return count;
    },
  };
  return caretaker;

  function actionFor(
    { allowed_actions: allowed, instruction_id: instruction }: PaymentException,
    times: number,
  ) {
    if (times >= INQUIRIES_FIRST && allowed.includes('send_back')) return 'send_back';
    const unexecuted = instruction === null || !onStatement.has(instruction);
    if (times >= INQUIRIES_FIRST && unexecuted && allowed.includes('confirm_unexecuted'))
      return 'confirm_unexecuted';
    return allowed.includes('inquire') ? 'inquire' : undefined;
  }

  /** A line of another amount is matched by hand; one that belongs to nothing waits in suspense. */
  async function settleBreak({
    break_id: id,
    kind,
    line,
    instruction_id: instruction,
  }: Break): Promise<boolean> {
    if (kind === 'altered') return worked(() => operator.resolveBreak(id, 'the first statement stands'));
    if (line === null) return false;
    const reason = 'agreed with the rail';
    if (kind === 'amount' && instruction !== null) {
      const match = {
        lines: [line],
        instructionIds: [instruction],
        reason,
        differenceTo: 'suspense' as const,
      };
      if (await worked(() => operator.matchLines(match))) return true;
    }
    return worked(() => operator.matchLines({ lines: [line], reason }));
  }
}

/** Whether it went through. What is refused now may be possible, or needless, at the next look. */
async function worked(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch {
    return false;
  }
}
