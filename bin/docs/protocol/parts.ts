/** Both protocols, in the order of the page. */
import type { Part } from './row';
import { AGENTS_1 } from './rows-1-agents';
import { CLEARING_1 } from './rows-1-clearing';
import { EVENTS_1 } from './rows-1-events';
import { MARKET_1 } from './rows-1-market';
import { OFFERS_1 } from './rows-1-offers';
import { CLEARING_2, IDENTITY_2, MARKET_2 } from './rows-2';

export const PARTS: readonly Part[] = [
  { version: '1.0.0', sections: [...AGENTS_1, ...MARKET_1, ...OFFERS_1, ...CLEARING_1, ...EVENTS_1] },
  { version: '2.2', sections: [...IDENTITY_2, ...MARKET_2, ...CLEARING_2] },
];
