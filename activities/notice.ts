/** What rails say of their own accord: returns, chargebacks, won representments, reorganisations, corrections. */
import { canonicalJson, sha256Hex } from '../domain/canonical';
import { verifySignature } from '../domain/keys';
import { depositReturned, payoutReturned } from '../domain/ledger/postings';
import { atPar } from '../domain/par';
import type { NoticeStatement, RailName, RailNotice } from '../domain/settlement';
import { inTransaction, type Trx } from '../store/db';
import { lockDeposit } from '../store/deposits';
import {
  findProof,
  lockInstruction,
  setInstructionStatus,
  type StoredInstruction,
} from '../store/instructions';
import { postEntries } from '../store/ledger';
import { judgeNotice, lockNotice, openNotices, type StoredNotice } from '../store/notices';
import { freePayables, lockPayout, setPayoutStatus } from '../store/payouts';
import { lockPrincipals } from '../store/principals';
import { recordAudit } from '../store/states';
import { lockDeal } from '../store/transactions';
import { railKeys } from '../store/trust';
import type { ActivityDeps } from './deps';
import { freeCollateral } from './end';
import { atRailOf } from './instruct';
import { returnNetPayment } from './netting-return';
import { openDebt } from './recovery';
import { reverseDeal, undoReversal, type ReversalEffect } from './reversal';

const NOTICES_AT_ONCE = 100;

export type NoticeEffect = ReversalEffect;

export function noticeActivities(deps: ActivityDeps) {
  return {
    openNotices: ({ rail }: { rail: string }) => openNotices(deps.db, rail as RailName, NOTICES_AT_ONCE),

    /** Believes a notice or not, and does what it asks for; once. */
    async applyNotice({ noticeId }: { noticeId: string }): Promise<NoticeEffect> {
      return inTransaction(deps.db, async (trx) => {
        const notice = await lockNotice(trx, noticeId);
        if (notice.accepted !== null) return {};
        const stored = await instructionFor(trx, notice);
        const problem = stored ? await problemOf(trx, notice, stored) : 'it names no instruction of ours';
        if (problem || !stored) {
          await judgeNotice(trx, noticeId, { accepted: false, effect: problem ?? 'unknown' });
          await recordAudit(trx, {
            actor: `rail:${notice.statement.rail}`,
            action: 'notice.refused',
            subject: noticeId,
            detail: { problem },
          });
          return {};
        }
        return act(trx, notice, stored);
      });
    },
  };

  async function act(trx: Trx, notice: StoredNotice, stored: StoredInstruction): Promise<NoticeEffect> {
    const { statement, id } = notice;
    if (statement.kind === 'notice_of_change') {
      await judgeNotice(trx, id, { accepted: true, effect: 'account corrected' });
      return {};
    }
    const { kind, subject_id: subjectId } = stored.instruction;
    switch (kind) {
      case 'pay_in': {
        const deal = await lockDeal(trx, subjectId);
        return statement.kind === 'representment_won'
          ? undoReversal(trx, deps, deal, notice)
          : reverseDeal(trx, deps, deal, notice);
      }
      case 'deposit':
        return returnDeposit(trx, notice, subjectId);
      case 'payout':
        return returnPayout(trx, notice, subjectId);
      case 'net_in':
      case 'net_out': {
        const { effect, ...more } = await returnNetPayment(trx, deps, {
          noticeId: id,
          paymentId: subjectId,
          statement,
        });
        await judgeNotice(trx, id, { accepted: true, effect });
        return more;
      }
      case 'refund':
      case 'return':
        // Money that came back from where it was sent: an operator decides, reconciliation shows it as a break.
        await judgeNotice(trx, id, { accepted: true, effect: `${kind} came back; left to reconciliation` });
        return {};
    }
  }

  async function returnDeposit(trx: Trx, notice: StoredNotice, depositId: string): Promise<NoticeEffect> {
    const deposit = await lockDeposit(trx, depositId);
    const { principalId, asset, rail } = deposit;
    await lockPrincipals(trx, [principalId]);
    const amount = inBooks(notice.statement, asset);
    const free = await freeCollateral(trx, principalId, asset);
    const lost = amount.amountMinor + amount.feeMinor;
    const collateralMinor = free < lost ? free : lost;
    await postEntries(trx, [
      depositReturned({
        depositId,
        noticeId: notice.id,
        principalId,
        asset,
        amountMinor: amount.amountMinor,
        feeMinor: amount.feeMinor,
        collateralMinor,
        ...atRailOf(deps, rail, asset),
      }),
    ]);
    await setInstructionStatus(trx, notice.statement.instruction_id, 'reversed');
    await judgeNotice(trx, notice.id, { accepted: true, effect: 'deposit returned' });
    const owedMinor = lost - collateralMinor;
    if (owedMinor === 0n) return {};
    const debt = { principalId, owedMinor, cause: `deposit ${depositId} was returned` };
    const callMs = deps.profiles.retail.recoveryDays * deps.profiles.retail.dayMs;
    return { recoveryId: await openDebt(trx, { transactionId: null, asset, ...debt }, callMs) };
  }

  async function returnPayout(trx: Trx, notice: StoredNotice, payoutId: string): Promise<NoticeEffect> {
    const payout = await lockPayout(trx, payoutId);
    const { amountMinor } = inBooks(notice.statement, payout.asset);
    await postEntries(trx, [
      payoutReturned({
        ...payout,
        payoutId,
        amountMinor,
        noticeId: notice.id,
        ...atRailOf(deps, payout.rail, payout.asset),
      }),
    ]);
    await setPayoutStatus(trx, payoutId, 'returned');
    await freePayables(trx, payoutId);
    await setInstructionStatus(trx, notice.statement.instruction_id, 'reversed');
    await judgeNotice(trx, notice.id, { accepted: true, effect: 'payout returned' });
    await recordAudit(trx, {
      actor: `rail:${payout.rail}`,
      action: 'payout.returned',
      subject: payoutId,
      detail: { reason_code: notice.statement.reason_code },
    });
    return {};
  }
}

