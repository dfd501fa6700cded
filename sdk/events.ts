/** The feed of events: everything an agent is told, in order, for those who poll. */
import type { AuraEvent, Events, EventType } from './types';

export interface EventQuery {
  /** The last event that was read; from the first one without. */
  after?: string;
  /** Only these. */
  types?: readonly EventType[];
  /** How long one request waits for an event, 0–30 seconds; default 20. */
  waitSeconds?: number;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

type Read = (path: string, signal: AbortSignal | undefined) => Promise<Events>;

/**
 * Goes on for ever. Where AURA cannot be reached for longer than requests are tried again it throws, and can be begun
 * anew behind the last event.
 */
export async function* readEvents(read: Read, query: EventQuery = {}): AsyncGenerator<AuraEvent, void> {
  const { types = [], waitSeconds = 20, signal } = query;
  let { after } = query;
  while (!signal?.aborted) {
    const search = new URLSearchParams({ wait: String(waitSeconds) });
    if (after !== undefined) search.set('after', after);
    if (types.length > 0) search.set('types', types.join(','));
    let page: Events;
    try {
      page = await read(`/v1/events?${search.toString()}`, signal);
    } catch (error) {
      if (signal?.aborted) return;
      throw error;
    }
    for (const event of page.events) {
      if (signal?.aborted) return;
      after = event.event_id;
      yield event;
    }
    after = page.next_after ?? after;
  }
}
