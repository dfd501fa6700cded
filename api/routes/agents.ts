import type { z } from 'zod';
import { agentBindingBytes } from '../../domain/agent-binding';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { verifySignature } from '../../domain/keys';
import { formatMoney, MoneyError, parseMoney } from '../../domain/money';
import { VERSION_2 } from '../../domain/versions';
import {
  agentNameOf,
  capacitiesOf,
  findAgentWithKey,
  insertAgent,
  keyInUse,
  type AgentWithKey,
} from '../../store/agents';
import { inTransaction, sqlState, type Db, type Trx } from '../../store/db';
import { findPrincipal, hasAgents, lockPrincipals, namesOf } from '../../store/principals';
import { recordAudit, recordEvents } from '../../store/states';
import { checkSignature, useOnce } from '../middleware/authenticate';
import { checkWebAddress } from '../endpoints';
import { route } from '../route';
import { agentParams, agentRequest, agentResponse } from '../schemas/parties';
import { ENDPOINT_FIELD, endpointOf } from './agent-endpoints';
import { readKey } from './principals';
import { keyTaken, UNIQUE_VIOLATION } from './registration';

export function agentRoutes() {
  return [
    route<unknown, unknown, z.infer<typeof agentRequest>>({
      method: 'post',
      path: '/v1/agents/register',
      summary: "Bind an agent's key to a principal; signed by the agent's key",
      tag: 'Identity',
      access: 'public',
      body: agentRequest,
      response: { status: 201, schema: agentResponse, description: 'The agent' },
      errors: [
        'INVALID_REQUEST',
        'INVALID_PARAMETER',
        'AUTHENTICATION_REQUIRED',
        'INVALID_SIGNATURE',
        'PRINCIPAL_NOT_FOUND',
        'AGENT_SUSPENDED',
        'IDEMPOTENCY_CONFLICT',
      ],
      creates: { kind: ({ role }) => role, movesMoney: false },
      async handler({ body, deps, subjectId: id, method, target, headers, rawBody }) {
        const publicKey = readKey(body.public_key, 'public_key');
        const request = { method, target, headers, body: rawBody };
        const { nonce } = checkSignature(request, publicKey);
        const known = await findAgentWithKey(deps.db, id);
        if (known) return answer(deps.db, known);
        const { field, url } = endpointOf(body.role, body);
        if (url !== undefined) checkWebAddress(url, field, deps.config);
        await useOnce(deps.nonces, nonce);
        const principal = await findPrincipal(deps.db, body.principal_id);
        if (!principal) throw new AuraError('PRINCIPAL_NOT_FOUND', undefined, { field: 'principal_id' });
        if (principal.status !== 'active') throw new AuraError('AGENT_SUSPENDED');
        const capacity = readCapacity(body.capacity);
        await registering(deps.db, async (trx) => {
          await lockPrincipals(trx, [principal.id]);
          checkBinding(body, publicKey, { ...principal, isNew: !(await hasAgents(trx, principal.id)) });
          if (await keyInUse(trx, publicKey)) keyTaken();
          const names = await namesOf(trx, [principal.id]);
          await insertAgent(trx, {
            id,
            principalId: principal.id,
            role: body.role,
            name: body.name ?? names.get(principal.id) ?? id,
            apiVersion: VERSION_2,
            categories: body.categories,
            shipsTo: body.ships_to,
            capabilities: body.capabilities,
            webhookUrl: url ?? null,
            merchantName: body.merchant_name ?? null,
            keyId: newId('key'),
            publicKey,
            capacity,
          });
          const detail = { agent_id: id, principal_id: principal.id, role: body.role };
          await recordEvents(trx, [{ type: 'agent.registered', correlationId: id, payload: detail }]);
          await recordAudit(trx, { actor: principal.id, action: 'agent.registered', subject: id, detail });
        });
        const stored = await findAgentWithKey(deps.db, id);
        if (!stored) throw new Error('the agent was not stored');
        return answer(deps.db, stored);
      },
    }),
    route<z.infer<typeof agentParams>>({
      method: 'get',
      path: '/v1/agents/:agent_id',
      summary: 'An agent, to agents of the same principal',
      tag: 'Identity',
      access: ['scout', 'beacon', 'operator'],
      keySuffices: true,
      params: agentParams,
      response: { status: 200, schema: agentResponse, description: 'The agent' },
      errors: ['AGENT_NOT_FOUND'],
      async handler({ params, agent: reader, deps }) {
        const agent = await findAgentWithKey(deps.db, params.agent_id);
        if (!agent || (reader.role !== 'operator' && agent.principalId !== reader.principalId)) {
          throw new AuraError('AGENT_NOT_FOUND');
        }
        return { ...(await answer(deps.db, agent)), status: 200 };
      },
    }),
  ];
}

