/** Which agent is calling, in whichever of the three forms it signs. */
import { sha256Hex } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { isId } from '../../domain/ids';
import type { PublicKey } from '../../domain/keys';
import { isFresh, verifyRequest, type SignableRequest } from '../../domain/request-signature';
import { findSigningAgent, type AgentRole, type AgentWithKey, type AgentWithKeys } from '../../store/agents';
import type { NonceStore } from '../../store/nonces';
import type { ApiDeps } from '../deps';
import type { Scope } from '../route';
import { byApiKey } from './authenticate-api-key';
import { byHttpMessage } from './authenticate-http-message';
import { invalidSignature, unauthenticated } from './refusals';

export interface SignedRequest extends Omit<SignableRequest, 'timestamp'> {
  headers: Readonly<Record<string, string | undefined>>;
}

export type AuthDeps = Pick<ApiDeps, 'db' | 'apiKeys' | 'config'>;

export interface Authenticated {
  agent: AgentWithKey;
  /** Names what was signed, for its single use; absent where an API key alone was enough. */
  nonce?: string;
  /** What an API key may do; a signature without one may do whatever the agent may. */
  scopes?: readonly Scope[];
}

export interface AuthNeeds {
  /** An API key alone is enough. */
  keySuffices?: boolean;
}

/** Throws the catalogue's error where nobody, or nobody we know, has signed the request. */
export async function authenticate(
  deps: AuthDeps,
  request: SignedRequest,
  needs: AuthNeeds = {},
): Promise<Authenticated> {
  const found = await inForm(deps, request, needs);
  const { agent } = found;
  // Whoever is suspended still sees what became of its money; it only does nothing more.
  const active = agent.status === 'active' && agent.principalStatus === 'active';
  if (!active && request.method !== 'GET') throw new AuraError('AGENT_SUSPENDED');
  return found;
}

function inForm(deps: AuthDeps, request: SignedRequest, needs: AuthNeeds): Promise<Authenticated> {
  switch (formOf(request)) {
    case 'api key':
      return byApiKey(deps, request, needs);
    case 'http message':
      return byHttpMessage(deps, request);
    case 'agent':
      return byAgentHeaders(deps, request);
  }
}

type Form = 'agent' | 'api key' | 'http message';

const HEADERS_OF: Readonly<Record<Form, readonly string[]>> = {
  agent: ['x-agent-id', 'x-timestamp', 'x-signature'],
  'api key': ['authorization', 'x-aura-timestamp', 'x-aura-signature'],
  'http message': ['signature', 'signature-input'],
};

/** One form a request: of two, the weaker one could speak where the stronger one should. */
export function formOf({ headers }: SignedRequest): Form {
  const forms = (Object.keys(HEADERS_OF) as Form[]).filter((form) =>
    HEADERS_OF[form].some((name) => headers[name] !== undefined),
  );
  const [form = 'agent'] = forms;
  if (forms.length <= 1) return form;
  const present = forms.flatMap((each) => HEADERS_OF[each]).filter((name) => headers[name] !== undefined);
  throw invalidSignature('The request is signed in more than one form; use one.', {
    field: present.join(', '),
    reason: 'more than one form',
  });
}

async function byAgentHeaders({ db }: AuthDeps, request: SignedRequest): Promise<Authenticated> {
  const id = request.headers['x-agent-id'];
  if (!id) throw unauthenticated('X-Agent-ID', 'required');
  const agent = await signingAgent(db, id, 'X-Agent-ID');
  const keys = agent.signingKeys.map(({ publicKey }) => publicKey);
  const { key, nonce } = checkSignature(request, keys);
  return { agent: asSignedBy(agent, key), nonce };
}

export async function signingAgent(db: AuthDeps['db'], id: string, field: string): Promise<AgentWithKeys> {
  const agent = isAgentId(id) ? await findSigningAgent(db, id) : undefined;
  if (agent) return agent;
  throw new AuraError('AUTHENTICATION_REQUIRED', 'The agent is not known.', {
    field,
    reason: 'unknown agent',
  });
}

/** The agent as far as this request goes: what it signs inside the body is by the key that signed the request. */
export function asSignedBy({ signingKeys, ...agent }: AgentWithKeys, publicKey: PublicKey): AgentWithKey {
  const keyId = signingKeys.find((key) => key.publicKey === publicKey)?.id ?? agent.keyId;
  return { ...agent, keyId, publicKey };
}

export function isAgentId(id: string): boolean {
  return isId('scout', id) || isId('beacon', id) || isId('operator', id);
}

/**
 * Checks form, freshness and signature of the headers X-Timestamp and X-Signature. Says by which of the keys it was, and
 * names what was signed, not how its bytes were written.
 */
export function checkSignature(
  request: SignedRequest,
  keys: PublicKey | readonly PublicKey[],
  now = new Date(),
): { key: PublicKey; nonce: string } {
  const { method, target, body, headers } = request;
  const timestamp = headers['x-timestamp'];
  const signature = headers['x-signature'];
  if (!timestamp) throw unauthenticated('X-Timestamp', 'required');
  if (!signature) throw unauthenticated('X-Signature', 'required');
  checkFresh(timestamp, 'X-Timestamp', now);
  const candidates = typeof keys === 'string' ? [keys] : keys;
  const key = candidates.find((each) => verifyRequest({ method, target, timestamp, body }, signature, each));
  if (!key) throw invalidSignature('The signature does not verify.', { field: 'X-Signature' });
  return { key, nonce: sha256Hex([key, method, target, timestamp, sha256Hex(body)].join('\n')) };
}

export function checkFresh(timestamp: string, field: string, now: Date): void {
  if (isFresh(timestamp, now)) return;
  const message = 'The timestamp is not an RFC 3339 instant within 5 minutes of now.';
  throw invalidSignature(message, { field, reason: 'stale', now: now.toISOString() });
}

/** A signature on an unsafe method counts once. */
export async function useOnce(nonces: NonceStore, nonce: string): Promise<void> {
  if (await nonces.use(nonce)) return;
  const message = 'This signed request was received before.';
  throw invalidSignature(message, { field: 'X-Signature', reason: 'replayed' });
}

export function requireRole(agent: AgentWithKey, roles: readonly AgentRole[]): void {
  if (roles.includes(agent.role)) return;
  throw new AuraError('INSUFFICIENT_PERMISSIONS', `A ${agent.role} may not do this.`, {
    allowed: [...roles],
  });
}
