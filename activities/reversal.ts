/** X5 and X7: a rail takes a settlement back, and sometimes gives it again. */
import { mayRetry } from '../domain/ach-returns';
import { giveBack } from '../domain/clearing/reversal';
import { reversal, reversalUndone, type Sources, type Waterfall } from '../domain/ledger/postings';
import { rows, type Trx } from '../store/db';
import { setInstructionStatus } from '../store/instructions';
import { judgeNotice, standingReversal, type StoredNotice } from '../store/notices';
import { lockPrincipals } from '../store/principals';
import { lockRecovery, recoveriesOf, setRecovery } from '../store/recoveries';
import { sourcesJson, sourcesOf } from '../store/refunds';
import { recordChange } from '../store/states';
import type { Match } from '../store/statements';
import { lockDeal, stateOf, type Deal } from '../store/transactions';
import { heldByDeal } from './clear';
import type { ActivityDeps } from './deps';
import { hasOpenDispute, openDispute } from './dispute';
import { atRailOf } from './instruct';
import { inBooks } from './notice';
import { openRecovery } from './recovery';
import { withdrawRefunds } from './refund-grant';

/** What the workflow starts or tells because of a notice. */
export interface ReversalEffect {
  transactionId?: string;
  recoveryId?: string;
  disputeId?: string;
  retry?: { transactionId: string; afterMs: number };
}

/** X5. Late ones are never refused: whoever bears the risk pays, however long ago it was. */
export async function reverseDeal(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  notice: StoredNotice,
): Promise<ReversalEffect> {
  const { statement } = notice;
  const standing = ['settled', 'cleared', 'refunded'] as const;
  if (!standing.some((state) => state === deal.clearingState)) {
    await judgeNotice(trx, notice.id, {
      accepted: false,
      effect: `the deal is ${deal.clearingState ?? 'new'}`,
    });
    return {};
  }
  await lockPrincipals(trx, [deal.buyerPrincipalId, deal.sellerPrincipalId]);
  await withdrawRefunds(trx, deal);
  const bearer = bearerOf(deps, deal);
  const { amountMinor, feeMinor } = inBooks(statement, deal.asset);
  const sources = await sourcesOfReversal(trx, deal, amountMinor, feeMinor);
  const told = { session_id: deal.sessionId, transaction_id: deal.id, reason_code: statement.reason_code };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      {
        transition: 'X5',
        key: `X5:${notice.id}`,
        detail: { kind: statement.kind, reason_code: statement.reason_code, reason: statement.reason },
      },
    ],
    actor: `rail:${deal.rail}`,
    entries: [
      reversal({
        noticeId: notice.id,
        transactionId: deal.id,
        seller: deal.sellerPrincipalId,
        bearer,
        asset: deal.asset,
        sources,
        ...atRailOf(deps, deal.rail, deal.asset),
      }),
    ],
    events: [{ type: 'transaction.reversed', correlationId: deal.sessionId, payload: told }],
    audit: { action: 'deal.reversed', detail: { notice_id: notice.id, ...told } },
  });
  await setInstructionStatus(trx, statement.instruction_id, 'reversed');
  await judgeNotice(trx, notice.id, { accepted: true, effect: 'reversed', sources: sourcesJson(sources) });
  return follow(trx, deps, await lockDeal(trx, deal.id), { notice, sources, bearer });
}

async function follow(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { notice, sources, bearer }: { notice: StoredNotice; sources: Sources; bearer: string },
): Promise<ReversalEffect> {
  const { statement } = notice;
  const effect: ReversalEffect = { transactionId: deal.id };
  if (sources.recoverableMinor > 0n) {
    effect.recoveryId = await openRecovery(trx, deps, deal, {
      principalId: bearer,
      owedMinor: sources.recoverableMinor,
      cause: `${statement.kind} ${statement.reason_code}`,
    });
  }
  const tried = await presentations(trx, deal);
  const question = { code: statement.reason_code, retries: tried.count - 1, on: statement.business_date };
  if (deal.rail === 'ach' && mayRetry({ ...question, firstSettledOn: tried.firstSettledOn })) {
    effect.retry = { transactionId: deal.id, afterMs: deps.profiles[deal.profileId].dayMs };
    return effect;
  }
  const disputable = ['committed', 'fulfilled', 'completed'].includes(deal.marketState);
  if (disputable && !(await hasOpenDispute(trx, deal.id))) {
    const disputeId = await openDispute(trx, deps, deal, {
      side: 'aura',
      filedBy: 'aura',
      reason: 'reversal',
      description: `The rail took the payment back: ${statement.reason_code} ${statement.reason}`.trim(),
      remedyAsked: 'uphold',
    });
    if (disputeId) effect.disputeId = disputeId;
  }
  return effect;
}

function bearerOf({ profiles }: ActivityDeps, deal: Deal): string {
  return profiles[deal.profileId].recourse === 'buyer' ? deal.buyerPrincipalId : deal.sellerPrincipalId;
}

