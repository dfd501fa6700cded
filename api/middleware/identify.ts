/** Who calls a route: an agent in one of the forms of signing, a rail's adapter, or anybody. */
import type { AgentWithKey } from '../../store/agents';
import type { RegisteredRailKey } from '../../store/rails';
import type { ApiDeps } from '../deps';
import type { Route } from '../route';
import { authenticate, requireRole, type SignedRequest } from './authenticate';
import { authenticateRail } from './authenticate-rail';
import { requireScope } from './scopes';

export interface Caller {
  agent?: AgentWithKey;
  /** A rail, by the key that signed. */
  caller?: RegisteredRailKey;
  /** Names what was signed, for its single use; absent where nothing had to be. */
  nonce?: string;
}

export async function identify(deps: ApiDeps, route: Route, request: SignedRequest): Promise<Caller> {
  const { access, keySuffices } = route;
  if (access === 'public') return {};
  if (access === 'rail') return authenticateRail(deps, request);
  const { agent, nonce, scopes } = await authenticate(deps, request, { keySuffices });
  requireRole(agent, access);
  if (scopes) requireScope(agent.role, scopes, route);
  return { agent, nonce };
}
