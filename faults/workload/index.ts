/** The deals of a run: made at their times, and tended by their parties and an operator until they are at rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createCaretaker, type Caretaker } from '../../bin/demo/mixed/caretaker';
import { once, tend } from '../../bin/demo/mixed/deals';
import { standings, unrestOf, type Standing } from '../../bin/demo/mixed/standing';
import type { Platform } from '../../bin/platform';
import type { RailName } from '../../domain/settlement';
import { keyPairFrom, Operator, type HttpOptions } from '../../sdk';
import { rows, type Db } from '../../store/db';
import type { Cast } from './cast';
import { makeDeal, type FaultsDeal } from './deals';
import type { ClientLog } from './log';
import type { DealPlan } from './plan';
import { isUnheard, takeBack } from './reversals';

export interface Workload {
  /** Deals that are committed so far. */
  readonly made: number;
  /** Requests that came to no deal, by reason. */
  readonly unmade: ReadonlyMap<string, number>;
  /** Why the deals that are not at rest are not, as far as the last look saw. */
  restless(): readonly string[];
  /** Begins so many deals at once, besides the plan. */
  rush(rail: RailName, deals: number): void;
  /** Begins no more deals, and resolves when those that were begun are made. */
  close(): Promise<void>;
  /** Resolves when all deals are at rest or the time is over, with those that are not. */
  untilRest(withinMs: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface WorkloadOptions {
  platform: Platform;
  http: HttpOptions;
  db: Db;
  cast: Cast;
  log: ClientLog;
  plans: readonly DealPlan[];
}

/** So many are in the making at once, and so many under way: a slow machine gets fewer deals, and no backlog. */
const AT_ONCE = 12;
const LIVE_MAX = 28;
const ROOM_EVERY_MS = 200;
const TENDED_AT_ONCE = 8;
const LOOK_EVERY_MS = 1_000;
const ATTEND_EVERY_MS = 4_000;

interface State extends WorkloadOptions {
  caretaker: Caretaker;
  /** Deals that still have something before them. */
  live: Map<string, FaultsDeal>;
  /** Sessions whose commit may have come about, and the deals they would be. */
  unsure: Map<string, (transactionId: string) => FaultsDeal>;
  restless: Map<string, string>;
  made: number;
  unmade: Map<string, number>;
  rushed: number;
  rushes: Promise<void>[];
  /** Whether no more deals are begun. */
  closed: boolean;
  stopped: boolean;
}

export function startWorkload(options: WorkloadOptions): Workload {
  const { agentId, secretKey } = options.platform.operator;
  const caretaker = createCaretaker(new Operator(options.http, agentId, keyPairFrom(secretKey)));
  const state: State = {
    ...options,
    caretaker,
    live: new Map(),
    unsure: new Map(),
    restless: new Map(),
    made: 0,
    unmade: new Map(),
    rushed: 0,
    rushes: [],
    closed: false,
    stopped: false,
  };
  const allMade = makeAll(state);
  const tending = Promise.all([tendAll(state), attendAll(state)]);
  return {
    get made() {
      return state.made;
    },
    unmade: state.unmade,
    restless: () => [...state.restless.values()],
    async close() {
      state.closed = true;
      await Promise.all([allMade, ...state.rushes]);
    },
    rush(rail, deals) {
      const plan = (): DealPlan => {
        state.rushed += 1;
        return {
          number: 1_000_000 + state.rushed,
          atMs: 0,
          rail,
          fate: 'deliver',
          fallback: false,
          lot: (state.rushed % 10) / 10,
        };
      };
      for (let left = deals; left > 0; left--) state.rushes.push(make(state, plan()));
    },
    async untilRest(withinMs) {
      const deadline = Date.now() + withinMs;
      while (state.live.size > 0 && Date.now() < deadline) await sleep(200);
      return [...state.live.keys()].map((id) => `${id}: ${state.restless.get(id) ?? 'not looked at yet'}`);
    },
    async stop() {
      state.stopped = true;
      await tending;
    },
  };
}

/** Each at its time. What is late because too many are under way comes as soon as there is room. */
async function makeAll(state: State): Promise<void> {
  const startedAt = Date.now();
  const left = [...state.plans];
  const worker = async () => {
    for (let plan = left.shift(); plan; plan = left.shift()) {
      await sleep(Math.max(0, startedAt + plan.atMs - Date.now()));
      while (state.live.size >= LIVE_MAX && !state.closed) await sleep(ROOM_EVERY_MS);
      if (state.closed) return;
      await make(state, plan);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function make(state: State, plan: DealPlan): Promise<void> {
  const made = await makeDeal(state.cast, state.log, plan);
  if ('unsure' in made) state.unsure.set(made.unsure.sessionId, made.unsure.dealOf);
  if (!('deal' in made)) {
    state.unmade.set(made.why, (state.unmade.get(made.why) ?? 0) + 1);
    return;
  }
  const { deal } = made;
  state.made += 1;
  state.live.set(deal.transactionId, deal);
  if (plan.fate === 'cancel_at_once') {
    await once(deal, 'cancel', () => deal.buyer.scout.cancelTransaction(deal.transactionId));
  }
}

async function tendAll(state: State): Promise<void> {
  while (!state.stopped) {
    const startedAt = Date.now();
    try {
      await lookAtAll(state);
    } catch {
      // The database may be down; the next look comes.
    }
    await sleep(Math.max(50, startedAt + LOOK_EVERY_MS - Date.now()));
  }
}

/** A commit that was refused or not answered well may have been done by an attempt before: its parties go on with it. */
async function adopt(state: State): Promise<void> {
  if (state.unsure.size === 0) return;
  const found = await rows<{ id: string; sessionId: string }>(
    state.db,
    'SELECT id, session_id AS "sessionId" FROM transactions WHERE session_id = ANY(?)',
    [[...state.unsure.keys()]],
  );
  for (const { id, sessionId } of found) {
    const deal = state.unsure.get(sessionId)?.(id);
    state.unsure.delete(sessionId);
    if (deal) state.live.set(id, deal);
  }
}

async function lookAtAll(state: State): Promise<void> {
  await adopt(state);
  const now = await standings(state.db, [...state.live.keys()]);
  const work = [...now];
  const worker = async () => {
    for (let standing = work.shift(); standing; standing = work.shift()) {
      const deal = state.live.get(standing.id);
      if (deal) await tendOne(state, deal, standing);
    }
  };
  await Promise.all(Array.from({ length: TENDED_AT_ONCE }, worker));
}

async function tendOne(state: State, deal: FaultsDeal, standing: Standing): Promise<void> {
  const { transactionId: id } = deal;
  const before = didCount(deal);
  await tend(deal, standing);
  if (deal.fate === 'taken_back') await takeBack(state, deal, standing);
  const unheard = await isUnheard(state.db, deal);
  const why = unheard ? 'the rail took it back, and nobody has heard of it' : unrestOf(standing);
  // Whatever was just done changes where it stands.
  if (why === undefined && didCount(deal) === before) {
    state.live.delete(id);
    state.restless.delete(id);
  } else state.restless.set(id, why ?? 'something was just done about it');
}

const didCount = ({ done }: FaultsDeal) => [...done.values()].reduce((sum, count) => sum + count, 0);

/** The operator looks at exceptions and disputes every time, and at the breaks of one rail in turn; statements come by themselves. */
async function attendAll(state: State): Promise<void> {
  const { caretaker, platform } = state;
  for (let look = 0; !state.stopped; look++) {
    const rail = platform.rails[look % platform.rails.length];
    try {
      await caretaker.arbitrate();
      await caretaker.decide();
      if (rail) await caretaker.settleBreaks(rail);
    } catch {
      // The API may be down or busy; the next look comes.
    }
    await sleep(ATTEND_EVERY_MS);
  }
}
