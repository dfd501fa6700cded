import { createInstantHarness } from '../support/rail-harness';
import { describeRailContract } from './rail-contract';

describeRailContract('fednow', () => createInstantHarness('fednow'));
