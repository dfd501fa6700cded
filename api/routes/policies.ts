/** What scouts and beacons declare of their own limits. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import type { DeclaredPolicies } from '../../domain/policies';
import type { AgentWithKey } from '../../store/agents';
import { databaseNow } from '../../store/clock';
import { inTransaction } from '../../store/db';
import { agentPolicies, declarePolicies } from '../../store/policies';
import type { ApiDeps } from '../deps';
import { requireSelf } from '../own-agent';
import { route, type Answer, type Route } from '../route';
import { beaconParams, scoutParams } from '../schemas/common';
import {
  beaconPoliciesRequest,
  policiesAccepted,
  policiesResponse,
  scoutPoliciesRequest,
} from '../schemas/policies';
import { acceptedView, policyView } from '../views/policies';

/** Far more than anybody schedules. */
const VERSIONS_LOOKED_AT = 200;

const PUT = {
  method: 'put',
  tag: 'Policies',
  keySuffices: true,
  response: { status: 200, schema: policiesAccepted, description: 'The version, in force or scheduled' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND'],
} as const;

const GET = {
  method: 'get',
  tag: 'Policies',
  keySuffices: true,
  response: { status: 200, schema: policiesResponse, description: 'What is in force, and what will be' },
  errors: ['AGENT_NOT_FOUND', 'RESOURCE_NOT_FOUND'],
} as const;

export function policyRoutes(): Route[] {
  return [
    route<z.infer<typeof scoutParams>, unknown, z.infer<typeof scoutPoliciesRequest>>({
      ...PUT,
      path: '/v1/agents/scouts/:scout_id/policies',
      summary: "Declare a scout's policies, in place of those in force",
      access: ['scout'],
      params: scoutParams,
      body: scoutPoliciesRequest,
      handler: ({ params, agent, body, deps }) => declare(deps, agent, params.scout_id, body),
    }),
    route<z.infer<typeof scoutParams>>({
      ...GET,
      path: '/v1/agents/scouts/:scout_id/policies',
      summary: "A scout's policies, to itself and to operators",
      access: ['scout', 'operator'],
      params: scoutParams,
      handler: ({ params, agent, deps }) => show(deps, agent, params.scout_id),
    }),
    route<z.infer<typeof beaconParams>, unknown, z.infer<typeof beaconPoliciesRequest>>({
      ...PUT,
      path: '/v1/agents/beacons/:beacon_id/policies',
      summary: "Declare a beacon's policies, in place of those in force",
      access: ['beacon'],
      params: beaconParams,
      body: beaconPoliciesRequest,
      handler: ({ params, agent, body, deps }) => declare(deps, agent, params.beacon_id, body),
    }),
    route<z.infer<typeof beaconParams>>({
      ...GET,
      path: '/v1/agents/beacons/:beacon_id/policies',
      summary: "A beacon's policies, to itself and to operators",
      access: ['beacon', 'operator'],
      params: beaconParams,
      handler: ({ params, agent, deps }) => show(deps, agent, params.beacon_id),
    }),
  ];
}

interface Declaration {
  policies: DeclaredPolicies;
  effective_from?: string | null;
  effective_until?: string | null;
}

async function declare({ db }: ApiDeps, agent: AgentWithKey, id: string, body: Declaration): Promise<Answer> {
  const { id: agentId } = await requireSelf(db, id, agent);
  const { policies, effective_from, effective_until } = body;
  const effectiveFrom = effective_from ? new Date(effective_from) : undefined;
  const effectiveUntil = effective_until ? new Date(effective_until) : null;
  const stored = await inTransaction(db, async (trx) => {
    const now = await databaseNow(trx);
    const begins = effectiveFrom && effectiveFrom > now ? effectiveFrom : now;
    if (effectiveUntil && effectiveUntil <= begins) {
      const reason = effectiveUntil <= now ? 'has passed' : 'is not after effective_from';
      const details = { field: 'effective_until', reason };
      throw new AuraError('INVALID_PARAMETER', `effective_until: ${reason}`, details);
    }
    return declarePolicies(trx, {
      id: newId('policy'),
      agentId,
      policies,
      effectiveFrom,
      effectiveUntil,
    });
  });
  return { status: 200, body: acceptedView(stored) };
}

/** What is in force; where nothing is, what comes next or was there last. */
async function show({ db }: ApiDeps, reader: AgentWithKey, id: string): Promise<Answer> {
  const { id: agentId } = await requireSelf(db, id, reader, { orOperator: true });
  const versions = await agentPolicies(db, agentId, { limit: VERSIONS_LOOKED_AT });
  const scheduled = versions
    .filter(({ status }) => status === 'scheduled')
    .sort((a, b) => a.effectiveFrom.getTime() - b.effectiveFrom.getTime());
  const shown = versions.find(({ status }) => status === 'active') ?? scheduled[0] ?? versions[0];
  if (!shown) throw new AuraError('RESOURCE_NOT_FOUND', 'The agent has declared no policies.');
  return { status: 200, body: { ...policyView(shown), scheduled: scheduled.map(policyView) } };
}
