import { createInstantHarness } from '../support/rail-harness';
import { describeRailContract } from './rail-contract';

describeRailContract('rtp', () => createInstantHarness('rtp'));
