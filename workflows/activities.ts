/** Every timeout and retry bound of the activities that workflows call. */
import { ActivityFailure, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ClearingActivities, RailActivities } from '../activities';
import type { RailAnswer, SignedInstruction } from '../domain/settlement';
import { railTaskQueue } from './messages';
import { addressed } from './payloads';

/** Our own book-keeping is tried until it succeeds: an outage of the database delays deals and fails none. */
export const local = proxyLocalActivities<ClearingActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

export function rail(name: string) {
  return sealedFor(
    name,
    proxyActivities<RailActivities>({
      taskQueue: railTaskQueue(name),
      startToCloseTimeout: '30s',
      scheduleToCloseTimeout: '2m',
      heartbeatTimeout: '4s',
      retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: 6 },
    }),
  );
}

type Calls = Record<string, (input: never) => Promise<unknown>>;

/** The same calls, whose inputs only this rail and AURA can read. */
function sealedFor<Activities extends object>(name: string, activities: Activities): Activities {
  return new Proxy(activities, {
    get: (calls, activity) => (input: never) =>
      (calls as Calls)[activity as string]?.(addressed(name, input)),
  });
}

export function statements(name: string) {
  return sealedFor(
    name,
    proxyActivities<Pick<RailActivities, 'fetchStatement'>>({
      taskQueue: railTaskQueue(name),
      startToCloseTimeout: '10m',
      heartbeatTimeout: '10s',
      retry: { initialInterval: '1s', maximumInterval: '30s', maximumAttempts: 10 },
    }),
  );
}

/** What a long statement makes long. */
export const closing = proxyActivities<
  Pick<ClearingActivities, 'closeRun' | 'importStatement' | 'erasePastTime'>
>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '30s', maximumAttempts: 10 },
});

/** Sends an instruction. However the activity ends, there is an answer: a lost one is `unknown`. */
export function submit(instruction: SignedInstruction): Promise<RailAnswer> {
  return answered(() => rail(instruction.instruction.rail).submit({ instruction }));
}

export function inquire(instruction: SignedInstruction): Promise<RailAnswer> {
  return answered(() => rail(instruction.instruction.rail).inquire({ instruction }));
}

async function answered(call: () => Promise<RailAnswer>): Promise<RailAnswer> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return {
      outcome: 'unknown',
      detail: `the rail's answer was lost (${error.cause?.message ?? error.message})`,
    };
  }
}
