/** Refunds: what is granted is owed at once; the rail brings it; the buyer's balance takes what no rail can bring. */
import { canonicalHash } from '../domain/canonical';
import { refusal, type Refusal } from '../domain/errors';
import { refundProved, refundToBalance } from '../domain/ledger/postings';
import type { RailName, SignedInstruction } from '../domain/settlement';
import { inTransaction, type Trx } from '../store/db';
import { resolveException } from '../store/exceptions';
import { lockKeyOf, setOutcome } from '../store/idempotency';
import { findProof, instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { canReceive, findAccount, payoutAccount } from '../store/payment-accounts';
import { findRefund, refundsOf, setRefundStatus, type Refund } from '../store/refunds';
import { hasStep, recordAudit, recordChange, recordEvents } from '../store/states';
import { lockDeal, stateOf, type Deal } from '../store/transactions';
import { hasOpenDispute } from '../store/disputes';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, atRailOf, instruct } from './instruct';
import { judgeAnswer, nativeProblems } from './judge';
import { grantRefund, leftToRefund } from './refund-grant';
import { stuck, type Asked, type Outgoing } from './outgoing';

/** What is asked for; all that is left where no amount is named. */
export interface RefundAsked {
  transactionId: string;
  amountMinor: string | null;
  reason: string;
  requestedBy: string;
}

export type RefundDecision = { outcome: 'granted' } | { outcome: 'refused'; refusal: Refusal };

export type PreparedRefund = { outcome: 'instructed'; instruction: SignedInstruction } | { outcome: 'ended' };

export function refundActivities(deps: ActivityDeps) {
  return {
    /** Grants what a seller or an operator asks for, where the deal's state and what is left of it allow. */
    async decideRefund({
      refundId,
      order: asked,
    }: {
      refundId: string;
      order: RefundAsked;
    }): Promise<RefundDecision> {
      return inTransaction(deps.db, async (trx) => {
        const deal = await lockDeal(trx, asked.transactionId);
        if (await findRefund(trx, refundId)) return { outcome: 'granted' };
        const before = (await lockKeyOf(trx, refundId))?.outcome;
        if (before && 'refusal' in before) return { outcome: 'refused', refusal: before.refusal };
        const left = await leftToRefund(trx, deal);
        const amountMinor = asked.amountMinor === null ? left : BigInt(asked.amountMinor);
        const why = await refundProblem(trx, deal, { left, amountMinor });
        if (why) {
          // Whoever asks again under the same key hears the same.
          await setOutcome(trx, refundId, { refusal: why });
          return { outcome: 'refused', refusal: why };
        }
        const { reason, requestedBy } = asked;
        await grantRefund(
          trx,
          deps,
          deal,
          { amountMinor, cause: 'voluntary', reason, requestedBy },
          refundId,
        );
        return { outcome: 'granted' };
      });
    },

    async prepareRefund({ refundId }: { refundId: string }): Promise<PreparedRefund> {
      return inTransaction(deps.db, async (trx) => {
        const { deal, refund } = await lockRefund(trx, refundId);
        if (refund.status !== 'pending') return { outcome: 'ended' };
        const known = await instructionOf(trx, refundId, 'refund');
        if (known) return { outcome: 'instructed', instruction: known };
        const payIn = await instructionOf(trx, deal.id, 'pay_in');
        const proof = payIn && (await findProof(trx, payIn.instruction.instruction_id));
        if (!payIn || !proof?.accepted) {
          // Set off in a netting cycle: there is no payment to send back, so the balance takes it.
          await toBalance(trx, deal, refund, 'there is no payment of its own to refund');
          return { outcome: 'ended' };
        }
        const { rail, debtor } = payIn.instruction;
        const account = await refundAccount(trx, deal, rail, debtor.account_ref);
        if (!account) {
          await toBalance(trx, deal, refund, 'the payer has no account that this rail can pay to');
          return { outcome: 'ended' };
        }
        const instruction = await order(trx, deal, refund, {
          rail,
          accountRef: account.id,
          reference: proof.statement.reference,
        });
        return { outcome: 'instructed', instruction };
      });
    },

    async settleRefund(input: Asked & { refundId: string }): Promise<Outgoing> {
      const evidenceProblems = await nativeProblems(deps, input.answer);
      return inTransaction(deps.db, async (trx) => {
        const { deal, refund } = await lockRefund(trx, input.refundId);
        if (refund.status !== 'pending') return { next: 'done', status: refund.status };
        const stored = await lockInstruction(trx, input.instructionId);
        const judgement = await judgeAnswer(trx, stored, input.answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
          evidenceProblems,
        });
        switch (judgement.verdict) {
          case 'executed':
            await prove(trx, deal, refund, stored.instruction.rail);
            if (judgement.match) await postEntries(trx, [judgement.match.entry]);
            await resolveException(trx, refund.id, 'it executed');
            return { next: 'done', status: 'proved' };
          case 'rejected':
            await toBalance(trx, deal, refund, judgement.cause);
            await resolveException(trx, refund.id, judgement.cause);
            return { next: 'done', status: 'to_balance' };
          case 'unreachable':
          case 'never_executed': {
            const newest = await instructionOf(trx, refund.id, 'refund');
            if (newest && newest.instruction.instruction_id !== input.instructionId)
              return { next: 'submit', instruction: newest };
            const { rail, creditor, returns_reference: reference = '' } = stored.instruction;
            const again = {
              rail,
              accountRef: creditor.account_ref,
              reference,
              replaces: input.instructionId,
            };
            return { next: 'submit', instruction: await order(trx, deal, refund, again) };
          }
          case 'pending':
          case 'unknown':
          case 'nonconforming':
            return stuck(trx, deps, stored, {
              subjectId: refund.id,
              transactionId: deal.id,
              judgement,
              inquiries: input.inquiries,
              workflowId: input.workflowId,
            });
        }
      });
    },
  };

  function order(
    trx: Trx,
    deal: Deal,
    refund: Refund,
    to: { rail: RailName; accountRef: string; reference: string; replaces?: string },
  ): Promise<SignedInstruction> {
    return instruct(trx, deps, {
      kind: 'refund',
      subjectId: refund.id,
      transactionId: deal.id,
      rail: to.rail,
      asset: refund.asset,
      amountMinor: refund.amountMinor,
      debtor: AURA_ACCOUNT,
      creditor: { account_ref: to.accountRef },
      commitmentHash: canonicalHash({
        type: 'aura.refund.v1',
        refund_id: refund.id,
        transaction_id: deal.id,
        amount_minor: refund.amountMinor.toString(),
        asset: refund.asset,
      }),
      returnsReference: to.reference,
      replaces: to.replaces,
    });
  }

  async function prove(trx: Trx, deal: Deal, refund: Refund, rail: RailName): Promise<void> {
    const { id: refundId, transactionId, asset, amountMinor } = refund;
    const buyer = deal.buyerPrincipalId;
    await setRefundStatus(trx, refundId, 'proved');
    await postEntries(trx, [
      refundProved({ refundId, transactionId, buyer, asset, amountMinor, ...atRailOf(deps, rail, asset) }),
    ]);
    await concluded(trx, deal, refundId);
  }
}

