/** The cut-offs of the batch rails: at each the open netting cycle closes, on banking days. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { CUT_OFFS } from '../domain/netting';
import { RAIL_TERMS } from '../domain/rail-terms';
import type { RailName } from '../domain/settlement';
import { CLEARING_TASK_QUEUE, type NettingDueInput } from '../workflows/messages';

const WEEKDAYS = { start: 'MONDAY', end: 'FRIDAY' } as const;

/** One schedule for each rail and asset that nets. Holidays are known to the activity that looks what is due. */
export async function scheduleNetting(client: Client, rails: readonly RailName[]): Promise<void> {
  for (const rail of rails) {
    const cutOff = CUT_OFFS[rail];
    if (!cutOff || !RAIL_TERMS[rail].batch) continue;
    const { timeZone, hour, minute } = cutOff;
    for (const asset of Object.keys(RAIL_TERMS[rail].settles)) {
      const input: NettingDueInput = { rail, asset };
      const scheduleId = `netting-${rail}-${asset}`;
      try {
        await client.schedule.create({
          scheduleId,
          spec: { calendars: [{ hour, minute, dayOfWeek: WEEKDAYS }], timezone: timeZone },
          policies: { overlap: ScheduleOverlapPolicy.SKIP },
          action: {
            type: 'startWorkflow',
            workflowType: 'nettingDue',
            workflowId: scheduleId,
            taskQueue: CLEARING_TASK_QUEUE,
            args: [input],
          },
        });
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      }
    }
  }
}
