/**
 * The policy engine: Cedar, over the house's rules and the operators' code. One call decides on all rules at once. It
 * is synchronous and does no input or output. What is not forbidden is permitted; a rule that cannot be evaluated
 * forbids.
 */
import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  type CheckParseAnswer,
} from '@cedar-policy/cedar-wasm/nodejs';
import { newId } from '../ids';
import { contextOf, entitiesOf } from './attributes';
import { rulesOf, type PolicyRule } from './code';
import {
  POLICY_POINTS,
  POLICY_SIDES,
  UNRESTRICTED,
  type DecisionRequest,
  type OperatorPolicy,
  type PolicyDecision,
  type PolicyPoint,
  type PolicyRefusal,
  type PolicySide,
} from './decision';
import { POLICY_RULES } from './rules';
import { POLICY_SCHEMA } from './schema';

export interface PolicyEngine {
  /** What the policies in force on both sides and the operators' code say. */
  decide(request: DecisionRequest): PolicyDecision;
}

interface KnownRule extends PolicyRule {
  side: PolicySide;
  /** What a refusal calls it. */
  name: string;
  /** Of operators' code; a declared policy's is that of the agent's version. */
  policyId?: string;
}

export interface PolicyEngineOptions {
  /**
   * Whether what a decision is made on is held against the schema each time, which takes as long again as the decision.
   * Default: false. Rules are held against the schema before they are in force, and one that cannot be evaluated forbids.
   */
  checksRequests?: boolean;
}

export function createPolicyEngine({ checksRequests = false }: PolicyEngineOptions = {}): PolicyEngine {
  // Cedar keeps what it has parsed under names, for the whole process.
  const name = newId('policy');
  const schema = checksRequests ? { preparsedSchemaName: name, validateRequest: true } : {};
  if (checksRequests) parsed(preparseSchema(name, POLICY_SCHEMA));
  const house = houseRules();
  let inForce: { key: string; rules: Map<string, KnownRule> } | undefined;

  function rulesWith(operators: readonly OperatorPolicy[]): Map<string, KnownRule> {
    const key = operators.map(({ id }) => id).join(' ');
    if (inForce?.key === key) return inForce.rules;
    const rules = new Map([...operators.flatMap(operatorRules), ...house]);
    // A set for each point, so that no time goes into rules of the others.
    for (const point of POLICY_POINTS) {
      const here = [...rules].filter(([, { points }]) => points.length === 0 || points.includes(point));
      const staticPolicies = Object.fromEntries(here.map(([id, { text }]) => [id, text]));
      parsed(preparsePolicySet(setName(point), { staticPolicies }));
    }
    inForce = { key, rules };
    return rules;
  }

  const setName = (point: PolicyPoint) => `${name}.${point}`;

  return {
    decide(request) {
      const { point, scout, beacon, session, operators } = request;
      const policies = [...operators, scout.declared, beacon.declared].flatMap((policy) => policy?.id ?? []);
      if (policies.length === 0) return UNRESTRICTED;
      const rules = rulesWith(operators);
      const answer = statefulIsAuthorized({
        principal: { type: 'Beacon', id: beacon.id },
        action: { type: 'Action', id: point },
        resource: { type: 'Session', id: session.id },
        context: contextOf(request),
        entities: entitiesOf(request),
        preparsedPolicySetId: setName(point),
        ...schema,
      });
      if (answer.type === 'failure') throw new Error(`policies: ${answer.errors[0]?.message}`);
      const { decision, diagnostics } = answer.response;
      const failed = new Set(diagnostics.errors.map(({ policyId }) => policyId));
      const forbidding = decision === 'deny' ? diagnostics.reason : [];
      const refusals = [...rules.keys()]
        .filter((id) => failed.has(id) || forbidding.includes(id))
        .map((id) => refusalOf(rules.get(id) as KnownRule, failed.has(id), request));
      return { allowed: decision === 'allow' && failed.size === 0, refusals: ordered(refusals), policies };
    },
  };
}

function parsed(answer: CheckParseAnswer): void {
  if (answer.type === 'failure') throw new Error(`policies: ${answer.errors[0]?.message}`);
}

/** The house's own rules by id. */
export function houseRules(): Map<string, KnownRule> {
  return new Map(
    rulesOf(POLICY_RULES).map((rule) => {
      const { field = rule.id, side } = rule.annotations;
      return [rule.id, { ...rule, name: field, side: side as PolicySide }];
    }),
  );
}

function operatorRules({ id, name, cedar }: OperatorPolicy): [string, KnownRule][] {
  return rulesOf(cedar).map((rule) => [
    `${name}/${rule.id}`,
    { ...rule, name: rule.id, side: 'operator', policyId: id },
  ]);
}

function refusalOf(rule: KnownRule, failed: boolean, { scout, beacon }: DecisionRequest): PolicyRefusal {
  const declared = rule.side === 'scout' ? scout.declared : beacon.declared;
  return {
    rule: rule.name,
    reason: failed ? `The rule cannot be evaluated. ${rule.reason}` : rule.reason,
    policyId: rule.policyId ?? declared?.id ?? '',
    side: rule.side,
  };
}

/** Operators' rules first; a field that is broken in two ways is told once. */
function ordered(refusals: readonly PolicyRefusal[]): PolicyRefusal[] {
  const told = new Set<string>();
  return POLICY_SIDES.flatMap((side) => refusals.filter((refusal) => refusal.side === side)).filter(
    ({ policyId, rule }) => {
      const key = `${policyId} ${rule}`;
      return !told.has(key) && told.add(key);
    },
  );
}
