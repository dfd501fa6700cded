import { createChainHarness } from '../support/chain-harness';
import { describeRailContract } from './rail-contract';

describeRailContract('stablecoin', () => createChainHarness());