/** Of two registrations of one key at the same moment the second is told so. */
async function registering(db: Db, work: (trx: Trx) => Promise<void>): Promise<void> {
  try {
    await inTransaction(db, work);
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) keyTaken();
    throw error;
  }
}

/**
 * A key acts for a principal only with the principal's own word, except as the first one at L0: there is nothing yet
 * that it could do with the principal's accounts and mandates.
 */
function checkBinding(
  { role, capacity, principal_signature }: z.infer<typeof agentRequest>,
  publicKey: string,
  principal: { trustLevel: string; publicKey: string; isNew: boolean },
): void {
  if (principal.trustLevel === 'L0' && principal.isNew && principal_signature === undefined) return;
  const signed = agentBindingBytes({ publicKey, role, capacity });
  if (principal_signature !== undefined && verifySignature(principal.publicKey, signed, principal_signature))
    return;
  const reason =
    principal_signature === undefined
      ? 'required above L0 and of every agent but the first'
      : 'does not verify';
  throw new AuraError(
    'INVALID_SIGNATURE',
    `The principal's signature over the agent's key and capacity: ${reason}.`,
    {
      field: 'principal_signature',
      reason,
    },
  );
}

function readCapacity(capacity: Readonly<Record<string, string>>): Map<string, bigint> {
  return new Map(
    Object.entries(capacity).map(([asset, decimal]) => {
      const minor = readAmount(decimal, asset, `capacity.${asset}`);
      return [asset, minor] as const;
    }),
  );
}

/** A positive amount of an asset in minor units, or the catalogue's error with the field. */
export function readAmount(decimal: string, asset: string, field: string): bigint {
  let minor: bigint;
  try {
    minor = parseMoney(decimal, asset).amountMinor;
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
    throw new AuraError('INVALID_PARAMETER', `${field}: ${error.message}`, { field, reason: error.message });
  }
  if (minor <= 0n) {
    throw new AuraError('INVALID_PARAMETER', `${field}: must be above zero`, {
      field,
      reason: 'must be above zero',
    });
  }
  return minor;
}

async function answer(db: Db, agent: AgentWithKey) {
  const capacity = await capacitiesOf(db, agent.id);
  return {
    status: 201,
    body: {
      agent_id: agent.id,
      principal_id: agent.principalId,
      role: agent.role,
      name: await agentNameOf(db, agent.id),
      status: agent.status,
      capacity: Object.fromEntries(
        [...capacity].map(([asset, amountMinor]) => [asset, formatMoney({ amountMinor, asset })]),
      ),
      categories: agent.categories,
      ships_to: agent.shipsTo,
      capabilities: agent.capabilities,
      ...(agent.role !== 'operator' && { [ENDPOINT_FIELD[agent.role]]: agent.webhookUrl }),
      merchant_name: agent.merchantName,
      verification_status: agent.verificationStatus,
      api_version: agent.apiVersion,
      created_at: agent.createdAt.toISOString(),
    },
  };
}
