/** Deposits: a principal's own money in, as free collateral. */
import { canonicalHash } from '../domain/canonical';
import { depositProved } from '../domain/ledger/postings';
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import { inTransaction, type Trx } from '../store/db';
import { lockDeposit, setDepositStatus, type Deposit } from '../store/deposits';
import { instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { findMandate, useMandate } from '../store/payment-accounts';
import { recordAudit } from '../store/states';
import { openMarginCalls } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, instruct } from './instruct';
import { judgeAnswer } from './judge';

export type DepositResult =
  /** `waiting` are deals whose margin call this deposit may answer. */
  { next: 'done'; status: Deposit['status']; waiting: string[] } | { next: 'inquire' };

export function depositActivities(deps: ActivityDeps) {
  return {
    async prepareDeposit({ depositId }: { depositId: string }): Promise<SignedInstruction> {
      return inTransaction(deps.db, async (trx) => {
        const deposit = await lockDeposit(trx, depositId);
        const known = await instructionOf(trx, depositId, 'deposit');
        if (known) return known;
        const mandate = await findMandate(trx, deposit.mandateId);
        if (!mandate) throw new Error(`no mandate ${deposit.mandateId}`);
        return instruct(trx, deps, {
          kind: 'deposit',
          subjectId: deposit.id,
          transactionId: null,
          rail: deposit.rail,
          asset: deposit.asset,
          amountMinor: deposit.amountMinor,
          debtor: { account_ref: mandate.accountId, mandate_ref: mandate.id },
          creditor: AURA_ACCOUNT,
          commitmentHash: canonicalHash({
            type: 'aura.deposit.v1',
            deposit_id: deposit.id,
            principal_id: deposit.principalId,
            amount_minor: deposit.amountMinor.toString(),
            asset: deposit.asset,
          }),
        });
      });
    },

    async settleDeposit(input: {
      depositId: string;
      instructionId: string;
      answer: RailAnswer;
    }): Promise<DepositResult> {
      return inTransaction(deps.db, async (trx) => {
        const deposit = await lockDeposit(trx, input.depositId);
        if (deposit.status !== 'pending') return done(trx, deposit, deposit.status);
        const stored = await lockInstruction(trx, input.instructionId);
        const judgement = await judgeAnswer(trx, stored, input.answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
        });
        switch (judgement.verdict) {
          case 'executed': {
            const posting = { ...deposit, depositId: deposit.id };
            await postEntries(trx, [
              depositProved(posting),
              ...(judgement.match ? [judgement.match.entry] : []),
            ]);
            return finish(trx, deposit, 'proved');
          }
          case 'rejected':
          case 'never_executed':
            await useMandate(trx, deposit.mandateId, -deposit.amountMinor);
            return finish(trx, deposit, 'failed', judgement.cause);
          case 'pending':
          case 'unknown':
          case 'nonconforming':
            return { next: 'inquire' };
        }
      });
    },
  };
}

async function finish(
  trx: Trx,
  deposit: Deposit,
  status: 'proved' | 'failed',
  cause?: string,
): Promise<DepositResult> {
  await setDepositStatus(trx, deposit.id, status);
  await recordAudit(trx, {
    actor: deposit.agentId,
    action: `deposit.${status}`,
    subject: deposit.id,
    detail: { amount_minor: deposit.amountMinor.toString(), asset: deposit.asset, ...(cause && { cause }) },
  });
  return done(trx, deposit, status);
}

async function done(trx: Trx, deposit: Deposit, status: Deposit['status']): Promise<DepositResult> {
  const waiting = status === 'proved' ? await openMarginCalls(trx, deposit.principalId) : [];
  return { next: 'done', status, waiting };
}