/** No rail brings it: the buyer's balance has it, and may be paid out from there. */
/** The account that paid. What was paid by a facilitator's token came from nobody's account: then one of the payer's. */
async function refundAccount(trx: Trx, deal: Deal, rail: RailName, paidFrom: string) {
  const account = await findAccount(trx, paidFrom);
  if (account && canReceive(account)) return account;
  return payoutAccount(trx, deal.buyerPrincipalId, [rail], deal.asset);
}

async function toBalance(trx: Trx, deal: Deal, refund: Refund, cause: string): Promise<void> {
  const { id: refundId, transactionId, asset, amountMinor } = refund;
  await setRefundStatus(trx, refundId, 'to_balance');
  await postEntries(trx, [
    refundToBalance({ refundId, transactionId, buyer: deal.buyerPrincipalId, asset, amountMinor }),
  ]);
  await recordAudit(trx, { actor: 'aura', action: 'refund.to_balance', subject: deal.id, detail: { cause } });
  await concluded(trx, deal, refundId);
}

/** X6 once refunds that reached the buyer add up to the total. */
async function concluded(trx: Trx, deal: Deal, refundId: string): Promise<void> {
  const reached = (await refundsOf(trx, deal.id))
    .filter(({ status }) => status === 'proved' || status === 'to_balance')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const told = { session_id: deal.sessionId, transaction_id: deal.id, refund_id: refundId };
  const events = [{ type: 'refund.proved' as const, correlationId: deal.sessionId, payload: told }];
  const paid = deal.clearingState === 'settled' || deal.clearingState === 'cleared';
  const whole = reached === deal.totalMinor && paid && !(await hasStep(trx, deal.sessionId, 'X6'));
  if (!whole) return recordEvents(trx, events);
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [{ transition: 'X6', detail: { refund_id: refundId } }],
    actor: 'aura',
    events: [...events, { type: 'transaction.refunded', correlationId: deal.sessionId, payload: told }],
    audit: { action: 'deal.refunded', detail: { refund_id: refundId } },
  });
}

async function lockRefund(trx: Trx, refundId: string): Promise<{ deal: Deal; refund: Refund }> {
  const known = await findRefund(trx, refundId);
  if (!known) throw new Error(`no refund ${refundId}`);
  const deal = await lockDeal(trx, known.transactionId);
  const refund = await findRefund(trx, refundId);
  if (!refund) throw new Error(`no refund ${refundId}`);
  return { deal, refund };
}

async function refundProblem(
  trx: Trx,
  deal: Deal,
  { left, amountMinor }: { left: bigint; amountMinor: bigint },
): Promise<Refusal | undefined> {
  const paid = deal.clearingState === 'settled' || deal.clearingState === 'cleared';
  if (!paid) return refusal('SESSION_STATE_CONFLICT', { clearing_status: deal.clearingState });
  if (await hasOpenDispute(trx, deal.id)) return refusal('SESSION_STATE_CONFLICT', { reason: 'in dispute' });
  if (amountMinor <= left && amountMinor > 0n) return undefined;
  return refusal('INVALID_PARAMETER', { field: 'amount', reason: 'more than is left of the total' });
}
