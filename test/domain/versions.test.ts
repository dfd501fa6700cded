/** What protocol 1.0.0 makes of the lifecycle: one status out of two states. */
import { CLEARING_STATES, MARKET_STATES, type ClearingState, type MarketState } from '../../domain/lifecycle';
import {
  SESSION_STATUSES_1,
  sessionStatus1,
  statusHistory1,
  TRANSACTION_STATUSES_1,
  transactionStatus1,
} from '../../domain/versions';

const CLEARING: readonly (ClearingState | null)[] = [null, ...CLEARING_STATES];
const PAIRS = MARKET_STATES.flatMap((market) => CLEARING.map((clearing) => ({ market, clearing })));

describe('the status of a session in version 1', () => {
  test.each<[MarketState, ClearingState | null, string]>([
    ['created', null, 'created'],
    ['interpreting', null, 'interpreting'],
    ['discovering', null, 'discovering'],
    ['collecting_offers', null, 'collecting_offers'],
    ['offers_available', null, 'offers_ready'],
    ['committed', null, 'committed'],
    ['committed', 'risk_assessed', 'transaction_pending'],
    ['committed', 'cleared', 'transaction_pending'],
    ['fulfilled', 'cleared', 'transaction_pending'],
    ['disputed', 'cleared', 'transaction_pending'],
    ['resolved', 'refunded', 'transaction_pending'],
    ['completed', 'cleared', 'completed'],
    ['cancelled', null, 'cancelled'],
    ['expired', null, 'expired'],
    ['failed', 'declined', 'failed'],
  ])('of %s and %s is %s', (market, clearing, status) => {
    expect(sessionStatus1({ market, clearing })).toBe(status);
  });

  test('is one of the protocol’s in every state, and each of them is reached', () => {
    const reached = new Set(PAIRS.map(sessionStatus1));
    expect([...reached].sort()).toEqual([...SESSION_STATUSES_1].sort());
  });
});

describe('the status of a transaction in version 1', () => {
  test.each<[MarketState, ClearingState | null, string | undefined]>([
    ['committed', null, 'pending'],
    ['committed', 'risk_assessed', 'pending'],
    ['committed', 'authorized', 'payment_authorized'],
    ['committed', 'settling', 'payment_authorized'],
    ['committed', 'exception', 'payment_authorized'],
    ['committed', 'settled', 'confirmed'],
    ['committed', 'cleared', 'confirmed'],
    ['fulfilled', 'cleared', 'fulfilled'],
    ['completed', 'cleared', 'completed'],
    ['committed', 'declined', 'failed'],
    ['failed', 'declined', 'failed'],
    ['cancelled', 'declined', 'cancelled'],
    ['committed', 'reversed', 'cancelled'],
    ['completed', 'refunded', 'cancelled'],
    ['disputed', 'cleared', undefined],
    ['resolved', 'cleared', undefined],
  ])('of %s and %s is %s', (market, clearing, status) => {
    expect(transactionStatus1({ market, clearing })).toBe(status);
  });

  test('is one of the protocol’s in every state, and each of them is reached', () => {
    const reached = new Set(PAIRS.map(transactionStatus1).filter((status) => status !== undefined));
    expect([...reached].sort()).toEqual([...TRANSACTION_STATUSES_1].sort());
  });

  test('has a history that begins with the commitment, each status once, and none for a dispute', () => {
    const changes = (
      [
        ['market', 'offers_available'],
        ['market', 'committed'],
        ['clearing', 'risk_assessed'],
        ['clearing', 'authorized'],
        ['clearing', 'settling'],
        ['clearing', 'settled'],
        ['clearing', 'cleared'],
        ['market', 'fulfilled'],
        ['market', 'disputed'],
      ] as const
    ).map(([region, to], second) => ({ region, to, at: new Date(second * 1_000) }));
    expect(statusHistory1(changes).map(({ status, at }) => [status, at.getTime()])).toEqual([
      ['pending', 1_000],
      ['payment_authorized', 3_000],
      ['confirmed', 5_000],
      ['fulfilled', 7_000],
    ]);
  });
});
