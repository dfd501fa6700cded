/** What AURA expects of every rail. A rail is not done before it passes all of it. */
import type { RailHarness } from '../support/rail-harness';
import { describeCapabilities, describeExecution } from './clauses/execution';
import { describeRefusals } from './clauses/refusals';
import { describeUncertainty, describeWaiting } from './clauses/uncertainty';
import { describeMandates } from './clauses/mandates';
import { describeReturns } from './clauses/returns';
import { describeStatement } from './clauses/statement';

export function describeRailContract(name: string, setup: () => Promise<RailHarness>): void {
  describe(`rail contract: ${name}`, () => {
    let rail: RailHarness;
    beforeAll(async () => {
      rail = await setup();
    });
    afterAll(() => rail?.stop());
    const harness = () => rail;

    describeCapabilities(harness);
    describeExecution(harness);
    describeRefusals(harness);
    describeUncertainty(harness);
    describeWaiting(harness);
    describeMandates(harness);
    describeReturns(harness);
    describeStatement(harness);
  });
}
