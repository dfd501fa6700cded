import { GATE_STEP_NAMES, runGate } from '../../domain/gate';
import { gateFacts, minutes, sellerOf, type Change } from '../support/gate-facts';

/** One way to fail each step, that leaves the others as they were. */
const BREAKS: Record<(typeof GATE_STEP_NAMES)[number], Change> = {
  offer: (facts) => (facts.now = minutes(10)),
  business_rules: (facts) => (facts.terms.expectedTotal = '231.01'),
  identity: (facts) => (sellerOf(facts).trust = 'L1'),
  consent_and_authority: (facts) => delete facts.terms.consent.marketing_opt_in,
  settlement_compatibility: (facts) => (facts.rails = []),
  bilateral_risk: (facts) => (facts.buyer.agentCapacityMinor = 23_099n),
};

describe('the gate', () => {
  it('decides amounts, fee, rails, risk and margins of a deal that passes', () => {
    const result = runGate(gateFacts());
    if (!result.passed) throw new Error(result.refusal.message);
    expect(result.steps.map(({ step, name, passed }) => [step, name, passed])).toEqual(
      GATE_STEP_NAMES.map((name, at) => [at + 1, name, true]),
    );
    expect(result.decision).toMatchObject({
      amounts: { subtotalMinor: 20_000n, shippingMinor: 1_000n, taxMinor: 2_100n, totalMinor: 23_100n },
      feeMinor: 231n,
      totalUsdMinor: 23_100n,
      rails: [{ rail: 'rtp', mandateRef: 'mnd_1' }],
      margins: { buyerMinor: 0n },
      risk: { pair: 1, reversalRate: 0 },
    });
    // 3 · 0.015 · 2^(−10/25) · 0.5 is 1.7 %, below retail's floor of 2 %.
    expect(result.decision.margins.sellerMinor).toBe(462n);
  });

  it.each(GATE_STEP_NAMES.map((name) => [name]))('stops at %s and records what it had passed', (name) => {
    const result = runGate(gateFacts(BREAKS[name]));
    expect(result.passed).toBe(false);
    const at = GATE_STEP_NAMES.indexOf(name);
    expect(result.steps.map((step) => [step.name, step.passed])).toEqual([
      ...GATE_STEP_NAMES.slice(0, at).map((passed) => [passed, true]),
      [name, false],
    ]);
    expect('decision' in result).toBe(false);
  });

  it('takes the steps in their order: of two failures the earlier one is told', () => {
    GATE_STEP_NAMES.forEach((first, at) => {
      for (const second of GATE_STEP_NAMES.slice(at + 1)) {
        const result = runGate(
          gateFacts((facts) => {
            BREAKS[second](facts);
            BREAKS[first](facts);
          }),
        );
        expect([first, second, result.steps.at(-1)?.name]).toEqual([first, second, first]);
      }
    });
  });
});
