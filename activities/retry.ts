/** Presenting a returned payment again, where the rail's rules allow it. */
import type { SignedInstruction } from '../domain/settlement';
import { inTransaction, type Trx } from '../store/db';
import { resolveException } from '../store/exceptions';
import { instructionOf, lockInstruction } from '../store/instructions';
import { standingReversal } from '../store/notices';
import { lockDeal, type Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { hasOpenDispute, openDispute } from './dispute';
import { AURA_ACCOUNT, instruct } from './instruct';
import { judgeAnswer, nativeProblems } from './judge';
import { stuck, type Asked, type Outgoing } from './outgoing';
import { settleAgain } from './reversal';

export type PreparedRetry =
  { outcome: 'instructed'; instruction: SignedInstruction } | { outcome: 'nothing'; reason: string };

export function retryActivities(deps: ActivityDeps) {
  return {
    /** A new instruction for a payment that was returned for lack of funds. */
    async prepareRetry({ transactionId }: { transactionId: string }): Promise<PreparedRetry> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, transactionId);
        const last = await instructionOf(trx, deal.id, 'pay_in');
        if (deal.clearingState !== 'reversed' || !last) return { outcome: 'nothing', reason: 'not reversed' };
        if (last.status !== 'reversed') return { outcome: 'instructed', instruction: last };
        const instruction = await instruct(trx, deps, {
          kind: 'pay_in',
          subjectId: deal.id,
          transactionId: deal.id,
          rail: deal.rail,
          asset: deal.asset,
          amountMinor: deal.totalMinor,
          debtor: last.instruction.debtor,
          creditor: AURA_ACCOUNT,
          commitmentHash: deal.commitmentHash,
          replaces: last.instruction.instruction_id,
        });
        return { outcome: 'instructed', instruction };
      });
    },

    async settleRetry(input: Asked & { transactionId: string }): Promise<Outgoing> {
      const evidenceProblems = await nativeProblems(deps, input.answer);
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, input.transactionId);
        if (deal.clearingState !== 'reversed') return { next: 'done', status: deal.clearingState ?? '' };
        const stored = await lockInstruction(trx, input.instructionId);
        const judgement = await judgeAnswer(trx, stored, input.answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
          evidenceProblems,
        });
        switch (judgement.verdict) {
          case 'executed': {
            const taken = await standingReversal(trx, deal.id);
            if (!taken) throw new Error(`no reversal of ${deal.id}`);
            await settleAgain(trx, deps, deal, {
              key: input.instructionId,
              reversalId: taken.id,
              sources: taken.sources,
              amountMinor: deal.totalMinor,
              match: judgement.match,
            });
            await resolveException(trx, deal.id, 'it executed');
            return { next: 'done', status: 'settled' };
          }
          case 'rejected':
          case 'unreachable':
          case 'never_executed':
            await disputeReversal(trx, deal, judgement.cause);
            return { next: 'done', status: 'reversed' };
          case 'pending':
          case 'unknown':
          case 'nonconforming':
            return stuck(trx, deps, stored, {
              subjectId: deal.id,
              transactionId: deal.id,
              judgement,
              inquiries: input.inquiries,
              workflowId: input.workflowId,
            });
        }
      });
    },
  };

  async function disputeReversal(trx: Trx, deal: Deal, cause: string): Promise<void> {
    const disputable = ['committed', 'fulfilled', 'completed'].includes(deal.marketState);
    if (!disputable || (await hasOpenDispute(trx, deal.id))) return;
    await openDispute(trx, deps, deal, {
      side: 'aura',
      filedBy: 'aura',
      reason: 'reversal',
      description: `The payment was taken back and could not be had again: ${cause}`,
      remedyAsked: 'uphold',
    });
  }
}
