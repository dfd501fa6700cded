/** A rail's adapter that calls: signed like an agent's request, with the id of the rail's key as X-Agent-ID. */
import { AuraError } from '../../domain/errors';
import type { RailName } from '../../domain/settlement';
import type { Db } from '../../store/db';
import { validRailKey, type RegisteredRailKey } from '../../store/rails';
import { authenticate, checkSignature, isAgentId, type SignedRequest } from './authenticate';

export async function authenticateRail(db: Db, request: SignedRequest): Promise<RegisteredRailKey> {
  const id = request.headers['x-agent-id'];
  if (id !== undefined && isAgentId(id)) {
    const { role } = await authenticate(db, request);
    throw new AuraError('INSUFFICIENT_PERMISSIONS', `A ${role} may not do this.`, { allowed: ['rail'] });
  }
  const key = id === undefined ? undefined : await validRailKey(db, id);
  if (!key) {
    throw new AuraError('AUTHENTICATION_REQUIRED', 'No rail has this key, or not any more.', {
      field: 'X-Agent-ID',
    });
  }
  checkSignature(request, key.publicKey);
  return key;
}

/** A rail sees and does only what is its own. */
export function requireOwnRail(key: RegisteredRailKey, rail: RailName): void {
  if (key.rail === rail) return;
  throw new AuraError('INSUFFICIENT_PERMISSIONS', `This is a key of ${key.rail}.`, { allowed: [rail] });
}
