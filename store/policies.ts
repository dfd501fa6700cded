/** Policies: what agents declared, and operators' code. Every version is kept. */
import type {
  BeaconPolicies,
  Declared,
  DeclaredPolicies,
  OperatorPolicy,
  ScoutPolicies,
} from '../domain/policies';
import { rows, type Queryable, type Trx } from './db';
import { recordAudit, recordEvents } from './states';

export interface AgentPolicy extends Declared<DeclaredPolicies> {
  agentId: string;
  effectiveFrom: Date;
  effectiveUntil: Date | null;
  createdAt: Date;
  status: 'active' | 'scheduled' | 'superseded' | 'expired';
}

export interface NewAgentPolicy {
  id: string;
  agentId: string;
  policies: DeclaredPolicies;
  /** By default now. */
  effectiveFrom: Date | undefined;
  effectiveUntil: Date | null;
}

/** The id of the version in force at an instant: the last to have begun. A scheduled one waits, an ended one is over. */
const IN_FORCE = `SELECT DISTINCT ON (agent_id) id, agent_id, policies FROM agent_policies
  WHERE agent_id = ANY(:agents) AND in_force_from <= coalesce(:at::timestamptz, now())
    AND (effective_until IS NULL OR effective_until > coalesce(:at::timestamptz, now()))
  ORDER BY agent_id, in_force_from DESC, seq DESC`;

const IN_FORCE_CODE = `SELECT id, name, cedar FROM (
    SELECT DISTINCT ON (name) id, name, cedar FROM operator_policies ORDER BY name, version DESC
  ) newest WHERE cedar IS NOT NULL ORDER BY name`;

async function insertAgentPolicy(trx: Trx, policy: NewAgentPolicy): Promise<void> {
  await trx.raw(
    `INSERT INTO agent_policies (id, agent_id, policies, effective_from, effective_until)
     VALUES (?, ?, ?::jsonb, coalesce(?::timestamptz, now()), ?)`,
    [
      policy.id,
      policy.agentId,
      JSON.stringify(policy.policies),
      policy.effectiveFrom ?? null,
      policy.effectiveUntil,
    ],
  );
}

/** An agent's versions, newest first, each with its status now; or the one with that id. */
export async function agentPolicies(
  db: Queryable,
  agentId: string,
  { limit, id }: { limit: number; id?: string },
): Promise<AgentPolicy[]> {
  return rows<AgentPolicy>(
    db,
    `SELECT a.id, a.agent_id AS "agentId", a.policies, a.effective_from AS "effectiveFrom",
       a.effective_until AS "effectiveUntil", a.created_at AS "createdAt",
       CASE WHEN a.id = f.id THEN 'active' WHEN a.in_force_from > now() THEN 'scheduled'
         WHEN a.effective_until <= now() THEN 'expired' ELSE 'superseded' END AS status
     FROM agent_policies a LEFT JOIN (${IN_FORCE}) f ON true
     WHERE a.agent_id = ANY(:agents) AND a.id = coalesce(:id::text, a.id) ORDER BY a.seq DESC LIMIT :limit`,
    { agents: [agentId], at: null, limit, id: id ?? null },
  );
}

/** What is in force: of these agents, and operators' code in the order of its names. */
export interface PoliciesInForce {
  scout(id: string): Declared<ScoutPolicies> | undefined;
  beacon(id: string): Declared<BeaconPolicies> | undefined;
  operators: OperatorPolicy[];
  /** Nothing restricts any of the agents. */
  none: boolean;
}

/** `at` is by default the beginning of the transaction. */
export async function policiesInForce(
  db: Queryable,
  agentIds: readonly string[],
  at?: Date,
): Promise<PoliciesInForce> {
  const [found] = await rows<{
    declared: { id: string; agent_id: string; policies: DeclaredPolicies }[];
    operators: OperatorPolicy[];
  }>(
    db,
    `SELECT (SELECT coalesce(jsonb_agg(d), '[]') FROM (${IN_FORCE}) d) AS declared,
       (SELECT coalesce(jsonb_agg(o), '[]') FROM (${IN_FORCE_CODE}) o) AS operators`,
    { agents: [...agentIds], at: at ?? null },
  );
  const { declared = [], operators = [] } = found ?? {};
  const byAgent = new Map(declared.map(({ id, agent_id, policies }) => [agent_id, { id, policies }]));
  return {
    scout: (id) => byAgent.get(id),
    beacon: (id) => byAgent.get(id),
    operators,
    none: declared.length === 0 && operators.length === 0,
  };
}

export interface OperatorPolicyVersion {
  id: string;
  name: string;
  version: number;
  /** Null where it was taken out of force. */
  cedar: string | null;
  createdBy: string;
  createdAt: Date;
}

const VERSION = `id, name, version, cedar, created_by AS "createdBy", created_at AS "createdAt"`;

/** One name's versions, newest first. */
export function operatorPolicyVersions(
  db: Queryable,
  name: string,
  limit: number,
): Promise<OperatorPolicyVersion[]> {
  return rows(db, `SELECT ${VERSION} FROM operator_policies WHERE name = ? ORDER BY version DESC LIMIT ?`, [
    name,
    limit,
  ]);
}

/** What is in force of operators' code. */
export function operatorPoliciesInForce(db: Queryable): Promise<OperatorPolicy[]> {
  return rows(db, IN_FORCE_CODE);
}

/** Operators write one after the other, so that versions have no gaps and the number of names keeps its bound. */
export async function lockOperatorPolicies(trx: Trx): Promise<void> {
  await trx.raw("SELECT pg_advisory_xact_lock(hashtext('operator_policies'))");
}

export async function insertOperatorPolicy(
  trx: Trx,
  policy: { id: string; name: string; cedar: string | null; createdBy: string },
): Promise<OperatorPolicyVersion> {
  const [stored] = await rows<OperatorPolicyVersion>(
    trx,
    `INSERT INTO operator_policies (id, name, version, cedar, created_by)
     VALUES (:id, :name, (SELECT coalesce(max(version), 0) + 1 FROM operator_policies WHERE name = :name), :cedar, :createdBy)
     RETURNING ${VERSION}`,
    policy,
  );
  if (!stored) throw new Error(`the policy ${policy.name} was not stored`);
  return stored;
}

/**
 * Stores a version of what an agent declares, and tells of it. Answers the version with its status. An agent's versions
 * are written one after the other, so that the last one stored is the newest.
 */
export async function declarePolicies(trx: Trx, policy: NewAgentPolicy): Promise<AgentPolicy> {
  await trx.raw('SELECT 1 FROM agents WHERE id = ? FOR NO KEY UPDATE', [policy.agentId]);
  await insertAgentPolicy(trx, policy);
  // Another version may have been declared meanwhile, so the newest one need not be this one.
  const [stored] = await agentPolicies(trx, policy.agentId, { limit: 1, id: policy.id });
  if (!stored) throw new Error(`the policies of ${policy.agentId} were not stored`);
  const detail = {
    agent_id: policy.agentId,
    policy_id: policy.id,
    effective_from: stored.effectiveFrom.toISOString(),
    effective_until: stored.effectiveUntil?.toISOString() ?? null,
  };
  await recordEvents(trx, [{ type: 'agent.policy_updated', correlationId: policy.agentId, payload: detail }]);
  await recordAudit(trx, {
    actor: policy.agentId,
    action: 'agent.policy_updated',
    subject: policy.agentId,
    detail,
  });
  return stored;
}
