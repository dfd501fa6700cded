import { createCardHarness } from '../support/card-harness';
import { describeRailContract } from './rail-contract';

describeRailContract('card', () => createCardHarness());
