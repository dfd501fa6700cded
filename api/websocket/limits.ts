/** Upgrades count like requests: of an agent once it is known, else against the address they come from. */
import type { IncomingMessage } from 'node:http';
import { AuraError } from '../../domain/errors';
import type { AgentWithKey } from '../../store/agents';
import type { ApiDeps } from '../deps';
import { addressOf, type Count } from '../middleware/rate-limit';

/** Throws `RATE_LIMITED` over the limit. */
export async function countUpgrade(deps: ApiDeps, agent: AgentWithKey): Promise<void> {
  const limit = agent.role === 'operator' ? 'operations' : 'requests';
  await count(deps, { limit, who: agent.id, points: 1 });
}

/** What to answer instead of a refusal: itself, or `RATE_LIMITED` where its address was refused too often. */
export async function countFailure(
  deps: ApiDeps,
  request: IncomingMessage,
  refusal: AuraError,
): Promise<AuraError> {
  if (refusal.status >= 500) return refusal;
  const who = addressOf({ ip: clientAddress(request, deps.config.proxies) });
  try {
    await count(deps, { limit: 'failures', who, points: 1 });
    return refusal;
  } catch (over) {
    return over instanceof AuraError ? over : refusal;
  }
}

async function count({ limits }: ApiDeps, what: Count): Promise<void> {
  const { exceeded, limit, resetsInMs } = await limits.count(what);
  if (!exceeded) return;
  const reset = new Date(Date.now() + resetsInMs).toISOString();
  throw new AuraError('RATE_LIMITED', undefined, { limit, reset });
}

/** Behind proxies the address that the outermost of them saw, as everywhere in this API. */
function clientAddress({ headers, socket }: IncomingMessage, proxies: number): string {
  const forwarded = proxies > 0 ? headers['x-forwarded-for'] : undefined;
  const seen = forwarded === undefined ? [] : String(forwarded).split(/\s*,\s*/);
  return seen.slice(-proxies)[0] ?? socket.remoteAddress ?? '';
}
