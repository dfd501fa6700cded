/** What happens by the clock: reading the rails' notices, the scheduled payouts, and the upkeep. */
import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleSpec,
} from '@temporalio/client';
import type { RailName } from '../domain/settlement';
import { CLEARING_TASK_QUEUE, type NoticesInput, type PayoutRunInput } from '../workflows/messages';

const TIME_ZONE = 'America/New_York';
/** Payouts go out in the morning, before the rails' cut-offs. */
const PAYOUT_HOUR = 8;
/** Erasure goes through all that is over; nobody trades much at that time. */
const RETENTION_HOUR = 3;
const OPEN_SESSIONS_EVERY_MS = 15_000;

export const noticesSchedule = (rail: string): string => `notices-${rail}`;

export async function createSchedules(
  client: Client,
  options: { rails: readonly RailName[]; noticesEveryMs: number; dayMs?: number },
): Promise<void> {
  const { rails, noticesEveryMs, dayMs } = options;
  for (const rail of rails) {
    const input: NoticesInput = { rail };
    await create(client, noticesSchedule(rail), 'notices', input, {
      intervals: [{ every: noticesEveryMs }],
    });
  }
  for (const schedule of ['daily', 'weekly'] as const) {
    const input: PayoutRunInput = { schedule };
    await create(client, `payouts-${schedule}`, 'payoutRun', input, payoutTimes(schedule, dayMs));
  }
  await create(client, 'open-sessions', 'openSessions', undefined, {
    intervals: [{ every: OPEN_SESSIONS_EVERY_MS }],
  });
  await create(client, 'retention', 'retention', undefined, {
    calendars: [{ hour: RETENTION_HOUR }],
    timezone: TIME_ZONE,
  });
}

/** Where a sandbox shortens its days, payouts follow them. */
function payoutTimes(schedule: 'daily' | 'weekly', dayMs: number | undefined): ScheduleSpec {
  if (dayMs !== undefined) {
    return { intervals: [{ every: Math.max(1_000, dayMs * (schedule === 'weekly' ? 7 : 1)) }] };
  }
  return {
    calendars: [{ hour: PAYOUT_HOUR, ...(schedule === 'weekly' && { dayOfWeek: 'MONDAY' as const }) }],
    timezone: TIME_ZONE,
  };
}

async function create(
  client: Client,
  scheduleId: string,
  workflowType: string,
  input: unknown,
  spec: ScheduleSpec,
): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId,
      spec,
      policies: { overlap: ScheduleOverlapPolicy.SKIP },
      action: {
        type: 'startWorkflow',
        workflowType,
        workflowId: scheduleId,
        taskQueue: CLEARING_TASK_QUEUE,
        args: input === undefined ? [] : [input],
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