/** A notice's amounts in the books' asset. */
export function inBooks(
  { amount_minor, fee_minor, asset }: NoticeStatement,
  booksAsset: string,
): { amountMinor: bigint; feeMinor: bigint } {
  return {
    amountMinor: atPar(BigInt(amount_minor), asset, booksAsset),
    feeMinor: atPar(BigInt(fee_minor), asset, booksAsset),
  };
}

async function instructionFor(trx: Trx, { statement }: RailNotice): Promise<StoredInstruction | undefined> {
  try {
    return await lockInstruction(trx, statement.instruction_id);
  } catch {
    return undefined;
  }
}

/** Why a notice is not believed. */
async function problemOf(
  trx: Trx,
  { statement, key_id, signature, evidence }: RailNotice,
  { instruction, status }: StoredInstruction,
): Promise<string | undefined> {
  const keys = await railKeys(trx, statement.rail);
  const key = keys.find(({ keyId }) => keyId === key_id);
  const occurredAt = new Date(statement.occurred_at);
  if (!key) return `key ${key_id} is not registered for ${statement.rail}`;
  if (occurredAt < key.validFrom || (key.validTo !== null && occurredAt >= key.validTo)) {
    return `key ${key_id} was not this rail's at ${statement.occurred_at}`;
  }
  if (!verifySignature(key.publicKey, canonicalJson(statement), signature))
    return 'the signature does not verify';
  if (statement.evidence_sha256 !== sha256Hex(evidence))
    return 'the statement does not belong to the evidence';
  if (instruction.rail !== statement.rail) return `the instruction was for ${instruction.rail}`;
  if (statement.kind === 'notice_of_change') return undefined;
  if (status !== 'executed' && status !== 'reversed') return `the instruction is ${status}`;
  const proof = await findProof(trx, instruction.instruction_id);
  if (proof?.statement.reference !== statement.original_reference) return 'it names another movement';
  if (BigInt(statement.amount_minor) > BigInt(instruction.amount_minor))
    return 'it takes more than was moved';
  return undefined;
}
