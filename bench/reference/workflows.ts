/** What any durable workflow costs at the least: one remote activity that does nothing, and one update. */
import {
  allHandlersFinished,
  condition,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';

export const REFERENCE_WORKFLOWS = 'reference-workflows';
export const REFERENCE_ACTIVITIES = 'reference-activities';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  taskQueue: REFERENCE_ACTIVITIES,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
});

export async function oneActivity(): Promise<void> {
  await nothing();
}

export const poke = defineUpdate<string>('poke');

export async function oneUpdate(): Promise<void> {
  let poked = false;
  setHandler(poke, () => {
    poked = true;
    return 'poked';
  });
  await condition(() => poked);
  await condition(allHandlersFinished);
}
