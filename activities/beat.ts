/** Remote activities that may take minutes say that they are alive, so that one whose worker died begins anew in seconds. */
import { asyncLocalStorage } from '@temporalio/activity';

const HEARTBEAT_MS = 1_000;

/** Beats while the call is under way. Called by anything but a worker it just makes the call. */
export async function beating<T>(call: () => Promise<T>): Promise<T> {
  const context = asyncLocalStorage.getStore();
  const beat = context && setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await call();
  } finally {
    clearInterval(beat);
  }
}

type Activity = (input: never) => Promise<unknown>;

/** The same activities, those named with a heartbeat. */
export function withHeartbeats<T extends object>(activities: T, ...names: (keyof T)[]): T {
  const beats = names.map((name) => {
    const activity = activities[name] as Activity;
    return [name, (input: never) => beating(() => activity(input))];
  });
  return { ...activities, ...(Object.fromEntries(beats) as Partial<T>) };
}
