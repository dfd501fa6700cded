import {
  allHandlersFinished,
  CancellationScope,
  condition,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { CommitResult } from '../activities/commit';
import type { DealProgress } from '../activities/delivery';
import type { SignedInstruction } from '../domain/settlement';
import { local } from './activities';
import { dispute } from './dispute';
import { follow } from './follow';
import {
  dealChanged,
  marginFunded,
  SEARCH_ATTRIBUTES,
  statementMatched,
  transactionCommit,
  transactionDelivered,
  type CommitAnswer,
  type DealAnswer,
  type TransactionInput,
} from './messages';
import { netted } from './netted';
import { payout } from './payout';
import { recovery } from './recovery';
import { refund } from './refund';
import { settlePayIn } from './settlement';

/** One deal, from the commit to the end of its last window. */
export async function transaction({ transactionId }: TransactionInput): Promise<{ state: string }> {
  let commitAnswer: CommitAnswer | undefined;
  let looks = 0;
  let lastLook: DealAnswer | undefined;
  let funded = false;
  let changed = false;
  /** True once after each change. */
  const changes = { pending: () => changed, read: () => void (changed = false) };

  setHandler(transactionCommit, async () => {
    await condition(() => commitAnswer !== undefined);
    return commitAnswer as CommitAnswer;
  });
  // Whoever reports a delivery waits for a look at the deal that began after the report.
  setHandler(transactionDelivered, async () => {
    const seen = looks;
    changed = true;
    await condition(() => lastLook !== undefined && looks > seen);
    return lastLook as DealAnswer;
  });
  setHandler(marginFunded, () => void (funded = true));
  setHandler(statementMatched, () => void (changed = true));
  setHandler(dealChanged, () => void (changed = true));

  // A deal is ended by its rules, not by cancelling its workflow: money that is set aside must come back.
  const state = await CancellationScope.nonCancellable(run);
  looks = Infinity;
  lastLook ??= { market: state, clearing: null };
  await condition(allHandlersFinished);
  return { state };

  async function run(): Promise<string> {
    const commit = await local.commitDeal({ transactionId });
    commitAnswer = answerOf(commit);
    if (commit.outcome === 'refused') return 'refused';

    const instruction =
      commit.outcome === 'instructed'
        ? commit.instruction
        : commit.outcome === 'netted'
          ? await netted(transactionId, changes)
          : await marginCall(commit.forMs);
    return aftermath(instruction && (await settlePayIn(transactionId, instruction)));
  }

  /** Undefined where the deal ended before anything was sent. */
  async function marginCall(forMs: number): Promise<SignedInstruction | undefined> {
    const deadline = Date.now() + forMs;
    const woken = () => funded || changed;
    while (await condition(woken, Math.max(0, deadline - Date.now()))) {
      if (changed && (await local.cancelUnsentIfWanted({ transactionId })).ended) return undefined;
      funded = false;
      changed = false;
      const answer = await local.answerMarginCall({ transactionId });
      if (answer.outcome === 'instructed') return answer.instruction;
      if (answer.outcome === 'ended') return undefined;
      if (answer.outcome === 'netted') return netted(transactionId, changes);
    }
    await local.missMarginCall({ transactionId });
    return undefined;
  }

  /** From settled, or declined, to where nothing more happens by itself. */
  async function aftermath(paid?: DealProgress): Promise<string> {
    // What was reported since has not been looked at.
    let first = changed ? undefined : paid;
    for (let paidOut = false; ;) {
      changed = false;
      const look = first ?? (await local.advanceDeal({ transactionId }));
      first = undefined;
      lastLook = { market: look.market, clearing: look.clearing };
      looks++;
      await startFollowers(look);
      if (look.payOut && !paidOut) {
        paidOut = true;
        await follow(payout, `payout-${transactionId}`, { transactionId });
      }
      if (look.done) return show(look);
      await (look.waitMs === null ? condition(() => changed) : condition(() => changed, look.waitMs));
    }
  }
}

/** Refunds, debts and disputes are workflows of their own. */
async function startFollowers({ refundIds, recoveryIds, disputeId }: DealProgress): Promise<void> {
  for (const refundId of refundIds) await follow(refund, `refund-${refundId}`, { refundId });
  for (const recoveryId of recoveryIds) await follow(recovery, recoveryId, { recoveryId });
  if (disputeId) await follow(dispute, disputeId, { disputeId });
}

function answerOf(commit: CommitResult): CommitAnswer {
  switch (commit.outcome) {
    case 'refused':
      return { outcome: 'refused', refusal: commit.refusal };
    case 'margin_called':
      return { outcome: 'margin_called', forMs: commit.forMs };
    case 'instructed':
    case 'netted':
      return { outcome: 'committed' };
  }
}

function show({ market, clearing }: DealProgress): string {
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.marketState, value: market },
    ...(clearing === null ? [] : [{ key: SEARCH_ATTRIBUTES.clearingState, value: clearing }]),
  ]);
  return market;
}
