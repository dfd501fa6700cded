/** From settling to cleared, by the rail's proof and its statement; and every way that can go wrong. */
import { receiptSentBack, settlementProved, unknownReceipt } from '../domain/ledger/postings';
import { PROFILES } from '../domain/profiles';
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import { inTransaction, rows, type Trx } from '../store/db';
import { instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { hasStep, recordChange, type Step } from '../store/states';
import type { Match } from '../store/statements';
import { lockDeal, stateOf, type Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';
import { AURA_ACCOUNT, instruct } from './instruct';
import { judgeAnswer, type Judgement } from './judge';

/** How often a deal's payment is instructed anew after it was proved that the one before never executes. */
const MAX_PAY_INS = 3;

/** What the workflow does next. */
export type SettleResult =
  | { next: 'settled'; cleared: boolean }
  | { next: 'inquire'; cause: string }
  | { next: 'submit'; instruction: SignedInstruction }
  | { next: 'send_back'; instruction: SignedInstruction }
  | { next: 'operator'; cause: string }
  | { next: 'ended' };

export interface SettleInput {
  transactionId: string;
  instructionId: string;
  answer: RailAnswer;
  /** Whether the patience for a pending answer has run out, so that an operator must see it (X2). */
  overdue?: boolean;
}

export function settleActivities(deps: ActivityDeps) {
  return {
    async settleDeal({ transactionId, instructionId, answer, overdue }: SettleInput): Promise<SettleResult> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (deal.clearingState === 'settled' || deal.clearingState === 'cleared') {
          return { next: 'settled', cleared: deal.clearingState === 'cleared' };
        }
        if (deal.clearingState === 'declined') return { next: 'ended' };
        const stored = await lockInstruction(trx, instructionId);
        const judgement = await judgeAnswer(trx, stored, answer, {
          finalityAsked: PROFILES[deal.profileId].finality,
          railTerms: deps.railTerms,
        });
        return act(trx, deal, instructionId, judgement, overdue ?? false);
      });
    },

    /** The answer to sending a nonconforming execution back: X4 once it is proved. */
    async settleReturn({ transactionId, instructionId, answer }: SettleInput): Promise<SettleResult> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        if (deal.clearingState === 'declined') return { next: 'ended' };
        const stored = await lockInstruction(trx, instructionId);
        const judgement = await judgeAnswer(trx, stored, answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
        });
        if (judgement.verdict === 'executed') {
          const { asset, amount_minor } = stored.instruction;
          const money = { asset, amountMinor: BigInt(amount_minor) };
          const sentBack = receiptSentBack({
            ...money,
            receiptId: deal.id,
            rail: deal.rail,
            transactionId: deal.id,
          });
          await endDeal(trx, deal, {
            decline: 'X4',
            reason: 'the rail executed otherwise than instructed; the money was sent back',
            details: { rule: 'nonconforming_execution' },
            entries: [sentBack, ...(judgement.match ? [judgement.match.entry] : [])],
          });
          return { next: 'ended' };
        }
        if (judgement.verdict === 'pending' || judgement.verdict === 'unknown') {
          return { next: 'inquire', cause: judgement.cause };
        }
        return {
          next: 'operator',
          cause: 'cause' in judgement ? judgement.cause : 'the return did not conform either',
        };
      });
    },
  };

  async function act(
    trx: Trx,
    deal: Deal,
    instructionId: string,
    judgement: Judgement,
    overdue: boolean,
  ): Promise<SettleResult> {
    switch (judgement.verdict) {
      case 'executed':
        return settle(trx, deal, instructionId, judgement.match);
      case 'pending':
        if (overdue) await raise(trx, deal, instructionId, `no proof yet: ${judgement.cause}`);
        return { next: 'inquire', cause: judgement.cause };
      case 'unknown':
        await raise(trx, deal, instructionId, judgement.cause);
        return { next: 'inquire', cause: judgement.cause };
      case 'rejected':
        return giveUp(trx, deal, instructionId, 'the rail rejected the payment', {
          rule: 'rail_rejected',
          reason: judgement.reason,
          cause: judgement.cause,
        });
      case 'never_executed':
        return resubmit(trx, deal, instructionId, judgement.cause);
      case 'nonconforming':
        return sendBack(trx, deal, instructionId, judgement);
    }
  }

  async function resubmit(trx: Trx, deal: Deal, instructionId: string, cause: string): Promise<SettleResult> {
    if (await hasStep(trx, deal.sessionId, `X3:${instructionId}`)) {
      const successor = await instructionOf(trx, deal.id, 'pay_in');
      if (!successor) throw new Error(`no instruction of ${deal.id}`);
      return { next: 'submit', instruction: successor };
    }
    const [used] = await rows<{ count: string }>(
      trx,
      `SELECT count(*) FROM instructions WHERE subject_id = ? AND kind = 'pay_in'`,
      [deal.id],
    );
    if (Number(used?.count ?? 0) >= MAX_PAY_INS) {
      const reason = 'the payment provably did not execute, several times';
      return giveUp(trx, deal, instructionId, reason, { rule: 'never_executed', cause });
    }
    const { instruction: old } = await lockInstruction(trx, instructionId);
    const instruction = await instruct(trx, deps, {
      kind: 'pay_in',
      subjectId: deal.id,
      transactionId: deal.id,
      rail: deal.rail,
      asset: deal.asset,
      amountMinor: deal.totalMinor,
      debtor: old.debtor,
      creditor: AURA_ACCOUNT,
      commitmentHash: deal.commitmentHash,
      replaces: instructionId,
    });
    const next = instruction.instruction.instruction_id;
    await recordChange(trx, {
      sessionId: deal.sessionId,
      transactionId: deal.id,
      state: stateOf(deal),
      steps: [
        ...exceptionStep(deal, instructionId, cause),
        resumed(instructionId, { cause, resubmitted_as: next }),
      ],
      actor: 'aura',
      audit: { action: 'deal.resubmitted', detail: { cause, instruction_id: next, replaces: instructionId } },
    });
    return { next: 'submit', instruction };
  }

  async function sendBack(
    trx: Trx,
    deal: Deal,
    instructionId: string,
    judgement: Extract<Judgement, { verdict: 'nonconforming' }>,
  ): Promise<SettleResult> {
    const known = await instructionOf(trx, deal.id, 'return');
    if (known) return { next: 'send_back', instruction: known };
    const { statement } = judgement.proof;
    const failed = judgement.checks
      .filter(({ passed }) => !passed)
      .map(({ check, detail }) => `${check}: ${detail}`);
    const { instruction: original } = await lockInstruction(trx, instructionId);
    const instruction = await instruct(trx, deps, {
      kind: 'return',
      subjectId: deal.id,
      transactionId: deal.id,
      rail: deal.rail,
      asset: statement.asset,
      amountMinor: BigInt(statement.amount_minor),
      debtor: AURA_ACCOUNT,
      creditor: { account_ref: original.debtor.account_ref },
      commitmentHash: deal.commitmentHash,
      returnsReference: statement.reference,
    });
    const receipt = unknownReceipt({
      receiptId: deal.id,
      rail: deal.rail,
      transactionId: deal.id,
      asset: statement.asset,
      amountMinor: BigInt(statement.amount_minor),
    });
    await raise(trx, deal, instructionId, `bad proof (${failed.join('; ')})`);
    await postEntries(trx, [receipt]);
    return { next: 'send_back', instruction };
  }
}