/** First what the deal still holds; the rest, and the rail's fee, is owed by whoever bears reversals. */
async function sourcesOfReversal(
  trx: Trx,
  deal: Deal,
  amountMinor: bigint,
  feeMinor: bigint,
): Promise<Sources> {
  const held = await heldByDeal(trx, deal);
  const feesDeferredMinor = least(held.feesDeferredMinor, amountMinor);
  const entitlementMinor = least(held.entitlementMinor, amountMinor - feesDeferredMinor);
  return {
    entitlementMinor,
    feesDeferredMinor,
    collateralMinor: 0n,
    recoverableMinor: amountMinor + feeMinor - feesDeferredMinor - entitlementMinor,
  };
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);

/** How often the payment was presented and taken back, and when it settled first. */
async function presentations(trx: Trx, deal: Deal): Promise<{ count: number; firstSettledOn: string }> {
  const [found] = await rows<{ count: string; first: string }>(
    trx,
    `SELECT count(*), min(p.statement->>'business_date') AS first
     FROM instructions i JOIN proofs p ON p.instruction_id = i.id AND p.accepted
     WHERE i.subject_id = ? AND i.kind = 'pay_in' AND i.status = 'reversed'`,
    [deal.id],
  );
  return { count: Number(found?.count ?? 0), firstSettledOn: found?.first ?? '' };
}

/** X7: the money is AURA's again, and what the reversal took is given back. */
export async function undoReversal(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  { id: noticeId, statement }: StoredNotice,
): Promise<ReversalEffect> {
  const taken = await standingReversal(trx, deal.id);
  if (deal.clearingState !== 'reversed' || !taken) {
    await judgeNotice(trx, noticeId, {
      accepted: false,
      effect: `the deal is ${deal.clearingState ?? 'new'}`,
    });
    return {};
  }
  const { amountMinor } = inBooks(statement, deal.asset);
  const { id: reversalId, sources } = taken;
  await settleAgain(trx, deps, deal, { key: noticeId, reversalId, sources, amountMinor });
  await setInstructionStatus(trx, statement.instruction_id, 'executed');
  await judgeNotice(trx, noticeId, { accepted: true, effect: 'reversal undone' });
  return { transactionId: deal.id };
}

export async function settleAgain(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  {
    key,
    reversalId,
    sources: json,
    amountMinor,
    match,
  }: {
    key: string;
    reversalId: string;
    sources: Record<string, string>;
    /** What came back. */
    amountMinor: bigint;
    match?: Match;
  },
): Promise<void> {
  const sources = sourcesOf(json);
  const covered = await undoRecoveries(trx, deal, sources.recoverableMinor);
  const coveredMinor =
    covered.marginMinor + covered.collateralMinor + covered.defaultFundMinor + covered.capitalMinor;
  const given = giveBack(amountMinor, {
    sources: { ...sources, recoverableMinor: sources.recoverableMinor - coveredMinor },
    covered,
  });
  const told = { session_id: deal.sessionId, transaction_id: deal.id };
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      { transition: 'X7', key: `X7:${key}`, detail: { reversal: reversalId } },
      // The statement may have told of the second payment before its proof came.
      ...(match
        ? [{ transition: 'T22' as const, key: `T22:${key}`, detail: { reference: match.line.reference } }]
        : []),
    ],
    actor: `rail:${deal.rail}`,
    entries: [
      reversalUndone({
        noticeId: key,
        transactionId: deal.id,
        seller: deal.sellerPrincipalId,
        bearer: bearerOf(deps, deal),
        asset: deal.asset,
        ...given,
        ...atRailOf(deps, deal.rail, deal.asset),
      }),
      ...(match ? [match.entry] : []),
    ],
    events: [
      { type: 'transaction.settled', correlationId: deal.sessionId, payload: told },
      ...(match
        ? [{ type: 'transaction.cleared' as const, correlationId: deal.sessionId, payload: told }]
        : []),
    ],
    audit: { action: 'deal.settled_again', detail: { reversal: reversalId } },
  });
  await judgeNotice(trx, reversalId, {
    accepted: true,
    effect: 'reversed and undone',
    sources: sourcesJson(sources),
  });
}

/** What the waterfall took for this reversal, at most as much as the reversal made owed. */
async function undoRecoveries(trx: Trx, deal: Deal, upToMinor: bigint): Promise<Waterfall> {
  const sum = { marginMinor: 0n, collateralMinor: 0n, defaultFundMinor: 0n, capitalMinor: 0n };
  let left = upToMinor;
  for (const { id } of (await recoveriesOf(trx, deal.id)).reverse()) {
    const recovery = await lockRecovery(trx, id);
    if (recovery.status === 'undone' || recovery.owedMinor > left) continue;
    left -= recovery.owedMinor;
    sum.marginMinor += recovery.covered.marginMinor;
    sum.collateralMinor += recovery.covered.collateralMinor;
    sum.defaultFundMinor += recovery.covered.defaultFundMinor;
    sum.capitalMinor += recovery.covered.capitalMinor;
    await setRecovery(trx, id, { covered: recovery.covered, status: 'undone' });
  }
  return sum;
}
