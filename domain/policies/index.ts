export * from './declared';
export * from './decision';
export { codeProblems, CODE_MAX, RULES_MAX, type CodeProblem } from './code';
export { createPolicyEngine, type PolicyEngine } from './engine';
export { POLICY_SCHEMA } from './schema';
export { ceilingMinorOf } from './attributes';
export { beaconContext, type BeaconContext } from './beacon-context';
export { violationEvent } from './violation';