async function settle(
  trx: Trx,
  deal: Deal,
  instructionId: string,
  match: Match | undefined,
): Promise<SettleResult> {
  const told = {
    session_id: deal.sessionId,
    transaction_id: deal.id,
    beacon_id: deal.beaconId,
    scout_id: deal.scoutId,
  };
  const event = (type: 'transaction.settled' | 'transaction.cleared') => ({
    type,
    correlationId: deal.sessionId,
    payload: told,
  });
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      ...(deal.clearingState === 'exception'
        ? [resumed(instructionId, { cause: 'an inquiry found it executed' })]
        : []),
      { transition: 'T21', detail: { instruction_id: instructionId } },
      ...(match ? [{ transition: 'T22' as const, detail: { reference: match.line.reference } }] : []),
    ],
    actor: 'aura',
    entries: [settlementProved({ ...postingOf(deal), rail: deal.rail }), ...(match ? [match.entry] : [])],
    events: [event('transaction.settled'), ...(match ? [event('transaction.cleared')] : [])],
    audit: {
      action: 'deal.settled',
      detail: { instruction_id: instructionId, cleared: match !== undefined },
    },
  });
  return { next: 'settled', cleared: match !== undefined };
}

const postingOf = (deal: Deal) => ({
  transactionId: deal.id,
  buyer: deal.buyerPrincipalId,
  asset: deal.asset,
  totalMinor: deal.totalMinor,
});

/** X2 while the deal is settling; in an exception already, there is nothing to raise. */
function exceptionStep(deal: Deal, instructionId: string, cause: string): Step[] {
  if (deal.clearingState !== 'settling') return [];
  return [{ transition: 'X2', key: `X2:${instructionId}`, detail: { cause } }];
}

function resumed(instructionId: string, detail: Record<string, unknown>): Step {
  return { transition: 'X3', key: `X3:${instructionId}`, detail };
}

async function raise(trx: Trx, deal: Deal, instructionId: string, cause: string): Promise<void> {
  const steps = exceptionStep(deal, instructionId, cause);
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
        payload: { session_id: deal.sessionId, transaction_id: deal.id, cause },
      },
    ],
    audit: { action: 'deal.exception', detail: { cause, instruction_id: instructionId } },
  });
}

async function giveUp(
  trx: Trx,
  deal: Deal,
  instructionId: string,
  reason: string,
  details: Record<string, unknown>,
): Promise<SettleResult> {
  const before = exceptionStep(deal, instructionId, reason);
  await endDeal(trx, deal, { decline: 'X4', reason, details, before });
  return { next: 'ended' };
}
