/** From settling to cleared, by the rail's proof and its statement; and every way that can go wrong. */
import { EXCEPTION_POLICY } from '../domain/clearing/exceptions';
import { receiptSentBack, settlementProved } from '../domain/ledger/postings';
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import { cancellationOf } from '../store/cancellations';
import { databaseNow } from '../store/clock';
import { inTransaction, type Trx } from '../store/db';
import { resolveException, takeDecision } from '../store/exceptions';
import { instructionOf, lockInstruction } from '../store/instructions';
import { recordChange } from '../store/states';
import type { Match } from '../store/statements';
import { lockDeal, stateOf, type Deal } from '../store/transactions';
import { clearingEntries } from './clear';
import { lookOncePaid, type DealProgress } from './delivery';
import type { ActivityDeps } from './deps';
import { endDeal } from './end';
import { exceptionStep, instructAnew, nextStep, raise, resumed } from './exception';
import { atRailOf } from './instruct';
import { inquiryDelayMs, judgeAnswer, nativeProblems, type Judgement } from './judge';
import { bookAstray } from './outgoing';
import { newerReturn, sendBack, successorOf } from './send-back';

/** What the workflow does next. */
export type SettleResult =
  /** Where the deal stands then, unless it needs a look of its own. */
  | { next: 'settled'; look?: DealProgress }
  | { next: 'inquire'; afterMs: number; visible: boolean }
  | { next: 'submit'; instruction: SignedInstruction }
  | { next: 'operator' }
  | { next: 'ended' };

export interface SettleInput {
  transactionId: string;
  instructionId: string;
  answer: RailAnswer;
  /** Inquiries made about this instruction so far. */
  inquiries: number;
}

export type DecisionResult =
  | { next: 'none' }
  | { next: 'inquire' }
  | { next: 'judge'; answer: RailAnswer }
  | { next: 'submit'; instruction: SignedInstruction };

