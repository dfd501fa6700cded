/** API keys: made, rotated, revoked and listed. The key itself is told once, by the answer that makes it. */
import type { z } from 'zod';
import { apiKeyHash, shownPart, type KeyedRole } from '../../domain/api-keys';
import { AuraError } from '../../domain/errors';
import { lockAgent, type AgentWithKey } from '../../store/agents';
import {
  apiKeysOf,
  countValidApiKeys,
  endApiKey,
  findApiKey,
  insertApiKey,
  type ApiKey,
} from '../../store/api-keys';
import { inTransaction, type Trx } from '../../store/db';
import { recordAudit } from '../../store/states';
import type { ApiDeps } from '../deps';
import { ROLE_SCOPES } from '../middleware/scopes';
import { requireSelf } from '../own-agent';
import { route, type Route, type Scope } from '../route';
import { agentParams } from '../schemas/parties';
import {
  apiKeyRequest,
  apiKeyResponse,
  apiKeyRotationRequest,
  apiKeysResponse,
  credentialParams,
  newApiKeyResponse,
} from '../schemas/registration';

/** Keys of one agent that count at a time. */
const VALID_MAX = 20;
const LISTED_MAX = 100;

export function apiKeyRoutes(): Route[] {
  return [list, create, rotate, revoke];
}

const list = route<z.infer<typeof agentParams>>({
  method: 'get',
  path: '/v1/agents/:agent_id/api-keys',
  summary: 'The API keys of an agent, newest first, by their first characters; to itself and operators',
  tag: 'Identity',
  access: ['scout', 'beacon', 'operator'],
  params: agentParams,
  response: { status: 200, schema: apiKeysResponse, description: 'The keys' },
  errors: ['AGENT_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const subject = await requireSelf(deps.db, params.agent_id, agent, { orOperator: true });
    const keys = await apiKeysOf(deps.db, subject.id, LISTED_MAX);
    return { status: 200, body: { agent_id: subject.id, api_keys: keys.map(view) } };
  },
});

const create = route<z.infer<typeof agentParams>, unknown, z.infer<typeof apiKeyRequest>>({
  method: 'post',
  path: '/v1/agents/:agent_id/api-keys',
  summary: 'Make another API key, with all or some of the scopes',
  tag: 'Identity',
  access: ['scout', 'beacon'],
  params: agentParams,
  body: apiKeyRequest,
  response: {
    status: 201,
    schema: newApiKeyResponse,
    description: 'The key and its secret, told this one time',
  },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND', 'IDEMPOTENCY_CONFLICT'],
  creates: { kind: 'apiKey', movesMoney: false, tellsSecret: true },
  async handler({ params, agent, body, deps, subjectId: id }) {
    await requireSelf(deps.db, params.agent_id, agent);
    const scopes = scopesOf(agent, body.scopes);
    await inTransaction(deps.db, async (trx) => {
      await lockAgent(trx, agent.id);
      if (!(await findApiKey(trx, agent.id, id))) await insert(trx, deps, agent, { id, scopes });
    });
    return { status: 201, body: await told(deps, agent, id) };
  },
});

const rotate = route<z.infer<typeof credentialParams>, unknown, z.infer<typeof apiKeyRotationRequest>>({
  method: 'post',
  path: '/v1/agents/:agent_id/api-keys/:key_id/rotation',
  summary: 'Put a new API key in the place of one, which still counts for as long as the request says',
  tag: 'Identity',
  access: ['scout', 'beacon'],
  params: credentialParams,
  body: apiKeyRotationRequest,
  response: { status: 201, schema: newApiKeyResponse, description: 'The new key, told this one time' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'AGENT_NOT_FOUND',
    'RESOURCE_NOT_FOUND',
    'IDEMPOTENCY_CONFLICT',
  ],
  creates: { kind: 'apiKey', movesMoney: false, tellsSecret: true },
  async handler({ params, agent, body, deps, subjectId: id }) {
    await requireSelf(deps.db, params.agent_id, agent);
    await inTransaction(deps.db, async (trx) => {
      await lockAgent(trx, agent.id);
      if (await findApiKey(trx, agent.id, id)) return;
      const old = await requireKey(trx, agent.id, params.key_id);
      if (old.ended) throw refused('key_id', `${old.ended} before`);
      await endApiKey(trx, old.id, { ended: 'rotated', inSeconds: body.overlap_seconds });
      await insert(trx, deps, agent, { id, scopes: old.scopes, replaces: old.id });
    });
    return { status: 201, body: await told(deps, agent, id) };
  },
});

