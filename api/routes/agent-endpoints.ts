/** Where an agent is told of events: changed after its registration. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { setWebhookUrl, type AgentRole } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { recordAudit } from '../../store/states';
import { checkWebAddress } from '../endpoints';
import { requireSelf } from '../own-agent';
import { route, type Route } from '../route';
import { agentParams } from '../schemas/parties';
import { endpointsRequest, endpointsResponse } from '../schemas/registration';

export function agentEndpointRoutes(): Route[] {
  return [put];
}

/** What each role calls it. */
export const ENDPOINT_FIELD = { beacon: 'webhook_url', scout: 'callback_url' } as const;

const put = route<z.infer<typeof agentParams>, unknown, z.infer<typeof endpointsRequest>>({
  method: 'put',
  path: '/v1/agents/:agent_id/endpoints',
  summary: 'Change where events are told: `webhook_url` of a beacon, `callback_url` of a scout',
  tag: 'Identity',
  access: ['scout', 'beacon'],
  params: agentParams,
  body: endpointsRequest,
  response: { status: 200, schema: endpointsResponse, description: 'Where events are told from now on' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND'],
  async handler({ params, agent, body, deps }) {
    await requireSelf(deps.db, params.agent_id, agent);
    const { field, url } = endpointOf(agent.role, body);
    if (url === undefined) {
      throw new AuraError('INVALID_REQUEST', `The body lacks ${field}.`, { field, reason: 'required' });
    }
    if (url !== null) checkWebAddress(url, field, deps.config);
    await inTransaction(deps.db, async (trx) => {
      await setWebhookUrl(trx, agent.id, url);
      const detail = { [field]: url === null ? null : new URL(url).host };
      await recordAudit(trx, {
        actor: agent.id,
        action: 'agent.endpoint_changed',
        subject: agent.id,
        detail,
      });
    });
    return { status: 200, body: { agent_id: agent.id, [field]: url } };
  },
});

/** The one address of a role; the other role's field is refused, so that nobody waits for events in vain. */
export function endpointOf<T extends string | null | undefined>(
  role: AgentRole,
  said: { webhook_url?: T; callback_url?: T },
): { field: 'webhook_url' | 'callback_url'; url: T | undefined } {
  const field = role === 'scout' ? ENDPOINT_FIELD.scout : ENDPOINT_FIELD.beacon;
  const other = role === 'scout' ? ENDPOINT_FIELD.beacon : ENDPOINT_FIELD.scout;
  if (said[other] === undefined) return { field, url: said[field] };
  const reason = `a ${role} has a ${field}`;
  throw new AuraError('INVALID_PARAMETER', `${other}: ${reason}`, { field: other, reason });
}
