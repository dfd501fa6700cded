/** A rail's adapter that calls: signed like an agent's request, with the id of the rail's key in the agent's place. */
import { AuraError } from '../../domain/errors';
import type { RailName } from '../../domain/settlement';
import { validRailKey, type RegisteredRailKey } from '../../store/rails';
import {
  authenticate,
  checkSignature,
  formOf,
  isAgentId,
  type AuthDeps,
  type SignedRequest,
} from './authenticate';
import { checkHttpMessage } from './authenticate-http-message';

interface SignedByRail {
  caller: RegisteredRailKey;
  nonce: string;
}

export async function authenticateRail(deps: AuthDeps, request: SignedRequest): Promise<SignedByRail> {
  const form = formOf(request);
  if (form === 'api key') return refuseAgent(deps, request);
  if (form === 'http message') {
    const { signer, nonce } = await checkHttpMessage(deps.config, request, async (keyId) => {
      if (isAgentId(keyId)) return refuseAgent(deps, request);
      const caller = await requireRailKey(deps, keyId, 'Signature-Input');
      return { signer: caller, keys: [caller.publicKey] };
    });
    return { caller: signer, nonce };
  }
  const id = request.headers['x-agent-id'];
  if (id !== undefined && isAgentId(id)) return refuseAgent(deps, request);
  const caller = await requireRailKey(deps, id, 'X-Agent-ID');
  return { caller, nonce: checkSignature(request, caller.publicKey).nonce };
}

/** An agent that proves who it is learns that it is in the wrong place; nobody else learns anything. */
async function refuseAgent(deps: AuthDeps, request: SignedRequest): Promise<never> {
  const { agent } = await authenticate(deps, request, { keySuffices: true });
  throw new AuraError('INSUFFICIENT_PERMISSIONS', `A ${agent.role} may not do this.`, { allowed: ['rail'] });
}

async function requireRailKey(
  { db }: AuthDeps,
  id: string | undefined,
  field: string,
): Promise<RegisteredRailKey> {
  const key = id === undefined ? undefined : await validRailKey(db, id);
  if (key) return key;
  throw new AuraError('AUTHENTICATION_REQUIRED', 'No rail has this key, or not any more.', { field });
}

/** A rail sees and does only what is its own. */
export function requireOwnRail(key: RegisteredRailKey, rail: RailName): void {
  if (key.rail === rail) return;
  throw new AuraError('INSUFFICIENT_PERMISSIONS', `This is a key of ${key.rail}.`, { allowed: [rail] });
}
