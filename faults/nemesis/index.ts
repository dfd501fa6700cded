/** Carries out a schedule of faults, each at its time, and notes how long what was hit took to be there again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind } from '../kinds';
import type { Fault } from '../schedule';
import { cut, delay, hang, reset } from './connections';
import { fillQueue, floodApi, receiversFail } from './crowds';
import { cardWebhooks, executeThenSilent, railDown, wrongAnswer } from './networks';
import {
  dropRedisData,
  freezeNetwork,
  freezeProcess,
  jumpClock,
  killEverything,
  killNetwork,
  killProcess,
  killServer,
} from './processes';
import type { Inflict, Stage } from './stage';

export type { Stage } from './stage';

const INFLICT: Readonly<Record<FaultKind, Inflict>> = {
  'kill-api': killProcess,
  'kill-worker': killProcess,
  'kill-rail-worker': killProcess,
  'kill-network': killNetwork,
  'kill-temporal': killServer,
  'kill-postgres': killServer,
  'kill-redis': killServer,
  'kill-everything': killEverything,
  'drop-redis-data': dropRedisData,
  freeze: freezeProcess,
  'freeze-network': freezeNetwork,
  'jump-clock': jumpClock,
  cut,
  reset,
  delay,
  hang,
  'execute-then-silent': executeThenSilent,
  'wrong-answer': wrongAnswer,
  'rail-down': railDown,
  'card-webhooks': cardWebhooks,
  'webhook-receiver': receiversFail,
  'fill-queue': fillQueue,
  'flood-api': floodApi,
};

export interface Carried {
  fault: Fault;
  /** From the end of the fault until the API said that it was ready again, milliseconds. */
  recoveredMs: number;
  /** Why it could not be carried out. */
  problem?: string;
}

const READY_EVERY_MS = 100;
const READY_WITHIN_MS = 120_000;

export interface NemesisHooks {
  onBegin?: (fault: Fault) => void;
  onEnd?: (carried: Carried) => void;
}

/** Resolves when the last fault is over and what it hit is there again. */
export async function carryOut(
  stage: Stage,
  schedule: readonly Fault[],
  { onBegin, onEnd }: NemesisHooks = {},
): Promise<Carried[]> {
  const startedAt = Date.now();
  const carried: Carried[] = [];
  // Two faults of one target come one after the other; all others overlap as they fall.
  const busy = new Map<string, Promise<void>>();
  const carry = async (fault: Fault): Promise<void> => {
    onBegin?.(fault);
    const done = await carryOne(stage, fault);
    carried.push(done);
    onEnd?.(done);
  };
  for (const fault of schedule) {
    await sleep(Math.max(0, startedAt + fault.atMs - Date.now()));
    const before = busy.get(fault.target) ?? Promise.resolve();
    busy.set(
      fault.target,
      before.then(() => carry(fault)),
    );
  }
  await Promise.all(busy.values());
  return carried;
}

async function carryOne(stage: Stage, fault: Fault): Promise<Carried> {
  const startedAt = Date.now();
  try {
    await INFLICT[fault.kind](stage, fault);
    await untilReady(stage.apiUrl);
    return { fault, recoveredMs: Math.max(0, Date.now() - startedAt - fault.forMs) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { fault, recoveredMs: Math.max(0, Date.now() - startedAt - fault.forMs), problem };
  }
}

/** Readiness means that Postgres and Temporal can be reached. */
async function untilReady(apiUrl: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      const response = await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(5_000) });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // Not yet.
    }
    if (Date.now() > deadline) throw new Error('the API was not ready again in time');
    await sleep(READY_EVERY_MS);
  }
}
