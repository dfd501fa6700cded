/** Payouts: a seller's released proceeds, over the rail the deal was paid by. */
import { canonicalHash } from '../domain/canonical';
import { newId } from '../domain/ids';
import { payoutProved, payoutRejected, payoutSent } from '../domain/ledger/postings';
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import { inTransaction, rows, type Trx } from '../store/db';
import { instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { payoutAccount } from '../store/payment-accounts';
import {
  assignPayable,
  freePayables,
  insertPayout,
  lockOpenPayable,
  lockPayout,
  payoutOfDeal,
  setPayoutStatus,
  type Payout,
} from '../store/payouts';
import { lockPrincipals } from '../store/principals';
import { recordAudit, recordEvents } from '../store/states';
import { findDeal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, instruct } from './instruct';
import { judgeAnswer } from './judge';

export type PreparedPayout =
  | { outcome: 'instructed'; payoutId: string; instruction: SignedInstruction }
  /** Nothing is owed, or the principal has no account at the rail yet. */
  | { outcome: 'nothing'; reason: string };

export type PayoutResult =
  { next: 'done'; status: Payout['status'] } | { next: 'inquire' } | { next: 'resubmit' };

export function payoutActivities(deps: ActivityDeps) {
  return {
    async preparePayout({ transactionId }: { transactionId: string }): Promise<PreparedPayout> {
      return inTransaction(deps.db, async (trx) => {
        const known = await payoutOfDeal(trx, transactionId);
        if (known) return instructed(trx, known.id);
        const deal = await findDeal(trx, transactionId);
        const payable = await lockOpenPayable(trx, transactionId);
        if (!deal || !payable) return { outcome: 'nothing', reason: 'nothing is owed' };
        const account = await payoutAccount(trx, payable.principalId, [deal.rail], payable.asset);
        if (!account) return { outcome: 'nothing', reason: `no account at ${deal.rail}` };
        await lockPrincipals(trx, [payable.principalId]);
        const amountMinor = await payableNow(trx, payable);
        if (amountMinor === 0n) return { outcome: 'nothing', reason: 'the balance is pledged elsewhere' };
        const payoutId = newId('payout');
        const payout = {
          id: payoutId,
          principalId: payable.principalId,
          rail: deal.rail,
          accountId: account.id,
          asset: payable.asset,
          amountMinor,
        };
        await insertPayout(trx, payout);
        await assignPayable(trx, transactionId, payoutId);
        await order(trx, payout);
        await postEntries(trx, [payoutSent({ ...payout, payoutId })]);
        await tell(trx, 'payout.sent', payout);
        return instructed(trx, payoutId);
      });
    },

    async settlePayout(input: {
      payoutId: string;
      instructionId: string;
      answer: RailAnswer;
    }): Promise<PayoutResult> {
      return inTransaction(deps.db, async (trx) => {
        const payout = await lockPayout(trx, input.payoutId);
        if (payout.status !== 'pending') return { next: 'done', status: payout.status };
        const stored = await lockInstruction(trx, input.instructionId);
        const judgement = await judgeAnswer(trx, stored, input.answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
        });
        const posting = { ...payout, payoutId: payout.id };
        switch (judgement.verdict) {
          case 'executed': {
            await postEntries(trx, [
              payoutProved(posting),
              ...(judgement.match ? [judgement.match.entry] : []),
            ]);
            await setPayoutStatus(trx, payout.id, 'proved');
            await tell(trx, 'payout.proved', payout);
            return { next: 'done', status: 'proved' };
          }
          case 'rejected': {
            await postEntries(trx, [payoutRejected(posting)]);
            await setPayoutStatus(trx, payout.id, 'rejected');
            await freePayables(trx, payout.id);
            await tell(trx, 'payout.rejected', payout, judgement.cause);
            return { next: 'done', status: 'rejected' };
          }
          case 'never_executed':
            // Run again after a crash, the successor is there already.
            if (await isNewest(trx, payout.id, input.instructionId)) {
              await order(trx, payout, input.instructionId);
            }
            return { next: 'resubmit' };
          case 'pending':
          case 'unknown':
          case 'nonconforming':
            return { next: 'inquire' };
        }
      });
    },
  };

  async function order(trx: Trx, payout: Omit<Payout, 'status'>, replaces?: string): Promise<void> {
    await instruct(trx, deps, {
      kind: 'payout',
      subjectId: payout.id,
      transactionId: null,
      rail: payout.rail,
      asset: payout.asset,
      amountMinor: payout.amountMinor,
      debtor: AURA_ACCOUNT,
      creditor: { account_ref: payout.accountId },
      commitmentHash: canonicalHash({
        type: 'aura.payout.v1',
        payout_id: payout.id,
        principal_id: payout.principalId,
        amount_minor: payout.amountMinor.toString(),
        asset: payout.asset,
      }),
      replaces,
    });
  }
}

async function instructed(trx: Trx, payoutId: string): Promise<PreparedPayout> {
  const instruction = await instructionOf(trx, payoutId, 'payout');
  if (!instruction) throw new Error(`no instruction of ${payoutId}`);
  return { outcome: 'instructed', payoutId, instruction };
}

async function isNewest(trx: Trx, payoutId: string, instructionId: string): Promise<boolean> {
  const newest = await instructionOf(trx, payoutId, 'payout');
  return newest?.instruction.instruction_id === instructionId;
}

/** What is owed, as far as the principal's free balance reaches. */
async function payableNow(
  trx: Trx,
  { principalId, asset, amountMinor }: { principalId: string; asset: string; amountMinor: bigint },
): Promise<bigint> {
  const [account] = await rows<{ balance: string }>(
    trx,
    `SELECT balance_minor AS balance FROM accounts WHERE owner = ? AND kind = 'collateral' AND asset = ?`,
    [principalId, asset],
  );
  const free = BigInt(account?.balance ?? 0);
  return free < amountMinor ? free : amountMinor;
}

async function tell(
  trx: Trx,
  type: 'payout.sent' | 'payout.proved' | 'payout.rejected',
  payout: Omit<Payout, 'status'>,
  cause?: string,
): Promise<void> {
  const payload = {
    payout_id: payout.id,
    principal_id: payout.principalId,
    amount_minor: payout.amountMinor.toString(),
    asset: payout.asset,
    ...(cause !== undefined && { cause }),
  };
  await recordEvents(trx, [{ type, correlationId: payout.principalId, payload }]);
  await recordAudit(trx, { actor: 'aura', action: type, subject: payout.id, detail: payload });
}
