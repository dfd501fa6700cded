/** Payouts: what a seller's deals have released, to an account of its own, over the cheapest rail it can be paid by. */
import { canonicalHash } from '../domain/canonical';
import { costMinor } from '../domain/clearing/rail-choice';
import { newId } from '../domain/ids';
import { payoutProved, payoutRejected, payoutSent } from '../domain/ledger/postings';
import { RAILS, type PayoutSchedule, type RailName, type SignedInstruction } from '../domain/settlement';
import { inTransaction, type Trx } from '../store/db';
import { resolveException } from '../store/exceptions';
import { instructionOf, lockInstruction } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { payoutAccount } from '../store/payment-accounts';
import {
  assignPayables,
  freePayables,
  insertPayout,
  lockOpenPayables,
  lockPayout,
  payableBalances,
  payoutOfDeal,
  payoutOfRun,
  payoutSchedule,
  setPayoutStatus,
  type Payout,
} from '../store/payouts';
import { lockPrincipals } from '../store/principals';
import { railsOutOfUse } from '../store/rail-health';
import { recordAudit, recordEvents } from '../store/states';
import { findDeal } from '../store/transactions';
import type { ActivityDeps } from './deps';
import { freeCollateral } from './end';
import { AURA_ACCOUNT, atRailOf, instruct } from './instruct';
import { judgeAnswer, nativeProblems } from './judge';
import { stuck, type Asked, type Outgoing } from './outgoing';
import { coverOpenDebts } from './recovery';

/** One deal's proceeds, or all that a principal has gathered in an asset. */
export type PayoutInput = { transactionId: string } | { principalId: string; asset: string; runId: string };

export type PreparedPayout =
  | { outcome: 'instructed'; payoutId: string; instruction: SignedInstruction }
  /** Nothing is owed, or the principal has no account to be paid to yet. */
  | { outcome: 'nothing'; reason: string };

export function payoutActivities(deps: ActivityDeps) {
  return {
    async preparePayout(input: PayoutInput): Promise<PreparedPayout> {
      return inTransaction(deps.db, async (trx) => {
        const known = await knownPayout(trx, input);
        if (known) return instructed(trx, known.id);
        if ('transactionId' in input) {
          const schedule = await payoutSchedule(trx, input.transactionId);
          if (schedule !== 'instant') return { outcome: 'nothing', reason: `paid ${schedule}` };
        }
        return prepare(trx, input);
      });
    },

    payableBalances: ({ schedule }: { schedule: PayoutSchedule }) => payableBalances(deps.db, schedule),

    async settlePayout(input: Asked & { payoutId: string }): Promise<Outgoing> {
      const evidenceProblems = await nativeProblems(deps, input.answer);
      return inTransaction(deps.db, async (trx) => {
        const payout = await lockPayout(trx, input.payoutId);
        if (payout.status !== 'pending') return { next: 'done', status: payout.status };
        const stored = await lockInstruction(trx, input.instructionId);
        const judgement = await judgeAnswer(trx, stored, input.answer, {
          finalityAsked: 'provisional',
          railTerms: deps.railTerms,
          evidenceProblems,
        });
        const posting = { ...payout, payoutId: payout.id };
        switch (judgement.verdict) {
          case 'executed': {
            const proved = payoutProved({ ...posting, ...atRailOf(deps, payout.rail, payout.asset) });
            await postEntries(trx, [proved, ...(judgement.match ? [judgement.match.entry] : [])]);
            await setPayoutStatus(trx, payout.id, 'proved');
            await resolveException(trx, payout.id, 'it executed');
            await tell(trx, 'payout.proved', payout);
            return { next: 'done', status: 'proved' };
          }
          case 'rejected': {
            await postEntries(trx, [payoutRejected(posting)]);
            await setPayoutStatus(trx, payout.id, 'rejected');
            await freePayables(trx, payout.id);
            await resolveException(trx, payout.id, judgement.cause);
            await tell(trx, 'payout.rejected', payout, judgement.cause);
            return { next: 'done', status: 'rejected' };
          }
          case 'unreachable':
          case 'never_executed': {
            const newest = await instructionOf(trx, payout.id, 'payout');
            // Run again after a crash, the successor is there already.
            if (newest && newest.instruction.instruction_id !== input.instructionId)
              return { next: 'submit', instruction: newest };
            return { next: 'submit', instruction: await order(trx, payout, input.instructionId) };
          }
          case 'pending':
          case 'unknown':
          case 'nonconforming':
            return stuck(trx, deps, stored, {
              subjectId: payout.id,
              transactionId: null,
              judgement,
              inquiries: input.inquiries,
              workflowId: input.workflowId,
            });
        }
      });
    },
  };

  async function prepare(trx: Trx, input: PayoutInput): Promise<PreparedPayout> {
    const deal = 'transactionId' in input ? await findDeal(trx, input.transactionId) : undefined;
    const payables = await lockOpenPayables(trx, input);
    const [first] = payables;
    if (!first) return { outcome: 'nothing', reason: 'nothing is owed' };
    const { principalId, asset } = first;
    const owed = payables.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
    const rails = await payingRails(trx, { asset, amountMinor: owed, first: deal?.rail });
    const account = await payoutAccount(trx, principalId, rails, asset);
    if (!account) return { outcome: 'nothing', reason: 'no account to be paid to' };
    await lockPrincipals(trx, [principalId]);
    // A debt to AURA goes before a payout.
    await coverOpenDebts(trx, principalId, asset);
    const free = await freeCollateral(trx, principalId, asset);
    const amountMinor = free < owed ? free : owed;
    if (amountMinor === 0n) return { outcome: 'nothing', reason: 'the balance is pledged elsewhere' };
    const payout = {
      id: newId('payout'),
      principalId,
      rail: account.rail,
      accountId: account.id,
      asset,
      amountMinor,
    };
    await insertPayout(trx, payout, 'runId' in input ? input.runId : null);
    await assignPayables(trx, payables, payout.id);
    const instruction = await order(trx, payout);
    await postEntries(trx, [payoutSent({ ...payout, payoutId: payout.id })]);
    await tell(trx, 'payout.sent', payout);
    return { outcome: 'instructed', payoutId: payout.id, instruction };
  }

  /** Rails that can pay the amount out: the one the money came by first, then the cheapest. */
  async function payingRails(
    trx: Trx,
    { asset, amountMinor, first }: { asset: string; amountMinor: bigint; first?: RailName },
  ): Promise<RailName[]> {
    const outOfUse = await railsOutOfUse(trx);
    const cost = (rail: RailName) => costMinor(deps.railTerms[rail], amountMinor);
    return RAILS.filter((rail) => {
      const terms = deps.railTerms[rail];
      return terms.paysOut && terms.settles[asset] !== undefined && !outOfUse.has(rail);
    }).sort((a, b) => Number(b === first) - Number(a === first) || (cost(a) < cost(b) ? -1 : 1));
  }

  async function order(trx: Trx, payout: Omit<Payout, 'status'>, replaces?: string) {
    return instruct(trx, deps, {
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

/** A payout that was prepared before a crash; a failed one does not count. */
async function knownPayout(trx: Trx, input: PayoutInput): Promise<Payout | undefined> {
  if ('transactionId' in input) return payoutOfDeal(trx, input.transactionId);
  return payoutOfRun(trx, input);
}

async function instructed(trx: Trx, payoutId: string): Promise<PreparedPayout> {
  const instruction = await instructionOf(trx, payoutId, 'payout');
  if (!instruction) throw new Error(`no instruction of ${payoutId}`);
  return { outcome: 'instructed', payoutId, instruction };
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
