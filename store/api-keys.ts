/** API keys of agents: hashes and what is shown of them, never the keys. */
import { AGENT_COLUMNS, SIGNING_KEYS, withKeys, type AgentWithKeys, type FoundAgent } from './agents';
import { rows, type Queryable, type Trx } from './db';

export interface ApiKey {
  id: string;
  agentId: string;
  shown: string;
  scopes: string[];
  /** The key whose place it took. */
  replaces: string | null;
  createdAt: Date;
  /** From then on it is good for nothing; null while nobody has said so. */
  validTo: Date | null;
  ended: 'rotated' | 'revoked' | null;
}

const COLUMNS = `c.id, c.agent_id AS "agentId", c.shown, c.scopes, c.replaces, c.created_at AS "createdAt",
  c.valid_to AS "validTo", c.ended`;

export interface NewApiKey extends Pick<ApiKey, 'id' | 'agentId' | 'shown' | 'scopes'> {
  sha256: string;
  replaces?: string;
}

export async function insertApiKey(trx: Trx, { id, agentId, sha256, shown, scopes, replaces }: NewApiKey) {
  await trx('api_keys').insert({ id, agent_id: agentId, sha256, shown, scopes, replaces });
}

export interface KeyedAgent {
  agent: AgentWithKeys;
  key: { id: string; scopes: string[]; ended: ApiKey['ended'] };
}

/** The agent of an API key, by the key's hash; `ended` is set from the moment the key is good for nothing. */
export async function findAgentByApiKey(db: Queryable, sha256: string): Promise<KeyedAgent | undefined> {
  const [found] = await rows<FoundAgent & { apiKey: KeyedAgent['key'] }>(
    db,
    `SELECT ${AGENT_COLUMNS}, p.status AS "principalStatus", ${SIGNING_KEYS},
       json_build_object('id', c.id, 'scopes', c.scopes, 'ended', CASE WHEN c.valid_to <= now() THEN c.ended END) AS "apiKey"
     FROM api_keys c JOIN agents a ON a.id = c.agent_id JOIN principals p ON p.id = a.principal_id WHERE c.sha256 = ?`,
    [sha256],
  );
  if (!found) return undefined;
  const { apiKey: key, ...agent } = found;
  const known = withKeys(agent);
  return known && { agent: known, key };
}

export async function findApiKey(db: Queryable, agentId: string, id: string): Promise<ApiKey | undefined> {
  const [found] = await rows<ApiKey>(
    db,
    `SELECT ${COLUMNS} FROM api_keys c WHERE c.agent_id = ? AND c.id = ?`,
    [agentId, id],
  );
  return found;
}

/** Newest first, ended ones too. */
export function apiKeysOf(db: Queryable, agentId: string, limit: number): Promise<ApiKey[]> {
  return rows<ApiKey>(
    db,
    `SELECT ${COLUMNS} FROM api_keys c WHERE c.agent_id = ? ORDER BY c.created_at DESC, c.id DESC LIMIT ?`,
    [agentId, limit],
  );
}

export async function countValidApiKeys(db: Queryable, agentId: string): Promise<number> {
  const [found] = await rows<{ n: number }>(
    db,
    'SELECT count(*)::int AS n FROM api_keys WHERE agent_id = ? AND (valid_to IS NULL OR valid_to > now())',
    [agentId],
  );
  return found?.n ?? 0;
}

/** Ends a key in so many seconds, or earlier if it was to end earlier. */
export async function endApiKey(
  trx: Trx,
  id: string,
  how: { ended: 'rotated' | 'revoked'; inSeconds: number },
): Promise<void> {
  await trx.raw(
    `UPDATE api_keys SET valid_to = least(valid_to, now() + ? * interval '1 second'), ended = ?
     WHERE id = ? AND (valid_to IS NULL OR valid_to > now())`,
    [how.inSeconds, how.ended, id],
  );
}
