/** The keys an agent signs with: which there are, how a new one takes over, and how an old one ends. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { verifySignature, type PublicKey } from '../../domain/keys';
import { keyRotationBytes } from '../../domain/key-rotation';
import {
  agentKeysOf,
  endAgentKey,
  findAgentWithKey,
  keyInUse,
  lockAgent,
  replaceAgentKey,
  type AgentKeyPeriod,
  type AgentWithKey,
} from '../../store/agents';
import { inTransaction, sqlState, type Db, type Trx } from '../../store/db';
import { replacePrincipalKey } from '../../store/principals';
import { recordAudit } from '../../store/states';
import { requireSelf } from '../own-agent';
import { route, type Route } from '../route';
import { agentParams } from '../schemas/parties';
import {
  agentKeyRequest,
  agentKeyResponse,
  agentKeysResponse,
  credentialParams,
} from '../schemas/registration';
import { keyTaken, readPublicKey, UNIQUE_VIOLATION } from './registration';

const LISTED_MAX = 100;

export function agentKeyRoutes(): Route[] {
  return [list, replace, end];
}

const list = route<z.infer<typeof agentParams>>({
  method: 'get',
  path: '/v1/agents/:agent_id/keys',
  summary: 'The keys an agent signs with, newest first; to itself and operators',
  tag: 'Identity',
  access: ['scout', 'beacon', 'operator'],
  params: agentParams,
  response: { status: 200, schema: agentKeysResponse, description: 'The keys' },
  errors: ['AGENT_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const subject = await requireSelf(deps.db, params.agent_id, agent, { orOperator: true });
    const keys = await agentKeysOf(deps.db, subject.id, LISTED_MAX);
    return { status: 200, body: { agent_id: subject.id, keys: keys.map(view) } };
  },
});

const replace = route<z.infer<typeof agentParams>, unknown, z.infer<typeof agentKeyRequest>>({
  method: 'post',
  path: '/v1/agents/:agent_id/keys',
  summary: 'Let a new key take over; signed by the old key and the new one',
  tag: 'Identity',
  access: ['scout', 'beacon', 'operator'],
  params: agentParams,
  body: agentKeyRequest,
  response: { status: 201, schema: agentKeyResponse, description: 'The new key' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'AGENT_NOT_FOUND', 'IDEMPOTENCY_CONFLICT'],
  creates: { kind: 'key', movesMoney: false },
  async handler({ params, agent, body, deps, subjectId: id }) {
    await requireSelf(deps.db, params.agent_id, agent);
    const publicKey = readPublicKey(body.public_key);
    const known = await findKey(deps.db, agent.id, id);
    if (known) return { status: 201, body: view(known) };
    const signed = keyRotationBytes({ agentId: agent.id, publicKey });
    if (!verifySignature(publicKey, signed, body.new_key_signature)) throw unsigned('new_key_signature');
    try {
      await inTransaction(deps.db, async (trx) => {
        await lockAgent(trx, agent.id);
        const current = await findAgentWithKey(trx, agent.id);
        if (!current || !verifySignature(current.publicKey, signed, body.old_key_signature)) {
          throw unsigned('old_key_signature');
        }
        await takeOver(trx, current, { id, publicKey, overlapSeconds: body.overlap_seconds });
      });
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
      keyTaken();
    }
    const stored = await findKey(deps.db, agent.id, id);
    if (!stored) throw new Error('the key was not stored');
    return { status: 201, body: view(stored) };
  },
});

interface NextKey {
  id: string;
  publicKey: PublicKey;
  overlapSeconds: number;
}

async function takeOver(trx: Trx, agent: AgentWithKey, key: NextKey): Promise<void> {
  if (await keyInUse(trx, key.publicKey)) keyTaken();
  await replaceAgentKey(trx, { ...key, agentId: agent.id });
  await replacePrincipalKey(trx, agent.principalId, { old: agent.publicKey, new: key.publicKey });
  await recordAudit(trx, {
    actor: agent.id,
    action: 'agent.key_replaced',
    subject: agent.id,
    detail: { key_id: key.id, public_key: key.publicKey, overlap_seconds: key.overlapSeconds },
  });
}

function unsigned(field: string): AuraError {
  const message = `${field} does not verify over the agent's id and the new key.`;
  return new AuraError('INVALID_SIGNATURE', message, { field, reason: 'does not verify' });
}

const end = route<z.infer<typeof credentialParams>>({
  method: 'delete',
  path: '/v1/agents/:agent_id/keys/:key_id',
  summary: 'End a key that is being replaced at once; the current one is replaced, not ended',
  tag: 'Identity',
  access: ['scout', 'beacon', 'operator'],
  params: credentialParams,
  response: { status: 200, schema: agentKeyResponse, description: 'The key has ended' },
  errors: ['INVALID_PARAMETER', 'AGENT_NOT_FOUND', 'RESOURCE_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const subject = await requireSelf(deps.db, params.agent_id, agent, { orOperator: true });
    await inTransaction(deps.db, async (trx) => {
      await lockAgent(trx, subject.id);
      const key = await findKey(trx, subject.id, params.key_id);
      if (!key) throw new AuraError('RESOURCE_NOT_FOUND', 'The agent has no such key.', { field: 'key_id' });
      if (key.validTo === null) {
        const reason = 'the current key: let another one take over first';
        throw new AuraError('INVALID_PARAMETER', `key_id: ${reason}`, { field: 'key_id', reason });
      }
      if (key.ended) return;
      await endAgentKey(trx, key.id);
      const detail = { key_id: key.id };
      await recordAudit(trx, { actor: agent.id, action: 'agent.key_ended', subject: subject.id, detail });
    });
    const key = await findKey(deps.db, subject.id, params.key_id);
    if (!key) throw new Error('the key vanished');
    return { status: 200, body: view(key) };
  },
});

async function findKey(db: Db | Trx, agentId: string, id: string): Promise<AgentKeyPeriod | undefined> {
  return (await agentKeysOf(db, agentId, LISTED_MAX)).find((key) => key.id === id);
}

function statusOf({ validTo, ended }: AgentKeyPeriod): 'current' | 'replaced' | 'ended' {
  if (ended) return 'ended';
  return validTo === null ? 'current' : 'replaced';
}

function view(key: AgentKeyPeriod) {
  return {
    key_id: key.id,
    public_key: key.publicKey,
    status: statusOf(key),
    valid_from: key.validFrom.toISOString(),
    valid_until: key.validTo?.toISOString() ?? null,
  };
}
