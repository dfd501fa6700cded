/** What nobody asks for and has to be done: sessions that were stored and never taken up, and personal data past its time. */
import { unopenedSessions } from '../store/sessions';
import { applyRetention } from '../store/vault/erasure';
import type { ActivityDeps } from './deps';

/** Whoever opened a session waits for less. */
const UNOPENED_AFTER_MS = 15_000;
const SESSIONS_AT_ONCE = 100;

export function upkeepActivities({ db, retention }: ActivityDeps) {
  return {
    /** Sessions whose workflow was to be started when Temporal was away, oldest first. */
    async sessionsToOpen(): Promise<{ sessionIds: string[] }> {
      return { sessionIds: await unopenedSessions(db, UNOPENED_AFTER_MS, SESSIONS_AT_ONCE) };
    },

    /** Destroys the keys of personal data that was kept long enough. Answers how many of each kind. */
    async erasePastTime(): Promise<Record<string, number>> {
      return applyRetention(db, retention);
    },
  };
}
