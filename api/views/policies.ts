import { POLICY_POINTS, type OperatorPolicy } from '../../domain/policies';
import { rulesOf } from '../../domain/policies/code';
import type { AgentPolicy, OperatorPolicyVersion } from '../../store/policies';
import { jsonNumber } from './numbers';

export function acceptedView({ id, agentId, status, effectiveFrom, effectiveUntil, createdAt }: AgentPolicy) {
  return {
    policy_id: id,
    agent_id: agentId,
    status,
    effective_from: effectiveFrom.toISOString(),
    effective_until: effectiveUntil?.toISOString() ?? null,
    validated_at: createdAt.toISOString(),
  };
}

/** With the policies as they were declared: what protocol 1.0.0 writes as numbers are numbers again. */
export function policyView(policy: AgentPolicy) {
  return { ...acceptedView(policy), policies: numbersIn(policy.policies) };
}

const NUMBERS = /(_usd|_percentage|_reputation|_above)$/;

function numbersIn(part: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(part).map(([name, value]: [string, unknown]) => {
      if (typeof value === 'string' && NUMBERS.test(name)) return [name, jsonNumber(value)];
      const isPart = typeof value === 'object' && value !== null && !Array.isArray(value);
      // The constraints are those of sessions, whose prices are decimals.
      return [name, isPart && name !== 'constraints' ? numbersIn(value) : value];
    }),
  );
}

/** The newest version of a name, with all of them. */
export function operatorPolicyView(
  newest: OperatorPolicyVersion,
  versions: readonly OperatorPolicyVersion[],
) {
  return {
    ...versionView(newest, newest),
    cedar: newest.cedar,
    rules: rulesOf(newest.cedar ?? '').map(({ id, reason, points }) => ({
      id,
      reason,
      points: points.length > 0 ? points : [...POLICY_POINTS],
    })),
    versions: versions.map((version) => versionView(version, newest)),
  };
}

function versionView(version: OperatorPolicyVersion, newest: OperatorPolicyVersion) {
  const { id, name, createdBy, createdAt } = version;
  const status = version.id !== newest.id ? 'superseded' : version.cedar === null ? 'withdrawn' : 'active';
  return {
    policy_id: id,
    name,
    version: version.version,
    status,
    created_by: createdBy,
    created_at: createdAt.toISOString(),
  };
}

export function operatorPolicyInForce({ id, name, cedar }: OperatorPolicy) {
  return { policy_id: id, name, cedar };
}
