import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import type { AgentWithKey } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { recordAudit } from '../../store/states';
import { findDelivery, listDeliveries, redeliver, type DeliveryRecord } from '../../store/webhooks';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import { deliveriesQuery, deliveriesResponse, deliveryParams, deliveryResponse } from '../schemas/events';
import { deliveryView } from '../views/events';

export function webhookRoutes(): Route[] {
  return [list, again];
}

const list = route<unknown, z.infer<typeof deliveriesQuery>>({
  method: 'get',
  path: '/v1/webhook-deliveries',
  summary: "Webhooks and what became of them: an agent's own; operators see everybody's",
  tag: 'Events',
  access: ['scout', 'beacon', 'operator'],
  keySuffices: true,
  query: deliveriesQuery,
  response: { status: 200, schema: deliveriesResponse, description: 'Oldest first' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps }) {
    const { agent_id, ...filter } = query;
    // Asked for somebody else's, an agent is shown none.
    const mine = agent.role === 'operator' || agent_id === undefined || agent_id === agent.id;
    const agentId = agent.role === 'operator' ? agent_id : agent.id;
    const deliveries = mine ? await listDeliveries(deps.db, { ...filter, agentId }) : [];
    return { status: 200, body: { deliveries: deliveries.map(deliveryView) } };
  },
});

const again = route<z.infer<typeof deliveryParams>>({
  method: 'post',
  path: '/v1/webhook-deliveries/:delivery_id/redelivery',
  summary: 'Send a webhook again that was given up, or that was delivered and lost',
  tag: 'Events',
  access: ['scout', 'beacon', 'operator'],
  params: deliveryParams,
  response: { status: 200, schema: deliveryResponse, description: 'It is in the queue again' },
  errors: ['RESOURCE_NOT_FOUND', 'SESSION_STATE_CONFLICT'],
  async handler({ params, agent, deps }) {
    const delivery = await myDelivery(deps, params.delivery_id, agent);
    if (delivery.status === 'expired')
      throw new AuraError('SESSION_STATE_CONFLICT', 'The window for offers is over.', {
        status: delivery.status,
      });
    await inTransaction(deps.db, async (trx) => {
      // One that is in the queue stays where it is.
      if (!(await redeliver(trx, delivery.id))) return;
      const detail = { agent_id: delivery.agentId, event_id: delivery.eventId };
      await recordAudit(trx, { actor: agent.id, action: 'webhook.redelivery', subject: delivery.id, detail });
    });
    return { status: 200, body: deliveryView(await myDelivery(deps, delivery.id, agent)) };
  },
});

async function myDelivery({ db }: ApiDeps, id: string, agent: AgentWithKey): Promise<DeliveryRecord> {
  const delivery = await findDelivery(db, id);
  if (!delivery || (agent.role !== 'operator' && delivery.agentId !== agent.id))
    throw new AuraError('RESOURCE_NOT_FOUND');
  return delivery;
}
