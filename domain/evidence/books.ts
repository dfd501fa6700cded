/** What was booked and recorded: the ledger's entries, the path through the lifecycle, and the refunds. */
import { ACCOUNT_KINDS, DEAL_ACCOUNT_KINDS, type AccountKind } from '../ledger/accounts';
import {
  advance,
  findMove,
  isTerminal,
  type DealState,
  type MarketState,
  type TransitionId,
} from '../lifecycle';
import type { EvidenceBundle } from './bundle';
import { counted, firstProblem, verdict, type BundleCheck } from './check';

type BundledEntry = EvidenceBundle['ledger'][number];

export function checkLedger(bundle: EvidenceBundle): BundleCheck {
  const problem = firstProblem(bundle.ledger, ({ key }) => key, entryProblem) ?? restProblem(bundle);
  const booked = bundle.ledger.length === 1 ? '1 entry' : `${bundle.ledger.length} entries`;
  return verdict('the ledger', problem, `${booked}, each balanced`);
}

function entryProblem({ postings }: BundledEntry): string | undefined {
  const sums = new Map<string, bigint>();
  for (const { asset, side, amount } of postings) {
    if (!/^[1-9]\d*$/.test(amount)) return `"${amount}" is no amount`;
    sums.set(asset, (sums.get(asset) ?? 0n) + (side === 'debit' ? BigInt(amount) : -BigInt(amount)));
  }
  if (postings.length === 0) return 'it has no postings';
  return [...sums.values()].some((sum) => sum !== 0n) ? 'it does not balance' : undefined;
}

/** At a terminal state nothing of the deal itself is owed any more, but refunds that are still on their way. */
function restProblem({ ledger, status, refunds }: EvidenceBundle): string | undefined {
  if (!isTerminal(status)) return undefined;
  const sums = new Map<string, bigint>();
  for (const { kind, side, amount } of ledger.flatMap(({ postings }) => postings)) {
    if (!(DEAL_ACCOUNT_KINDS as readonly string[]).includes(kind)) continue;
    const sign = ACCOUNT_KINDS[kind as AccountKind].normal === side ? 1n : -1n;
    sums.set(kind, (sums.get(kind) ?? 0n) + sign * BigInt(amount));
  }
  const pending = refunds.filter((refund) => refund.status === 'pending');
  const due = pending.reduce((sum, { amount_minor }) => sum + BigInt(amount_minor), 0n);
  const [left] = [...sums].find(([kind, sum]) => sum !== (kind === 'refund_due' ? due : 0n)) ?? [];
  return left && `the deal is ${status}, but its ${left} is not what it should be`;
}

const START: DealState = { market: 'created', clearing: null };

/** The history leads from the beginning to the state that the bundle names, by moves of the lifecycle and no other. */
export function checkHistory({ history, status, clearing_status }: EvidenceBundle): BundleCheck {
  let state = START;
  const seen = new Set<string>();
  const problem = firstProblem(
    history,
    ({ key }) => key,
    ({ transition, region, from, to, key }) => {
      if (seen.has(key)) return 'the step was taken twice';
      seen.add(key);
      const move = findMove(transition as TransitionId, state);
      if (!move) return `${transition} does not apply in ${state.market}/${state.clearing ?? '–'}`;
      if (move.region !== region || move.from !== from || move.to !== to)
        return `${transition} leads elsewhere`;
      state = advance(state, transition as TransitionId);
      return undefined;
    },
  );
  const timed = history.every(({ at }, index) => index === 0 || at >= (history[index - 1]?.at ?? ''));
  const arrives = state.market === status && state.clearing === clearing_status;
  const told = `${status satisfies MarketState}/${clearing_status ?? '–'}`;
  return verdict(
    'the history',
    problem ??
      (timed ? undefined : 'its steps are out of order') ??
      (arrives ? undefined : `it does not lead to ${told}`),
    `${history.length} steps to ${told}`,
  );
}

export function checkRefunds({ refunds, commitment }: EvidenceBundle): BundleCheck {
  const { total_minor, asset } = commitment.document.amounts;
  const sum = refunds.reduce((total, { amount_minor }) => total + BigInt(amount_minor), 0n);
  const foreign = refunds.find((refund) => refund.asset !== asset);
  const problem = foreign
    ? `${foreign.refund_id} is in ${foreign.asset}`
    : sum > BigInt(total_minor)
      ? 'they exceed the total'
      : undefined;
  return verdict('refunds', problem, `${counted(refunds.length, 'refund')} within the total`);
}
