import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import type { AgentWithKey } from '../../store/agents';
import { allEvents, eventsOfAgent, placeOf, type FeedEvent, type FeedQuery } from '../../store/event-feed';
import type { ApiDeps } from '../deps';
import { waitFor } from '../long-poll';
import { route, type Route } from '../route';
import { eventsQuery, eventsResponse } from '../schemas/events';
import { eventView } from '../views/events';

/** The longest sleep between two looks: an event is live a moment before it is routed. */
const LOOK_MS = 250;

export function eventRoutes(): Route[] {
  return [events];
}

const events = route<unknown, z.infer<typeof eventsQuery>>({
  method: 'get',
  path: '/v1/events',
  summary: 'What an agent is told, in order; `wait` seconds of long polling. Operators read all events',
  tag: 'Events',
  access: ['scout', 'beacon', 'operator'],
  keySuffices: true,
  query: eventsQuery,
  response: { status: 200, schema: eventsResponse, description: 'Events after `after`, oldest first' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps, version, signal }) {
    const afterSeq = await startOf(deps, agent, query.after);
    const look = () => read(deps, agent, { afterSeq, types: query.types, limit: query.limit + 1 });
    const found = await waitFor(deps, look, {
      agentId: agent.id,
      waitSeconds: query.wait,
      lookEveryMs: LOOK_MS,
      // Operators read events as they are written, agents what has come to their feeds.
      fits: ({ to }) => agent.role === 'operator' || to?.includes(agent.id) === true,
      signal,
    });
    const shown = found.slice(0, query.limit);
    return {
      status: 200,
      body: {
        events: shown.map((event) => eventView(event, version, deps.config)),
        next_after: shown.at(-1)?.id ?? query.after ?? null,
        has_more: found.length > query.limit,
      },
    };
  },
});

async function startOf({ db }: ApiDeps, agent: AgentWithKey, after: string | undefined): Promise<string> {
  if (after === undefined) return '0';
  const place = await placeOf(db, after, agent.role === 'operator' ? undefined : agent.id);
  if (place !== undefined) return place;
  const details = { field: 'after', reason: 'no such event' };
  throw new AuraError('INVALID_PARAMETER', 'after: no such event', details);
}

function read({ db }: ApiDeps, agent: AgentWithKey, query: FeedQuery): Promise<FeedEvent[]> {
  return agent.role === 'operator' ? allEvents(db, query) : eventsOfAgent(db, agent.id, query);
}
