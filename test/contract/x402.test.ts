import { createChainHarness } from '../support/chain-harness';
import { X402 } from '../support/chain-rails';
import { describeRailContract } from './rail-contract';

describeRailContract('x402', () => createChainHarness(X402));
