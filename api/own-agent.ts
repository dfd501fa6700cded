import { AuraError } from '../domain/errors';
import { findAgentWithKey, type AgentWithKey } from '../store/agents';
import type { Db } from '../store/db';

/** The agent that the path names: the caller itself, or any for an operator where that may be. Others do not exist. */
export async function requireSelf(
  db: Db,
  id: string,
  caller: AgentWithKey,
  { orOperator = false }: { orOperator?: boolean } = {},
): Promise<AgentWithKey> {
  if (id === caller.id) return caller;
  const found = orOperator && caller.role === 'operator' ? await findAgentWithKey(db, id) : undefined;
  if (!found) throw new AuraError('AGENT_NOT_FOUND');
  return found;
}
