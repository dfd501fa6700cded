import { badProof } from './bad-proof';
import { chargeback } from './chargeback';
import { sellerDefault } from './default';
import { dispute } from './dispute';
import { railDown } from './rail-down';
import { achReturn } from './return';
import type { Scenario } from './scenario';
import { unknownOutcome } from './unknown-outcome';

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  return: achReturn,
  chargeback,
  dispute,
  default: sellerDefault,
  'unknown-outcome': unknownOutcome,
  'rail-down': railDown,
  'bad-proof': badProof,
};
