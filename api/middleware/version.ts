import { AuraError } from '../../domain/errors';
import { API_VERSIONS, CURRENT_VERSION, isApiVersion, type ApiVersion } from '../../domain/versions';
import type { AgentWithKey } from '../../store/agents';
import type { Route } from '../route';
import type { SignedRequest } from './authenticate';

/** The version to answer in: what the request asks for, else the route's own, else that of the agent. */
export function versionOf(
  route: Route,
  { headers }: SignedRequest,
  agent: AgentWithKey | undefined,
): ApiVersion {
  const asked = headers['aura-version'];
  if (asked === undefined) return route.version ?? agent?.apiVersion ?? CURRENT_VERSION;
  if (isApiVersion(asked)) return asked;
  const reason = `one of ${API_VERSIONS.join(', ')}`;
  throw new AuraError('INVALID_PARAMETER', `AURA-Version: ${reason}`, { field: 'AURA-Version', reason });
}
