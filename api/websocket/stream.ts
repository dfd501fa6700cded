/** One session's stream to one client: what was missed, then what happens, each event once and in order. */
import type { Logger } from 'pino';
import { isEnded } from '../../domain/session-progress';
import type { ApiVersion } from '../../domain/versions';
import type { Db } from '../../store/db';
import type { OutboxEvent } from '../../store/outbox';
import { pause } from '../../store/pause';
import { eventsOfSession } from '../../store/session-events';
import type { SessionMessage } from '../schemas/websocket';
import { createNarrator, type Narrator, type Told } from './messages';
import type { Follower } from './wakes';

const PAGE = 200;
const FAULT_MS = 1_000;

export interface StreamOptions {
  db: Db;
  log: Logger;
  follower: Follower;
  sessionId: string;
  version: ApiVersion;
  withReputation: boolean;
  /** The last event the client has seen, if it comes back. */
  lastEventId: string | undefined;
  /** False when the client takes no more. */
  send(message: SessionMessage): boolean;
  signal: AbortSignal;
}

/** Resolves with `ended` after the last message of a session that ended, with `left` when the client has gone. */
export async function stream(options: StreamOptions): Promise<'ended' | 'left'> {
  const { db, log, follower, signal } = options;
  const narrator = createNarrator(options);
  const reader = createReader(db, options.sessionId, narrator);
  let isFirst = true;
  while (!signal.aborted) {
    try {
      for (;;) {
        const told = await reader.unread();
        follower.seen(reader.cursor);
        const due = isFirst ? whatWasMissed(told, options.lastEventId) : told;
        isFirst = false;
        for (const { message } of due) {
          if (signal.aborted) return 'left';
          if (message && !options.send(message)) return 'left';
        }
        if (isEnded(narrator.state)) return 'ended';
        if (told.length === 0) break;
      }
      await follower.wake();
    } catch (error) {
      // The books are away. What is due waits there.
      log.warn({ err: error, session_id: options.sessionId }, 'a session could not be read for its stream');
      await pause(FAULT_MS, signal);
    }
  }
  return 'left';
}

function createReader(db: Db, sessionId: string, narrator: Narrator) {
  let cursor = '0';
  return {
    get cursor() {
      return cursor;
    },
    /** All events that have not been read. A fault loses none: what was not told is read again. */
    async unread(): Promise<Told[]> {
      const events: OutboxEvent[] = [];
      let page: OutboxEvent[];
      do {
        page = await eventsOfSession(db, sessionId, events.at(-1)?.seq ?? cursor, PAGE);
        events.push(...page);
      } while (page.length === PAGE);
      const told = await narrator.tell(events);
      cursor = events.at(-1)?.seq ?? cursor;
      return told;
    },
  };
}

/**
 * Whoever comes back gets what came after the event it names. A new client begins with the event that brought the
 * session's present status, and so learns the status first and then what has happened in it.
 */
function whatWasMissed(told: readonly Told[], lastEventId: string | undefined): readonly Told[] {
  if (lastEventId !== undefined) {
    const seen = told.findIndex(({ event }) => event.id === lastEventId);
    return told.slice(seen + 1);
  }
  const present = told.findLastIndex(({ message }) => message?.event === 'status_changed');
  return told.slice(Math.max(0, present));
}
