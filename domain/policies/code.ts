/** Cedar text taken apart and checked: the house's rules, and what operators write. */
import {
  policySetTextToParts,
  policyToJson,
  validate,
  type DetailedError,
} from '@cedar-policy/cedar-wasm/nodejs';
import { POLICY_SCHEMA } from './schema';

export const CODE_MAX = 20_000;
export const RULES_MAX = 50;

/** One rule of a text. */
export interface PolicyRule {
  readonly id: string;
  readonly reason: string;
  readonly text: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly effect: 'permit' | 'forbid';
  /** The points it speaks of; empty for all of them. */
  readonly points: readonly string[];
}

export interface CodeProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

const RULE_ID = /^[a-z][a-z0-9_.-]{0,63}$/;
const REASON_MAX = 300;

/** The rules of a text that parses, in its order. Throws where it does not. */
export function rulesOf(text: string): PolicyRule[] {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') throw new Error(parts.errors.map(({ message }) => message).join('; '));
  return inTextOrder(text, parts.policies).map(readRule);
}

/** Cedar sorts them by a number that it gives them, as text. */
function inTextOrder(text: string, parts: readonly string[]): string[] {
  return [...parts].sort((a, b) => text.indexOf(a) - text.indexOf(b));
}

function readRule(text: string): PolicyRule {
  const parsed = policyToJson(text);
  if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('; '));
  const { effect, action, annotations = {} } = parsed.json;
  return {
    id: annotations.id ?? '',
    reason: annotations.reason ?? '',
    text,
    annotations,
    effect,
    points: actionIds(action),
  };
}

function actionIds(action: unknown): string[] {
  const { entity, entities = entity ? [entity] : [] } = action as {
    entity?: { id?: string };
    entities?: { id?: string }[];
  };
  return entities.flatMap(({ id }) => (id === undefined ? [] : [id]));
}

/**
 * What is wrong with operators' code, first things first: it has to parse, be valid under the schema, and hold rules
 * that forbid, each with an `@id` of its own and an `@reason`.
 */
export function codeProblems(cedar: string): CodeProblem[] {
  const checked = validate({ schema: POLICY_SCHEMA, policies: { staticPolicies: cedar } });
  if (checked.type === 'failure') return checked.errors.map((error) => problemOf(cedar, error));
  const parts = policySetTextToParts(cedar);
  if (parts.type === 'failure') return parts.errors.map((error) => problemOf(cedar, error));
  const [template] = parts.policy_templates;
  if (template !== undefined) {
    return [{ line: lineOf(cedar, template), reason: 'a template cannot be in force: it has open slots' }];
  }
  const invalid = [...checked.validationErrors, ...checked.validationWarnings].map(({ error }) =>
    problemOf(cedar, error),
  );
  return [...formProblems(cedar, inTextOrder(cedar, parts.policies).map(readRule)), ...invalid];
}

function formProblems(cedar: string, rules: readonly PolicyRule[]): CodeProblem[] {
  if (rules.length === 0) return [{ line: 1, reason: 'holds no rule' }];
  if (rules.length > RULES_MAX) return [{ line: 1, reason: `holds more than ${RULES_MAX} rules` }];
  const seen = new Set<string>();
  return rules.flatMap((rule) => {
    const line = lineOf(cedar, rule.text);
    const isTwin = seen.has(rule.id);
    seen.add(rule.id);
    const reasons = [
      rule.effect === 'permit' && 'only forbid has a meaning here: what is not forbidden is permitted',
      !RULE_ID.test(rule.id) && '@id is missing, or not of lower-case letters, digits, "_", "." and "-"',
      isTwin && `@id("${rule.id}") appears twice`,
      (rule.reason.trim() === '' || rule.reason.length > REASON_MAX) &&
        `@reason is missing, or longer than ${REASON_MAX} characters`,
    ];
    return reasons.flatMap((reason) => (reason ? [{ line, reason }] : []));
  });
}

/** Cedar counts in bytes of UTF-8. */
function problemOf(cedar: string, error: DetailedError): CodeProblem {
  const start = error.sourceLocations?.[0]?.start ?? 0;
  const line = Buffer.from(cedar).subarray(0, start).toString().split('\n').length;
  const label = error.sourceLocations?.[0]?.label;
  const reason = [error.message, label, error.help].filter(Boolean).join('; ');
  // The number that the engine gives a rule by itself says nothing to its author.
  return { line, reason: reason.replace(/^for policy `policy\d+`, /, '') };
}

function lineOf(cedar: string, part: string): number {
  return cedar.slice(0, Math.max(0, cedar.indexOf(part))).split('\n').length;
}
