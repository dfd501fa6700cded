import type { PublicKey } from '../domain/keys';
import type { ApiVersion } from '../domain/versions';
import { rows, type Db, type Queryable, type Trx } from './db';
import { openOne, seal } from './vault';

export type AgentRole = 'scout' | 'beacon' | 'operator';

export interface Agent {
  id: string;
  principalId: string;
  role: AgentRole;
  apiVersion: ApiVersion;
  categories: string[];
  shipsTo: string[];
  capabilities: string[];
  /** Where its events are told: a beacon's webhook, a scout's callback. */
  webhookUrl: string | null;
  merchantName: string | null;
  merchantDomain: string | null;
  /** `pending` until an operator has vetted an agent of version 1; in the sandbox at once. */
  verificationStatus: 'pending' | 'verified' | 'rejected';
  status: 'active' | 'suspended';
  createdAt: Date;
}

/** Of `agents a`. */
export const AGENT_COLUMNS = `a.id, a.principal_id AS "principalId", a.role, a.api_version AS "apiVersion", a.categories,
  a.ships_to AS "shipsTo", a.capabilities, a.webhook_url AS "webhookUrl", a.merchant_name AS "merchantName",
  a.merchant_domain AS "merchantDomain", a.verification_status AS "verificationStatus", a.status, a.created_at AS "createdAt"`;

/** What only some agents say of themselves. */
type Optional = 'capabilities' | 'webhookUrl' | 'merchantName' | 'merchantDomain' | 'verificationStatus';

export interface NewAgent
  extends Omit<Agent, 'status' | 'createdAt' | Optional>, Partial<Pick<Agent, Optional>> {
  name: string;
  agentVersion?: string;
  platform?: string;
  contactEmail?: string;
  keyId: string;
  publicKey: PublicKey;
  /** Minor units by asset. */
  capacity: ReadonlyMap<string, bigint>;
}

export async function insertAgent(trx: Trx, agent: NewAgent): Promise<void> {
  await trx('agents').insert({
    id: agent.id,
    principal_id: agent.principalId,
    role: agent.role,
    api_version: agent.apiVersion,
    categories: agent.categories,
    ships_to: agent.shipsTo,
    capabilities: agent.capabilities ?? [],
    webhook_url: agent.webhookUrl,
    merchant_name: agent.merchantName,
    merchant_domain: agent.merchantDomain,
    verification_status: agent.verificationStatus ?? 'verified',
    agent_version: agent.agentVersion,
    platform: agent.platform,
    ...(await seal(
      trx,
      'agents',
      { row: agent.id, subject: agent.principalId },
      { name: agent.name, contact_email: agent.contactEmail },
    )),
  });
  await trx('agent_keys').insert({ id: agent.keyId, agent_id: agent.id, public_key: agent.publicKey });
  if (agent.capacity.size > 0) {
    await trx('agent_capacities').insert(
      [...agent.capacity].map(([asset, minor]) => ({
        agent_id: agent.id,
        asset,
        capacity_minor: minor.toString(),
      })),
    );
  }
}

export async function agentNameOf(db: Queryable, id: string): Promise<string> {
  const [found] = await rows<{ name: string }>(db, 'SELECT name FROM agents WHERE id = ?', [id]);
  if (!found) throw new Error(`no agent ${id}`);
  await openOne(db, 'agents', found, { name: 'name' }, () => id);
  return found.name;
}

export interface AgentWithKey extends Agent {
  keyId: string;
  publicKey: PublicKey;
  principalStatus: 'active' | 'suspended';
}

/** The agent with the key it signs with now. */
export async function findAgentWithKey(db: Queryable, id: string): Promise<AgentWithKey | undefined> {
  const [found] = await rows<AgentWithKey>(
    db,
    `SELECT ${AGENT_COLUMNS}, k.id AS "keyId", k.public_key AS "publicKey", p.status AS "principalStatus"
     FROM agents a JOIN principals p ON p.id = a.principal_id
     JOIN agent_keys k ON k.agent_id = a.id AND k.valid_to IS NULL WHERE a.id = ?`,
    [id],
  );
  return found;
}

export interface AgentKey {
  id: string;
  publicKey: PublicKey;
}

/** The agent with every key whose signatures count now: the current one first, then one that is being replaced. */
export interface AgentWithKeys extends AgentWithKey {
  signingKeys: readonly AgentKey[];
}

export type FoundAgent = Omit<AgentWithKeys, 'keyId' | 'publicKey' | 'signingKeys'> & {
  signingKeys: AgentKey[] | null;
};

