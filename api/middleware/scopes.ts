/** What an API key may do: protocol 1.0.0's table. */
import { AuraError } from '../../domain/errors';
import type { AgentRole } from '../../store/agents';
import type { Route, Scope } from '../route';

export const ROLE_SCOPES: Readonly<Record<AgentRole, readonly Scope[]>> = {
  scout: ['session:create', 'session:read', 'session:commit', 'offer:read', 'transaction:read'],
  beacon: ['offer:create', 'offer:read', 'transaction:read'],
  operator: [],
};

/** A key with all scopes of its role may do whatever its agent may; another one only what its scopes name. */
export function requireScope(
  role: AgentRole,
  scopes: readonly Scope[],
  { scope }: Pick<Route, 'scope'>,
): void {
  const missing = ROLE_SCOPES[role].filter((each) => !scopes.includes(each));
  if (missing.length === 0 || (scope && scopes.includes(scope))) return;
  const required = scope ?? missing.join(' ');
  throw new AuraError('INSUFFICIENT_PERMISSIONS', `The API key lacks the scope ${required}.`, {
    required_scope: required,
  });
}