export function settleActivities(deps: ActivityDeps) {
  return {
    async settleDeal(input: SettleInput): Promise<SettleResult> {
      const { transactionId, instructionId, answer } = input;
      const evidenceProblems = await nativeProblems(deps, answer);
      return inTransaction(deps.db, async (trx) => {
        const [deal, stored] = await Promise.all([
          lockDeal(trx, transactionId),
          lockInstruction(trx, instructionId),
        ]);
        const ended = outcomeOf(deal);
        if (ended) return ended;
        const { kind } = stored.instruction;
        const judgement = await judgeAnswer(trx, stored, answer, {
          finalityAsked: kind === 'return' ? 'provisional' : deps.profiles[deal.profileId].finality,
          railTerms: deps.railTerms,
          evidenceProblems,
        });
        return kind === 'return'
          ? actOnReturn(trx, deal, input, judgement)
          : actOnPayIn(trx, deal, input, judgement);
      });
    },

    /** Takes an operator's decision about the deal's exception, if one waits. */
    async takeOperatorDecision(input: {
      transactionId: string;
      instructionId: string;
    }): Promise<DecisionResult> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, input.transactionId);
        const decision = await takeDecision(trx, deal.id);
        // A return ordered right before a crash is still to be sent.
        const ordered = await newerReturn(trx, deal, input.instructionId);
        if (ordered) return { next: 'submit', instruction: ordered };
        switch (decision?.action) {
          case undefined:
            return { next: 'none' };
          case 'inquire':
            return { next: 'inquire' };
          case 'confirm_unexecuted': {
            const now = await databaseNow(trx);
            const detail = `operator ${decision.operatorId}: ${decision.reason}`;
            return { next: 'judge', answer: { outcome: 'not_found', detail, as_of: now.toISOString() } };
          }
          case 'send_back': {
            const sent = await instructionOf(trx, deal.id, 'return');
            // Money goes back once: a return that may still execute, or did otherwise, is asked about.
            if (sent && sent.status !== 'rejected' && sent.status !== 'never_executed')
              return { next: 'inquire' };
            return { next: 'submit', instruction: await sendBack(trx, deps, deal, { again: true }) };
          }
        }
      });
    },
  };

  async function actOnPayIn(
    trx: Trx,
    deal: Deal,
    { instructionId, inquiries }: SettleInput,
    judgement: Judgement,
  ): Promise<SettleResult> {
    switch (judgement.verdict) {
      case 'executed':
        return settle(trx, deal, instructionId, judgement.match);
      case 'pending':
        if (!judgement.overdue) return inquire(deal, inquiries, false);
        return trouble(trx, deal, instructionId, { cause: 'no_proof', detail: judgement.cause, inquiries });
      case 'unknown':
        return trouble(trx, deal, instructionId, {
          cause: judgement.why,
          detail: judgement.cause,
          inquiries,
        });
      case 'rejected':
      case 'unreachable':
      case 'never_executed':
        return anotherWay(trx, deal, instructionId, judgement);
      case 'nonconforming': {
        const known = await instructionOf(trx, deal.id, 'return');
        const detail = judgement.checks
          .filter(({ passed }) => !passed)
          .map(({ check, detail: why }) => `${check}: ${why}`)
          .join('; ');
        const instruction = known ?? (await sendBack(trx, deps, deal, { instructionId, judgement }));
        await raise(trx, deal, instructionId, {
          cause: 'nonconforming',
          detail,
          inquiries,
          doing: 'send_back',
        });
        return { next: 'submit', instruction };
      }
    }
  }

  /** The answer to sending a nonconforming execution back: X4 once it is proved. */
  async function actOnReturn(
    trx: Trx,
    deal: Deal,
    { instructionId, inquiries }: SettleInput,
    judgement: Judgement,
  ): Promise<SettleResult> {
    if (judgement.verdict === 'executed') {
      const { asset, amount_minor } = (await lockInstruction(trx, instructionId)).instruction;
      const sentBack = receiptSentBack({
        asset,
        amountMinor: BigInt(amount_minor),
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
    if (judgement.verdict === 'nonconforming') {
      await bookAstray(trx, await lockInstruction(trx, instructionId), judgement, deal.id);
    }
    const successor = await successorOf(trx, deps, deal, { instructionId, judgement, inquiries });
    if (successor) return { next: 'submit', instruction: successor };
    const open = judgement.verdict === 'pending' || judgement.verdict === 'unknown';
    const detail = 'cause' in judgement ? judgement.cause : 'the return did not conform either';
    const doing = open ? nextStep({ cause: 'nonconforming', detail, inquiries }) : 'operator';
    await raise(trx, deal, instructionId, { cause: 'nonconforming', detail, inquiries, doing });
    return doing === 'inquire' ? inquire(deal, inquiries, true) : { next: 'operator' };
  }

  async function trouble(
    trx: Trx,
    deal: Deal,
    instructionId: string,
    what: Parameters<typeof nextStep>[0],
  ): Promise<SettleResult> {
    const doing = nextStep(what);
    await raise(trx, deal, instructionId, { ...what, doing });
    return doing === 'inquire' ? inquire(deal, what.inquiries, true) : { next: 'operator' };
  }

  function inquire(deal: Deal, inquiries: number, visible: boolean): SettleResult {
    return { next: 'inquire', afterMs: inquiryDelayMs(deps, deal.rail, inquiries), visible };
  }

  /** Nothing moved and nothing will: again, over another rail, or not at all. A party that cancelled wants it no more. */
  async function anotherWay(
    trx: Trx,
    deal: Deal,
    instructionId: string,
    judgement: Extract<Judgement, { verdict: 'rejected' | 'unreachable' | 'never_executed' }>,
  ): Promise<SettleResult> {
    const { verdict: cause, cause: detail } = judgement;
    const wanted = deal.marketState === 'committed' && !(await cancellationOf(trx, deal.id));
    const successor = wanted && (await instructAnew(trx, deps, deal, { instructionId, cause, detail }));
    if (successor) return { next: 'submit', instruction: successor };
    const told =
      cause === 'rejected' ? 'the rail rejected the payment' : 'the payment provably did not execute';
    await endDeal(trx, deal, {
      decline: 'X4',
      reason: wanted ? told : `${told}, and it is not wanted any more`,
      details: {
        rule: cause === 'rejected' ? 'rail_rejected' : 'never_executed',
        cause: detail,
        tried: EXCEPTION_POLICY[cause].steps,
        ...(judgement.verdict === 'rejected' && { reason: judgement.reason }),
      },
      before: exceptionStep(deal, instructionId, detail),
    });
    return { next: 'ended' };
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
    const proved = settlementProved({
      transactionId: deal.id,
      buyer: deal.buyerPrincipalId,
      asset: deal.asset,
      totalMinor: deal.totalMinor,
      ...atRailOf(deps, deal.rail, deal.asset),
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
      entries: [proved, ...(match ? await clearingEntries(trx, deal, match) : [])],
      events: [
        event('transaction.settled'),
        {
          type: 'transaction.payment_captured' as const,
          correlationId: deal.sessionId,
          payload: { ...told, rail: deal.rail },
        },
        ...(match ? [event('transaction.cleared')] : []),
      ],
      audit: {
        action: 'deal.settled',
        detail: { instruction_id: instructionId, cleared: match !== undefined },
      },
    });
    if (deal.clearingState === 'exception') await resolveException(trx, deal.id, 'it executed');
    return { next: 'settled', look: await lookOncePaid(trx, deps, deal.id) };
  }
}

/** Where the payment's part of the deal is over already. */
function outcomeOf({ clearingState }: Deal): SettleResult | undefined {
  switch (clearingState) {
    case 'settled':
    case 'cleared':
    case 'reversed':
    case 'refunded':
      return { next: 'settled' };
    case 'declined':
      return { next: 'ended' };
    default:
      return undefined;
  }
}
