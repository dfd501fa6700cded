import { closing, local } from './activities';
import { follow } from './follow';
import { session } from './session';

/** Starts the sessions that were stored when Temporal could not be reached, so that each comes to its end. */
export async function openSessions(): Promise<{ opened: number }> {
  const { sessionIds } = await local.sessionsToOpen();
  for (const sessionId of sessionIds) await follow(session, sessionId, { sessionId });
  return { opened: sessionIds.length };
}

/** Erases the personal data that is past its time. */
export async function retention(): Promise<Record<string, number>> {
  return closing.erasePastTime();
}
