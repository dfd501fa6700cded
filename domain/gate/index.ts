/** The pre-commitment gate: six steps in a fixed order. The first that fails decides, and nothing is stored. */
import type { Refusal } from '../errors';
import type { GateFacts } from './facts';
import { GATE_STEPS, type GateDecision, type GateDraft, type GateStepRecord } from './steps';

export * from './facts';
export { consentDetails, consentProblem } from './consent';
export type { GateDecision, GateStepRecord } from './steps';
export { GATE_STEP_NAMES } from './steps';

export type GateResult =
  | { passed: true; steps: GateStepRecord[]; decision: GateDecision }
  | { passed: false; steps: GateStepRecord[]; refusal: Refusal };

export function runGate(facts: GateFacts): GateResult {
  const steps: GateStepRecord[] = [];
  const draft: GateDraft = {};
  for (const [index, { name, run }] of GATE_STEPS.entries()) {
    const outcome = run(facts, draft);
    const passed = !('refusal' in outcome);
    steps.push({ step: index + 1, name, passed, detail: passed ? outcome.detail : outcome.refusal.message });
    if (!passed) return { passed, steps, refusal: outcome.refusal };
  }
  return { passed: true, steps, decision: draft as GateDecision };
}
