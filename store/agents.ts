import type { PublicKey } from '../domain/keys';
import type { ApiVersion } from '../domain/versions';
import { rows, type Queryable, type Trx } from './db';

export type AgentRole = 'scout' | 'beacon' | 'operator';

export interface Agent {
  id: string;
  principalId: string;
  role: AgentRole;
  name: string;
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

const COLUMNS = `a.id, a.principal_id AS "principalId", a.role, a.name, a.api_version AS "apiVersion", a.categories,
  a.ships_to AS "shipsTo", a.capabilities, a.webhook_url AS "webhookUrl", a.merchant_name AS "merchantName",
  a.merchant_domain AS "merchantDomain", a.verification_status AS "verificationStatus", a.status, a.created_at AS "createdAt"`;

/** What only some agents say of themselves. */
type Optional = 'capabilities' | 'webhookUrl' | 'merchantName' | 'merchantDomain' | 'verificationStatus';

export interface NewAgent
  extends Omit<Agent, 'status' | 'createdAt' | Optional>, Partial<Pick<Agent, Optional>> {
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
    name: agent.name,
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
    contact_email: agent.contactEmail,
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

export interface AgentWithKey extends Agent {
  keyId: string;
  publicKey: PublicKey;
  principalStatus: 'active' | 'suspended';
}

/** The agent with the key it signs with now. */
export async function findAgentWithKey(db: Queryable, id: string): Promise<AgentWithKey | undefined> {
  const [found] = await rows<AgentWithKey>(
    db,
    `SELECT ${COLUMNS}, k.id AS "keyId", k.public_key AS "publicKey", p.status AS "principalStatus"
     FROM agents a JOIN principals p ON p.id = a.principal_id
     JOIN agent_keys k ON k.agent_id = a.id AND k.valid_to IS NULL WHERE a.id = ?`,
    [id],
  );
  return found;
}

export async function capacitiesOf(db: Queryable, agentId: string): Promise<Map<string, bigint>> {
  const found = await rows<{ asset: string; capacity_minor: string }>(
    db,
    'SELECT asset, capacity_minor FROM agent_capacities WHERE agent_id = ? ORDER BY asset',
    [agentId],
  );
  return new Map(found.map(({ asset, capacity_minor }) => [asset, BigInt(capacity_minor)]));
}

export async function keyInUse(db: Queryable, publicKey: PublicKey): Promise<boolean> {
  const found = await rows(db, 'SELECT 1 FROM agent_keys WHERE public_key = ? AND valid_to IS NULL', [
    publicKey,
  ]);
  return found.length > 0;
}

export async function suspendAgent(trx: Trx, id: string): Promise<void> {
  await trx('agents').where({ id }).update({ status: 'suspended' });
}

/** True where the agent was suspended. */
export async function reinstateAgent(trx: Trx, id: string): Promise<boolean> {
  return (await trx('agents').where({ id, status: 'suspended' }).update({ status: 'active' })) > 0;
}