/** Of `agents a`: the keys that are valid now, in one read with the agent. */
export const SIGNING_KEYS = `(SELECT json_agg(json_build_object('id', k.id, 'publicKey', k.public_key)
    ORDER BY k.valid_to DESC NULLS FIRST) FROM agent_keys k
  WHERE k.agent_id = a.id AND k.valid_from <= now() AND (k.valid_to IS NULL OR k.valid_to > now())) AS "signingKeys"`;

export function withKeys({ signingKeys, ...agent }: FoundAgent): AgentWithKeys | undefined {
  const [current] = signingKeys ?? [];
  if (!signingKeys || !current) return undefined;
  return { ...agent, signingKeys, keyId: current.id, publicKey: current.publicKey };
}

/** One read, for every signed request. */
export async function findSigningAgent(db: Db, id: string): Promise<AgentWithKeys | undefined> {
  const [found] = await rows<FoundAgent>(db, SIGNING_AGENT, [id]);
  return found && withKeys(found);
}

const SIGNING_AGENT = `SELECT ${AGENT_COLUMNS}, p.status AS "principalStatus", ${SIGNING_KEYS}
    FROM agents a JOIN principals p ON p.id = a.principal_id WHERE a.id = ?`;

/** Serialises changes of one agent's credentials. */
export async function lockAgent(trx: Trx, id: string): Promise<void> {
  await trx.raw('SELECT 1 FROM agents WHERE id = ? FOR NO KEY UPDATE', [id]);
}

export interface AgentKeyPeriod extends AgentKey {
  validFrom: Date;
  validTo: Date | null;
  /** By the database's clock. */
  ended: boolean;
}

/** Newest first, ended ones too: offers stay verifiable under the key that signed them. */
export function agentKeysOf(db: Queryable, agentId: string, limit: number): Promise<AgentKeyPeriod[]> {
  return rows<AgentKeyPeriod>(
    db,
    `SELECT id, public_key AS "publicKey", valid_from AS "validFrom", valid_to AS "validTo",
       coalesce(valid_to <= now(), false) AS ended FROM agent_keys
     WHERE agent_id = ? ORDER BY valid_from DESC, id DESC LIMIT ?`,
    [agentId, limit],
  );
}

/** The new key takes over; the one before still counts for so many seconds, and any older one no more. */
export async function replaceAgentKey(
  trx: Trx,
  key: AgentKey & { agentId: string; overlapSeconds: number },
): Promise<void> {
  await trx.raw('UPDATE agent_keys SET valid_to = now() WHERE agent_id = ? AND valid_to > now()', [
    key.agentId,
  ]);
  await trx.raw(
    `UPDATE agent_keys SET valid_to = greatest(now() + ? * interval '1 second', valid_from + interval '1 microsecond')
     WHERE agent_id = ? AND valid_to IS NULL`,
    [key.overlapSeconds, key.agentId],
  );
  await trx('agent_keys').insert({ id: key.id, agent_id: key.agentId, public_key: key.publicKey });
}

/** Ends a key that is being replaced, at once. */
export async function endAgentKey(trx: Trx, id: string): Promise<void> {
  await trx.raw('UPDATE agent_keys SET valid_to = now() WHERE id = ? AND valid_to > now()', [id]);
}

export async function setWebhookUrl(trx: Trx, id: string, webhookUrl: string | null): Promise<void> {
  await trx('agents').where({ id }).update({ webhook_url: webhookUrl });
}

export async function setVerification(
  trx: Trx,
  id: string,
  verificationStatus: Agent['verificationStatus'],
): Promise<void> {
  await trx('agents').where({ id }).update({ verification_status: verificationStatus });
}

export async function capacitiesOf(db: Queryable, agentId: string): Promise<Map<string, bigint>> {
  const found = await rows<{ asset: string; capacity_minor: string }>(
    db,
    'SELECT asset, capacity_minor FROM agent_capacities WHERE agent_id = ? ORDER BY asset',
    [agentId],
  );
  return new Map(found.map(({ asset, capacity_minor }) => [asset, BigInt(capacity_minor)]));
}

/** Whether an agent has or had this key. One that was given up is not taken again: somebody gave it up for a reason. */
export async function keyInUse(db: Queryable, publicKey: PublicKey): Promise<boolean> {
  const found = await rows(db, 'SELECT 1 FROM agent_keys WHERE public_key = ? LIMIT 1', [publicKey]);
  return found.length > 0;
}

export async function suspendAgent(trx: Trx, id: string): Promise<void> {
  await trx('agents').where({ id }).update({ status: 'suspended' });
}

/** True where the agent was suspended. */
export async function reinstateAgent(trx: Trx, id: string): Promise<boolean> {
  return (await trx('agents').where({ id, status: 'suspended' }).update({ status: 'active' })) > 0;
}
