/** Who may follow a session: decided like any request, before the connection becomes a WebSocket. */
import { AuraError } from '../../domain/errors';
import type { ApiVersion } from '../../domain/versions';
import { isEventOf } from '../../store/session-events';
import { findSession, type Session } from '../../store/sessions';
import type { AgentWithKey } from '../../store/agents';
import type { ApiDeps } from '../deps';
import { useOnce, type SignedRequest } from '../middleware/authenticate';
import { identify } from '../middleware/identify';
import { validate } from '../middleware/validate';
import { versionOf } from '../middleware/version';
import { requireMine } from '../own-session';
import { route } from '../route';
import { socketQuery } from '../schemas/websocket';

/** Described as a route is, so that the rules of routes hold for it; it is not one of the table's. */
export const SOCKET_ROUTE = route({
  method: 'get',
  path: '/ws/sessions/:session_id',
  summary: 'Follow a session live',
  tag: 'Market',
  access: ['scout', 'operator'],
  scope: 'session:read',
  keySuffices: true,
  response: { status: 101, schema: socketQuery, description: 'The stream' },
  errors: ['SESSION_NOT_FOUND', 'INVALID_PARAMETER', 'RESOURCE_NOT_FOUND', 'RATE_LIMITED'],
  handler: () => Promise.reject(new Error('a WebSocket is not answered')),
});

/** What browsers, which cannot set headers of a WebSocket, say in the address instead. */
const IN_QUERY: Readonly<Record<string, string>> = {
  'X-Agent-ID': 'x-agent-id',
  'X-Timestamp': 'x-timestamp',
  'X-Signature': 'x-signature',
  'AURA-Version': 'aura-version',
};

export interface Admitted {
  agent: AgentWithKey;
  session: Session;
  version: ApiVersion;
  lastEventId: string | undefined;
}

interface Upgrade {
  url: string;
  headers: Readonly<Record<string, string | undefined>>;
}

/**
 * Throws the catalogue's error where the client is not let in. `onKnown` is waited for as soon as it is known who asks,
 * whatever comes of it.
 */
export async function admit(
  deps: ApiDeps,
  upgrade: Upgrade,
  onKnown: (agent: AgentWithKey) => Promise<void>,
): Promise<Admitted> {
  const url = parseTarget(upgrade.url);
  const [, sessionId] = /^\/ws\/sessions\/([^/]{1,60})$/.exec(url?.pathname ?? '') ?? [];
  if (!url || sessionId === undefined)
    throw new AuraError('RESOURCE_NOT_FOUND', 'There is no WebSocket at this address.');
  const { request, signedInQuery } = signedRequest(url, upgrade);
  const { agent, nonce } = await identify(deps, SOCKET_ROUTE, request);
  if (!agent) throw new AuraError('AUTHENTICATION_REQUIRED');
  await onKnown(agent);
  // An address may be kept where headers are not, so a signature in it opens one connection only.
  if (signedInQuery && nonce !== undefined) await useOnce(deps.nonces, nonce);
  const version = versionOf(SOCKET_ROUTE, request, agent);
  const session = await findSession(deps.db, sessionId);
  requireMine(session, agent);
  return { agent, session, version, lastEventId: await readLastEventId(deps, session.id, url, upgrade) };
}

function parseTarget(target: string): URL | undefined {
  try {
    return new URL(target, 'http://aura.invalid');
  } catch {
    return undefined;
  }
}

/** The upgrade as the signed request it is: `GET`, the path without its query, no body. */
function signedRequest(
  { pathname, searchParams }: URL,
  { headers: sent, url }: Upgrade,
): { request: SignedRequest; signedInQuery: boolean } {
  const headers = { ...sent };
  for (const [parameter, header] of Object.entries(IN_QUERY))
    headers[header] ??= searchParams.get(parameter) ?? searchParams.get(header) ?? undefined;
  const token = searchParams.get('token');
  if (token) headers.authorization ??= `Bearer ${token}`;
  const signedInQuery = sent['x-signature'] === undefined && headers['x-signature'] !== undefined;
  // A message signature (RFC 9421) names the parts of the address that it covers; the plain ones cover the path alone.
  const target = sent['signature-input'] === undefined ? pathname : url;
  return { request: { method: 'GET', target, headers, body: '' }, signedInQuery };
}

async function readLastEventId(
  { db }: ApiDeps,
  sessionId: string,
  { searchParams }: URL,
  { headers }: Upgrade,
): Promise<string | undefined> {
  const asked = searchParams.get('last_event_id') ?? headers['last-event-id'];
  const { last_event_id: id } = validate(socketQuery, { last_event_id: asked || undefined }, 'query');
  if (id === undefined || (await isEventOf(db, sessionId, id))) return id;
  const reason = 'not an event of this session';
  throw new AuraError('INVALID_PARAMETER', `last_event_id: ${reason}`, { field: 'last_event_id', reason });
}
