/** Rails as operators see them: terms, health, and the keys that their adapters prove with. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { parsePublicKey } from '../../domain/keys';
import { railHealth } from '../../store/rail-health';
import { addRailKey, allRailKeys, revokeRailKey } from '../../store/rails';
import { route, type Route } from '../route';
import { railKeyParams, railKeyRequest, railKeyResponse, railsResponse } from '../schemas/rails';
import { railKeyView, railsView } from '../views/rails';
import { railAdapterRoutes } from './rail-adapters';
import { railReportRoutes } from './rail-reports';

export function railRoutes(): Route[] {
  return [list, register, revoke, ...railAdapterRoutes(), ...railReportRoutes()];
}

const list = route({
  method: 'get',
  path: '/v1/rails',
  summary: 'Every rail: its terms, its health, and the keys its proofs are signed with',
  tag: 'Rails',
  access: ['scout', 'beacon', 'operator'],
  response: { status: 200, schema: railsResponse, description: 'The rails' },
  errors: [],
  async handler({ deps }) {
    const [keys, health] = await Promise.all([allRailKeys(deps.db), railHealth(deps.db)]);
    return { status: 200, body: railsView(keys, health) };
  },
});

const register = route<unknown, unknown, z.infer<typeof railKeyRequest>>({
  method: 'post',
  path: '/v1/rails',
  summary: "Register a signing key for a rail's adapter",
  tag: 'Rails',
  access: ['operator'],
  body: railKeyRequest,
  response: {
    status: 201,
    schema: railKeyResponse,
    description: 'The key; the same request again answers the same',
  },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'RAIL_KEY_CONFLICT', 'IDEMPOTENCY_CONFLICT'],
  creates: { kind: 'key', movesMoney: false },
  async handler({ body, agent, deps, subjectId }) {
    const added = await addRailKey(
      deps.db,
      {
        rail: body.rail,
        keyId: body.key_id ?? subjectId,
        publicKey: readKey(body.public_key),
        validFrom: body.valid_from === undefined ? null : new Date(body.valid_from),
      },
      agent.id,
    );
    if (added.outcome === 'conflict') {
      throw new AuraError('RAIL_KEY_CONFLICT', undefined, {
        field: added.reason === 'key_id' ? 'key_id' : 'public_key',
        reason: added.reason,
      });
    }
    return { status: 201, body: railKeyView(added.key) };
  },
});

/** Small-order keys are refused here too: under one of them a single signature proves everything. */
function readKey(input: unknown): string {
  try {
    return parsePublicKey(input);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not a key';
    throw new AuraError('INVALID_PARAMETER', `public_key: ${reason}`, { field: 'public_key', reason });
  }
}

const revoke = route<z.infer<typeof railKeyParams>>({
  method: 'delete',
  path: '/v1/rails/:rail/keys/:key_id',
  summary: 'Revoke a key from now on; what it proved before stands',
  tag: 'Rails',
  access: ['operator'],
  params: railKeyParams,
  response: { status: 200, schema: railKeyResponse, description: 'The key with the end of its validity' },
  errors: ['INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const ended = await revokeRailKey(deps.db, { rail: params.rail, keyId: params.key_id }, agent.id);
    if (!ended) throw new AuraError('RESOURCE_NOT_FOUND', `${params.rail} has no such key.`);
    return { status: 200, body: railKeyView(ended) };
  },
});
