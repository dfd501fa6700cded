import { AuraError } from '../domain/errors';
import type { AgentWithKey } from '../store/agents';
import type { Session } from '../store/sessions';

/** A session is seen by the scout that opened it and by operators; for anybody else it does not exist. */
export function requireMine(
  session: Session | undefined,
  reader: Pick<AgentWithKey, 'id' | 'role'>,
): asserts session is Session {
  if (!session || (session.scoutId !== reader.id && reader.role !== 'operator'))
    throw new AuraError('SESSION_NOT_FOUND');
}
