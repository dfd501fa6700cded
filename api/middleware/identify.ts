/** Who calls a route: an agent in one of the forms of signing, a rail's adapter, or anybody. */
import type { AgentWithKey } from '../../store/agents';
import type { RegisteredRailKey } from '../../store/rails';
import type { ApiDeps } from '../deps';
import type { Route } from '../route';
import { authenticate, requireRole, type SignedRequest } from './authenticate';
import { authenticateRail } from './authenticate-rail';

export interface Caller {
  agent?: AgentWithKey;
  /** A rail, by the key that signed. */
  caller?: RegisteredRailKey;
}

export async function identify({ db }: ApiDeps, { access }: Route, request: SignedRequest): Promise<Caller> {
  if (access === 'public') return {};
  if (access === 'rail') return { caller: await authenticateRail(db, request) };
  const agent = await authenticate(db, request);
  requireRole(agent, access);
  return { agent };
}
