import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { CommitResult } from '../activities/commit';
import type { SignedInstruction } from '../domain/settlement';
import { local } from './activities';
import {
  marginFunded,
  SEARCH_ATTRIBUTES,
  sessionCommitted,
  statementMatched,
  transactionCommit,
  transactionDelivered,
  type CommitAnswer,
  type DeliveryAnswer,
  type TransactionInput,
} from './messages';
import { payout } from './payout';
import { settlePayIn } from './settlement';

const DAY_MS = 86_400_000;

/** One deal, from the commit to the end of its last window. */
export async function transaction({
  transactionId,
  dayMs = DAY_MS,
}: TransactionInput): Promise<{ state: string }> {
  let commitAnswer: CommitAnswer | undefined;
  let deliveryAnswer: DeliveryAnswer | undefined;
  let wantsDelivery = false;
  let funded = false;
  let matched = false;

  setHandler(transactionCommit, async () => {
    await condition(() => commitAnswer !== undefined);
    return commitAnswer as CommitAnswer;
  });
  setHandler(transactionDelivered, async () => {
    if (deliveryAnswer?.outcome !== 'completed') {
      deliveryAnswer = undefined;
      wantsDelivery = true;
    }
    await condition(() => deliveryAnswer !== undefined);
    return deliveryAnswer as DeliveryAnswer;
  });
  setHandler(marginFunded, () => void (funded = true));
  setHandler(statementMatched, () => void (matched = true));

  // A deal is ended by its rules, not by cancelling its workflow: money that is set aside must come back.
  const state = await CancellationScope.nonCancellable(run);
  deliveryAnswer ??= { outcome: 'waiting', state, clearing: null };
  await condition(allHandlersFinished);
  return { state };

  async function run(): Promise<string> {
    const commit = await local.commitDeal({ transactionId });
    commitAnswer = answerOf(commit);
    if (commit.outcome === 'refused') return 'refused';
    await tellSession(commit.sessionId);

    const instruction = commit.outcome === 'instructed' ? commit.instruction : await marginCall(commit.forMs);
    if (!instruction) return ended('failed', 'declined');

    const settlement = await settlePayIn(transactionId, instruction);
    if (settlement === 'ended') return ended('failed', 'declined');

    await delivery();
    await startChild(payout, {
      args: [{ transactionId }],
      workflowId: `payout-${transactionId}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    await marginSteps();
    return ended('completed', 'cleared');
  }

  async function marginCall(forMs: number): Promise<SignedInstruction | undefined> {
    const deadline = Date.now() + forMs;
    while (await condition(() => funded, Math.max(0, deadline - Date.now()))) {
      funded = false;
      const answer = await local.answerMarginCall({ transactionId });
      if (answer.outcome === 'instructed') return answer.instruction;
    }
    await local.missMarginCall({ transactionId });
    return undefined;
  }

  async function delivery(): Promise<void> {
    for (;;) {
      await condition(() => wantsDelivery || matched);
      wantsDelivery = false;
      matched = false;
      deliveryAnswer = await local.completeDelivery({ transactionId });
      if (deliveryAnswer.outcome === 'completed') return;
    }
  }

  async function marginSteps(): Promise<void> {
    for (let day = 1, held = true; held; day++) {
      await sleep(dayMs);
      ({ held } = await local.stepMargin({ transactionId, day }));
    }
  }
}

function answerOf(commit: CommitResult): CommitAnswer {
  switch (commit.outcome) {
    case 'refused':
      return { outcome: 'refused', refusal: commit.refusal };
    case 'margin_called':
      return { outcome: 'margin_called', forMs: commit.forMs };
    case 'instructed':
      return { outcome: 'committed' };
  }
}

/** The session may have ended already, by its own reading of the database. */
async function tellSession(sessionId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(sessionId).signal(sessionCommitted);
  } catch {
    // Nothing to tell: its workflow is gone, and the deal does not depend on it.
  }
}

function ended(market: string, clearing: string): string {
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.marketState, value: market },
    { key: SEARCH_ATTRIBUTES.clearingState, value: clearing },
  ]);
  return market;
}
