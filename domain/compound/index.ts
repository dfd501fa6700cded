/**
 * The plan of a compound deal: parts bought from different sellers, some only once others are paid for, all or none of
 * them. It says in which order to commit, when each part may be committed at the latest for the whole still to come
 * about, and until when the whole may be begun. A rule only: it reads no clock and commits nothing.
 */
import type { RailTerms } from '../rail-terms';
import { inOrder, problemOf } from './order';

export const PARTS_MAX = 200;
const DAY_MS = 86_400_000;

/** `settled`: the payment is proved. `final`: it can no longer be taken back either. */
export type Until = 'settled' | 'final';

export interface Dependency {
  readonly part: string;
  readonly until: Until;
}

export interface CompoundPart {
  readonly id: string;
  readonly after: readonly Dependency[];
  readonly rail: Pick<RailTerms, 'instructionTtlMs' | 'maxDelayMs' | 'reversalWindowDays'>;
  /** The offer can be committed to before this instant, not at it. */
  readonly offerValidUntil: Date;
  /** When its payment has to be settled at the latest. */
  readonly settledBy?: Date;
}

export interface Compound {
  readonly now: Date;
  readonly parts: readonly CompoundPart[];
}

export interface PlannedPart {
  readonly id: string;
  readonly earliest: Date;
  /** Committed later than this, the part itself or one that waits for it comes too late. */
  readonly latest: Date;
  readonly settledAt: Date;
  readonly slackMs: number;
}

export interface CompoundPlan {
  /** No part before one that it waits for; of those that could go next, the one that can wait least. */
  readonly order: readonly PlannedPart[];
  /** The whole is begun by then or not at all. */
  readonly beginBy: Date;
  /** When the last payment is settled, if the whole begins now and every rail takes as long as it may. */
  readonly settledAt: Date;
  /** The chain of parts that takes longest, first part first. */
  readonly criticalPath: readonly string[];
}

export type PlanProblem =
  | { readonly rule: 'no_parts' }
  | { readonly rule: 'too_many_parts'; readonly max: number }
  | { readonly rule: 'duplicate_part'; readonly part: string }
  | { readonly rule: 'unknown_part'; readonly part: string; readonly after: string }
  /** Each waits for the next, and the last for the first. */
  | { readonly rule: 'cycle'; readonly parts: readonly string[] }
  | { readonly rule: 'too_late'; readonly part: string; readonly byMs: number };

/** How long a payment takes at most until it is proved, or provably never will be. */
export function settleMs({ instructionTtlMs, maxDelayMs }: CompoundPart['rail']): number {
  return instructionTtlMs + maxDelayMs;
}

/** How long whoever waits for a part has to wait. */
export function waitMs(rail: CompoundPart['rail'], until: Until): number {
  return settleMs(rail) + (until === 'final' ? rail.reversalWindowDays * DAY_MS : 0);
}

export function planCompound({ now, parts }: Compound): { plan: CompoundPlan } | { problem: PlanProblem } {
  const problem = problemOf(parts, PARTS_MAX);
  if (problem) return { problem };
  const byId = new Map(parts.map((part) => [part.id, part]));
  const sorted = inOrder(parts);
  if ('cycle' in sorted) return { problem: { rule: 'cycle', parts: sorted.cycle } };
  const { earliest, reachedBy } = earliestTimes(sorted.order, byId, now.getTime());
  const latest = latestTimes(sorted.order, byId);
  for (const { id } of sorted.order) {
    const byMs = at(earliest, id) - at(latest, id);
    if (byMs > 0) return { problem: { rule: 'too_late', part: id, byMs } };
  }
  const planned = inOrder(parts, (a, b) => at(latest, a.id) - at(latest, b.id));
  if ('cycle' in planned) throw new Error('an order that was there is gone');
  const settledAt = ({ id, rail }: CompoundPart) => at(earliest, id) + settleMs(rail);
  const last = sorted.order.reduce((a, b) => (settledAt(b) > settledAt(a) ? b : a));
  const slacks = parts.map(({ id }) => at(latest, id) - at(earliest, id));
  return {
    plan: {
      order: planned.order.map((part) => ({
        id: part.id,
        earliest: new Date(at(earliest, part.id)),
        latest: new Date(at(latest, part.id)),
        settledAt: new Date(settledAt(part)),
        slackMs: at(latest, part.id) - at(earliest, part.id),
      })),
      beginBy: new Date(now.getTime() + Math.min(...slacks)),
      settledAt: new Date(settledAt(last)),
      criticalPath: chainTo(last.id, reachedBy),
    },
  };
}

type Parts = ReadonlyMap<string, CompoundPart>;
const at = <T>(map: ReadonlyMap<string, T>, id: string): T => map.get(id) as T;

/** When each part can be committed at the earliest, and which part it waits for longest. */
function earliestTimes(order: readonly CompoundPart[], byId: Parts, nowMs: number) {
  const earliest = new Map<string, number>();
  const reachedBy = new Map<string, string | undefined>();
  for (const { id, after } of order) {
    let [time, by]: [number, string | undefined] = [nowMs, undefined];
    for (const { part, until } of after) {
      const ready = at(earliest, part) + waitMs(at(byId, part).rail, until);
      if (ready > time) [time, by] = [ready, part];
    }
    earliest.set(id, time);
    reachedBy.set(id, by);
  }
  return { earliest, reachedBy };
}

/** From the last part to the first: its own deadlines, and those of whoever waits for it. */
function latestTimes(order: readonly CompoundPart[], byId: Parts): Map<string, number> {
  const latest = new Map(
    order.map(({ id, rail, offerValidUntil, settledBy }) => [
      id,
      Math.min(offerValidUntil.getTime() - 1, (settledBy?.getTime() ?? Infinity) - settleMs(rail)),
    ]),
  );
  for (const { id, after } of order.toReversed()) {
    for (const { part, until } of after) {
      const bound = at(latest, id) - waitMs(at(byId, part).rail, until);
      latest.set(part, Math.min(at(latest, part), bound));
    }
  }
  return latest;
}

function chainTo(last: string, reachedBy: ReadonlyMap<string, string | undefined>): string[] {
  const chain: string[] = [];
  for (let id: string | undefined = last; id !== undefined; id = reachedBy.get(id)) chain.push(id);
  return chain.reverse();
}
