import { createAchHarness } from '../support/ach-harness';
import { describeRailContract } from './rail-contract';

describeRailContract('ach', () => createAchHarness());
