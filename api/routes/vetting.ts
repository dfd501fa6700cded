/** An operator's word on an agent that registered by protocol 1.0.0. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { maxTrust } from '../../domain/trust';
import { trustProfile } from '../../domain/trust-profile';
import { VERSION_1 } from '../../domain/versions';
import { findAgentWithKey, lockAgent, setVerification } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { findPrincipal, lockPrincipals, setTrust } from '../../store/principals';
import { recordAudit, recordEvents } from '../../store/states';
import { route, type Route } from '../route';
import { agentParams } from '../schemas/parties';
import { vettingRequest, vettingResponse } from '../schemas/registration';

export function vettingRoutes(): Route[] {
  return [vet];
}

const vet = route<z.infer<typeof agentParams>, unknown, z.infer<typeof vettingRequest>>({
  method: 'post',
  path: '/v1/agents/:agent_id/vetting',
  summary: 'Verify an agent, which lifts its principal to L2, or reject it, which leaves it at L0',
  tag: 'Operations',
  access: ['operator'],
  params: agentParams,
  body: vettingRequest,
  response: { status: 200, schema: vettingResponse, description: 'What it is now' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND'],
  async handler({ params, agent: operator, body, deps }) {
    return inTransaction(deps.db, async (trx) => {
      await lockAgent(trx, params.agent_id);
      const agent = await findAgentWithKey(trx, params.agent_id);
      if (!agent) throw new AuraError('AGENT_NOT_FOUND');
      await lockPrincipals(trx, [agent.principalId]);
      const principal = await findPrincipal(trx, agent.principalId);
      // Where credentials speak for the principal, they alone say how far it is trusted.
      if (!principal || agent.apiVersion !== VERSION_1) {
        const reason = 'its principal is trusted by credentials, not by vetting';
        throw new AuraError('INVALID_PARAMETER', `agent_id: ${reason}`, { field: 'agent_id', reason });
      }
      const { decision, reason } = body;
      const trustLevel = decision === 'verified' ? maxTrust('L2', principal.trustLevel) : 'L0';
      if (agent.verificationStatus !== decision || trustLevel !== principal.trustLevel) {
        await setVerification(trx, agent.id, decision);
        await setTrust(trx, principal.id, { trustLevel, trustProfile: trustProfile(trustLevel, []) });
        const payload = {
          agent_id: agent.id,
          principal_id: principal.id,
          verification_status: decision,
          trust_level: trustLevel,
        };
        await recordEvents(trx, [{ type: 'agent.vetted', correlationId: agent.id, payload }]);
        await recordAudit(trx, {
          actor: operator.id,
          action: 'agent.vetted',
          subject: agent.id,
          detail: { ...payload, decision, reason },
        });
      }
      const told = { agent_id: agent.id, principal_id: principal.id };
      return { status: 200, body: { ...told, verification_status: decision, trust_level: trustLevel } };
    });
  },
});
