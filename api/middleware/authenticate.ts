/** Who is calling: the signature form of protocol 2.2. */
import { sha256Hex } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { isId } from '../../domain/ids';
import type { PublicKey } from '../../domain/keys';
import { isFresh, verifyRequest, type SignableRequest } from '../../domain/request-signature';
import { findAgentWithKey, type AgentRole, type AgentWithKey } from '../../store/agents';
import type { Db } from '../../store/db';
import type { NonceStore } from '../../store/nonces';

export interface SignedRequest extends Omit<SignableRequest, 'timestamp'> {
  headers: Readonly<Record<string, string | undefined>>;
}

export async function authenticate(db: Db, request: SignedRequest): Promise<AgentWithKey> {
  const id = request.headers['x-agent-id'];
  if (!id) throw unauthenticated('x-agent-id', 'required');
  const agent = isAgentId(id) ? await findAgentWithKey(db, id) : undefined;
  if (!agent)
    throw new AuraError('AUTHENTICATION_REQUIRED', 'The agent is not known.', { field: 'X-Agent-ID' });
  checkSignature(request, agent.publicKey);
  // Whoever is suspended still sees what became of its money; it only does nothing more.
  const active = agent.status === 'active' && agent.principalStatus === 'active';
  if (!active && request.method !== 'GET') throw new AuraError('AGENT_SUSPENDED');
  return agent;
}

export function isAgentId(id: string): boolean {
  return isId('scout', id) || isId('beacon', id) || isId('operator', id);
}

/** Checks form, freshness and signature of the request by the given key. */
export function checkSignature(request: SignedRequest, key: PublicKey, now = new Date()): void {
  const { method, target, body, headers } = request;
  const timestamp = headers['x-timestamp'];
  const signature = headers['x-signature'];
  if (!timestamp) throw unauthenticated('X-Timestamp', 'required');
  if (!signature) throw unauthenticated('X-Signature', 'required');
  if (!isFresh(timestamp, now)) {
    throw invalid('The timestamp is not within 5 minutes of now.', {
      field: 'X-Timestamp',
      now: now.toISOString(),
    });
  }
  if (!verifyRequest({ method, target, timestamp, body }, signature, key)) {
    throw invalid('The signature does not verify.', { field: 'X-Signature' });
  }
}

/** A signature on an unsafe method counts once. What was signed is remembered, not how its bytes were written. */
export async function useOnce(nonces: NonceStore, key: PublicKey, request: SignedRequest): Promise<void> {
  const { method, target, body, headers } = request;
  const signed = [key, method, target, headers['x-timestamp'], sha256Hex(body)].join('\n');
  if (!(await nonces.use(sha256Hex(signed)))) {
    throw invalid('This signed request was received before.', { field: 'X-Signature', reason: 'replayed' });
  }
}

export function requireRole(agent: AgentWithKey, roles: readonly AgentRole[]): void {
  if (roles.includes(agent.role)) return;
  throw new AuraError('INSUFFICIENT_PERMISSIONS', `A ${agent.role} may not do this.`, {
    allowed: [...roles],
  });
}

function unauthenticated(field: string, reason: string): AuraError {
  return new AuraError('AUTHENTICATION_REQUIRED', `The request is not signed: ${field} is missing.`, {
    field,
    reason,
  });
}

function invalid(message: string, details: Record<string, unknown>): AuraError {
  return new AuraError('INVALID_SIGNATURE', message, details);
}
