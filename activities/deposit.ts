/** Deposits: a principal's own money in, as free collateral. */
import { canonicalHash } from '../domain/canonical';
import { depositProved, receiptSentBack, unknownReceipt } from '../domain/ledger/postings';
import type { SettlementProof, SignedInstruction } from '../domain/settlement';
import { inTransaction, type Trx } from '../store/db';
import { findDeposit, lockDeposit, setDepositStatus, type Deposit } from '../store/deposits';
import { resolveException } from '../store/exceptions';
import { instructionOf, lockInstruction, type StoredInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { findMandate, useMandate } from '../store/payment-accounts';
import { lockPrincipals } from '../store/principals';
import { openRecoveryIds } from '../store/recoveries';
import { recordAudit } from '../store/states';
import { openMarginCalls } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { AURA_ACCOUNT, atRailOf, instruct } from './instruct';
import { judgeAnswer, nativeProblems, type Judgement } from './judge';
import { stuck, type Asked, type Outgoing } from './outgoing';
import { coverOpenDebts } from './recovery';

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

    async settleDeposit(input: Asked & { depositId: string }): Promise<Outgoing> {
      const evidenceProblems = await nativeProblems(deps, input.answer);
      return inTransaction(deps.db, async (trx) => {
        const deposit = await lockDeposit(trx, input.depositId);
        if (deposit.status !== 'pending') return { next: 'done', status: deposit.status };
        const stored = await lockInstruction(trx, input.instructionId);
        const judgement = await judgeAnswer(trx, stored, input.answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
          evidenceProblems,
        });
        if (judgement.verdict === 'executed') return executed(trx, deposit, stored, judgement);
        const isReturn = stored.instruction.kind === 'return';
        if (judgement.verdict === 'nonconforming' && !isReturn) {
          return { next: 'submit', instruction: await sendBack(trx, deposit, stored, judgement.proof) };
        }
        const open = stillOpen(judgement);
        if (judgement.verdict !== open.verdict && !isReturn) {
          await useMandate(trx, deposit.mandateId, -deposit.amountMinor);
          return finish(trx, deposit, 'failed', 'cause' in judgement ? judgement.cause : undefined);
        }
        const { inquiries } = input;
        return stuck(trx, deps, stored, {
          subjectId: deposit.id,
          transactionId: null,
          judgement: open,
          inquiries,
          workflowId: input.workflowId,
        });
      });
    },

    /** The deals whose margin call, and the debts whose call, this deposit may answer. */
    async depositEnded({ depositId }: { depositId: string }): Promise<{ waiting: string[] }> {
      const deposit = await findDeposit(deps.db, depositId);
      if (deposit?.status !== 'proved') return { waiting: [] };
      const { principalId } = deposit;
      const calls = await openMarginCalls(deps.db, principalId);
      return { waiting: [...calls, ...(await openRecoveryIds(deps.db, principalId))] };
    },
  };

  async function executed(
    trx: Trx,
    deposit: Deposit,
    { instruction }: StoredInstruction,
    judgement: Extract<Judgement, { verdict: 'executed' }>,
  ): Promise<Outgoing> {
    const line = judgement.match ? [judgement.match.entry] : [];
    if (instruction.kind === 'return') {
      const { asset, amount_minor } = instruction;
      const receipt = { receiptId: deposit.id, rail: deposit.rail, transactionId: null };
      await postEntries(trx, [
        receiptSentBack({ ...receipt, asset, amountMinor: BigInt(amount_minor) }),
        ...line,
      ]);
      await useMandate(trx, deposit.mandateId, -deposit.amountMinor);
      return finish(trx, deposit, 'failed', 'the rail moved another amount; it was sent back');
    }
    const posting = { ...deposit, depositId: deposit.id, ...atRailOf(deps, deposit.rail, deposit.asset) };
    await postEntries(trx, [depositProved(posting), ...line]);
    await lockPrincipals(trx, [deposit.principalId]);
    await coverOpenDebts(trx, deposit.principalId, deposit.asset);
    return finish(trx, deposit, 'proved');
  }

  async function sendBack(
    trx: Trx,
    deposit: Deposit,
    { instruction: original }: StoredInstruction,
    { statement }: SettlementProof,
  ): Promise<SignedInstruction> {
    const known = await instructionOf(trx, deposit.id, 'return');
    if (known) return known;
    const money = { asset: statement.asset, amountMinor: BigInt(statement.amount_minor) };
    const receipt = { receiptId: deposit.id, rail: deposit.rail, transactionId: null };
    await postEntries(trx, [unknownReceipt({ ...receipt, ...money })]);
    return instruct(trx, deps, {
      kind: 'return',
      subjectId: deposit.id,
      transactionId: null,
      rail: deposit.rail,
      ...money,
      debtor: AURA_ACCOUNT,
      creditor: { account_ref: original.debtor.account_ref },
      commitmentHash: original.commitment_hash,
      returnsReference: statement.reference,
    });
  }
}

type Open = Extract<Judgement, { verdict: 'pending' | 'unknown' | 'nonconforming' }>;

/** A return that did not go through leaves its money in suspense until an operator finds a way. */
function stillOpen(judgement: Exclude<Judgement, { verdict: 'executed' }>): Open {
  switch (judgement.verdict) {
    case 'rejected':
    case 'unreachable':
    case 'never_executed':
      return { verdict: 'unknown', why: 'bad_proof', cause: judgement.cause };
    default:
      return judgement;
  }
}

async function finish(
  trx: Trx,
  deposit: Deposit,
  status: 'proved' | 'failed',
  cause?: string,
): Promise<Outgoing> {
  await setDepositStatus(trx, deposit.id, status);
  await resolveException(trx, deposit.id, cause ?? 'it executed');
  await recordAudit(trx, {
    actor: deposit.agentId,
    action: `deposit.${status}`,
    subject: deposit.id,
    detail: { amount_minor: deposit.amountMinor.toString(), asset: deposit.asset, ...(cause && { cause }) },
  });
  return { next: 'done', status };
}