const revoke = route<z.infer<typeof credentialParams>>({
  method: 'delete',
  path: '/v1/agents/:agent_id/api-keys/:key_id',
  summary: 'Revoke an API key at once; by the agent or an operator',
  tag: 'Identity',
  access: ['scout', 'beacon', 'operator'],
  params: credentialParams,
  response: { status: 200, schema: apiKeyResponse, description: 'The key counts no more' },
  errors: ['AGENT_NOT_FOUND', 'RESOURCE_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const subject = await requireSelf(deps.db, params.agent_id, agent, { orOperator: true });
    await inTransaction(deps.db, async (trx) => {
      await lockAgent(trx, subject.id);
      const key = await requireKey(trx, subject.id, params.key_id);
      if (statusOf(key) === 'revoked') return;
      await endApiKey(trx, key.id, { ended: 'revoked', inSeconds: 0 });
      const detail = { key_id: key.id };
      await recordAudit(trx, { actor: agent.id, action: 'api_key.revoked', subject: subject.id, detail });
    });
    return { status: 200, body: view(await requireKey(deps.db, subject.id, params.key_id)) };
  },
});

function scopesOf({ role }: AgentWithKey, asked: readonly Scope[] | undefined): Scope[] {
  const allowed = ROLE_SCOPES[role];
  const scopes = [...new Set(asked ?? allowed)];
  const foreign = scopes.find((scope) => !allowed.includes(scope));
  if (foreign) throw refused('scopes', `${foreign} is not a scope of a ${role}`);
  return scopes;
}

async function insert(
  trx: Trx,
  { apiKeys }: ApiDeps,
  agent: AgentWithKey,
  { id, scopes, replaces }: { id: string; scopes: string[]; replaces?: string },
): Promise<void> {
  if ((await countValidApiKeys(trx, agent.id)) >= VALID_MAX) {
    throw refused('agent_id', `at most ${VALID_MAX} API keys at a time`);
  }
  const { apiKey } = apiKeys.credentialsOf({ id, role: agent.role as KeyedRole });
  const sha256 = apiKeyHash(apiKey);
  await insertApiKey(trx, { id, agentId: agent.id, sha256, shown: shownPart(apiKey), scopes, replaces });
  const action = replaces ? 'api_key.rotated' : 'api_key.created';
  const detail = { key_id: id, scopes, replaces: replaces ?? null };
  await recordAudit(trx, { actor: agent.id, action, subject: agent.id, detail });
}

/** The answer that tells a key: derived again from its id, for a retry too. */
async function told({ db, apiKeys }: ApiDeps, agent: AgentWithKey, id: string) {
  const { apiKey, apiSecret } = apiKeys.credentialsOf({ id, role: agent.role as KeyedRole });
  return { ...view(await requireKey(db, agent.id, id)), api_key: apiKey, api_secret: apiSecret };
}

async function requireKey(db: ApiDeps['db'] | Trx, agentId: string, id: string): Promise<ApiKey> {
  const key = await findApiKey(db, agentId, id);
  if (!key) throw new AuraError('RESOURCE_NOT_FOUND', 'The agent has no such API key.', { field: 'key_id' });
  return key;
}

function refused(field: string, reason: string): AuraError {
  return new AuraError('INVALID_PARAMETER', `${field}: ${reason}`, { field, reason });
}

/** A rotated key is so from its rotation on, though it counts until `valid_until`. */
const statusOf = ({ ended }: ApiKey) => ended ?? 'active';

function view(key: ApiKey) {
  return {
    key_id: key.id,
    prefix: key.shown,
    scopes: key.scopes,
    status: statusOf(key),
    replaces: key.replaces,
    created_at: key.createdAt.toISOString(),
    valid_until: key.validTo?.toISOString() ?? null,
  };
}
