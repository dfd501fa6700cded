import type { z } from 'zod';
import { offerRequestBody } from '../../domain/market/offer-request';
import { pendingRequests } from '../../store/offer-requests';
import { openRequests } from '../../store/sessions';
import type { OutboxEvent } from '../../store/outbox';
import { waitFor } from '../long-poll';
import { requireSelf } from '../own-agent';
import { route, type Route } from '../route';
import { beaconParams } from '../schemas/common';
import { pollQuery, pollResponse } from '../schemas/market';
import { requestsResponse } from '../schemas/market-1';

/** Live events may be lost: whoever waits for one looks by itself this often. */
const LOOK_EVERY_MS = 1_000;

export function beaconRequestRoutes(): Route[] {
  return [poll, pending];
}

const poll = route<unknown, z.infer<typeof pollQuery>>({
  method: 'get',
  path: '/v1/beacons/sessions',
  summary: 'Requests that wait for this seller; `wait` seconds of long polling',
  tag: 'Market',
  access: ['beacon'],
  scope: 'offer:create',
  keySuffices: true,
  query: pollQuery,
  response: {
    status: 200,
    schema: pollResponse,
    description: 'Open requests, as far as sellers may see them',
  },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps, signal }) {
    const look = () => openRequests(deps.db, agent.id, query.limit);
    const open = await waitFor(deps, look, waitOf(agent.id, query.wait, signal));
    return {
      status: 200,
      body: {
        sessions: open.map(({ sessionId, requestId, projection, respondBy }) => ({
          session_id: sessionId,
          request_id: requestId,
          respond_by: respondBy.toISOString(),
          response_url: `/v1/sessions/${sessionId}/offers`,
          interpreted_request: projection.interpreted_request,
        })),
      },
    };
  },
});

const pending = route<z.infer<typeof beaconParams>, z.infer<typeof pollQuery>>({
  method: 'get',
  path: '/v1/beacons/:beacon_id/requests',
  summary: 'The pending requests of a seller, each as its webhook would bring it',
  tag: 'Market',
  access: ['beacon'],
  scope: 'offer:create',
  keySuffices: true,
  params: beaconParams,
  query: pollQuery,
  response: { status: 200, schema: requestsResponse, description: 'Open requests, oldest first' },
  errors: ['AGENT_NOT_FOUND', 'INVALID_PARAMETER'],
  async handler({ params, query, agent, deps, signal }) {
    await requireSelf(deps.db, params.beacon_id, agent);
    const look = () => pendingRequests(deps.db, agent.id, query.limit);
    const open = await waitFor(deps, look, waitOf(agent.id, query.wait, signal));
    const { publicUrl } = deps.config;
    return {
      status: 200,
      body: {
        beacon_id: agent.id,
        requests: open.map((request) => offerRequestBody({ ...request, publicUrl })),
      },
    };
  },
});

const waitOf = (agentId: string, waitSeconds: number, signal: AbortSignal) => ({
  agentId,
  waitSeconds,
  lookEveryMs: LOOK_EVERY_MS,
  fits: ({ type, payload }: OutboxEvent) => type === 'offer.requested' && payload.beacon_id === agentId,
  signal,
});
