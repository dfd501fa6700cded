import fc from 'fast-check';
import {
  closingOf,
  disputeDeadlines,
  disputeWindowEnd,
  filingOf,
  lostBy,
  panelProblem,
  refundOf,
  remedyByDefault,
  REMEDIES,
  remedyStep,
  respondentOf,
  tally,
  type Decision,
  type DisputeReason,
  type DisputeSide,
} from '../../domain/clearing/disputes';
import { CLEARING_STATES, findMove, MARKET_STATES, type ClearingState } from '../../domain/lifecycle';
import { PROFILES, withDaysOf } from '../../domain/profiles';

const NOW = new Date('2026-05-04T10:00:00Z');
const after = (ms: number) => new Date(NOW.getTime() + ms);
const CLEARING = [null, ...CLEARING_STATES];

describe('filing a dispute', () => {
  const window = { now: NOW, windowEndsAt: after(1) };

  it('takes a transition that the lifecycle has, or says why there is none', () => {
    for (const market of MARKET_STATES) {
      for (const clearing of CLEARING) {
        const filing = filingOf({ market, clearing }, window);
        if ('problem' in filing) expect(filing.problem).not.toBe('');
        else expect(findMove(filing.transition, { market, clearing })?.to).toBe('disputed');
      }
    }
  });

  it.each<[(typeof MARKET_STATES)[number], ClearingState | null, string | undefined]>([
    ['committed', null, undefined],
    ['committed', 'risk_assessed', 'T13'],
    ['committed', 'authorized', 'T13'],
    ['committed', 'settling', 'T13'],
    ['committed', 'exception', 'T13'],
    ['committed', 'cleared', 'T13'],
    ['committed', 'declined', undefined],
    ['fulfilled', 'settled', 'T7'],
    ['completed', 'cleared', 'T15'],
    ['disputed', 'cleared', undefined],
    ['resolved', 'cleared', undefined],
    ['cancelled', 'refunded', undefined],
    ['failed', 'declined', undefined],
    ['offers_available', null, undefined],
  ])('of a deal that is %s and %s: %s', (market, clearing, transition) => {
    const filing = filingOf({ market, clearing }, window);
    expect('transition' in filing ? filing.transition : undefined).toBe(transition);
  });

  it('of a completed deal ends with its window, to the millisecond', () => {
    const completed = { market: 'completed', clearing: 'cleared' } as const;
    expect(filingOf(completed, { now: NOW, windowEndsAt: after(1) })).toEqual({ transition: 'T15' });
    for (const windowEndsAt of [NOW, after(-1), null]) {
      expect(filingOf(completed, { now: NOW, windowEndsAt })).toHaveProperty('problem');
    }
  });

  it('counts the window from delivery, and from settlement where nothing was delivered', () => {
    const { retail } = withDaysOf(1_000);
    const ends = (fulfilledAt: Date | null, settledAt: Date | null) =>
      disputeWindowEnd(retail, { fulfilledAt, settledAt });
    expect(ends(after(5), NOW)).toEqual(after(30_005));
    expect(ends(null, NOW)).toEqual(after(30_000));
    expect(ends(null, null)).toBeNull();
  });

  it('gives five days to answer and ten more to decide', () => {
    const day = 86_400_000;
    expect(disputeDeadlines(PROFILES.retail)).toEqual({ answerMs: 5 * day, decisionMs: 15 * day });
  });
});

describe('the sides of a dispute', () => {
  it.each<[DisputeSide, DisputeReason, string]>([
    ['buyer', 'defective', 'seller'],
    ['seller', 'non_payment', 'buyer'],
    ['aura', 'not_delivered', 'seller'],
    ['aura', 'reversal', 'buyer'],
  ])('filed by the %s because of %s, it is for the %s to answer', (side, reason, respondent) => {
    expect(respondentOf({ side, reason })).toBe(respondent);
  });

  it('asks of itself for money back, except where a rail has taken it', () => {
    expect(remedyByDefault('not_delivered')).toBe('refund');
    expect(remedyByDefault('reversal')).toBe('uphold');
  });

  it.each<[DisputeSide, DisputeReason, (typeof REMEDIES)[number], string | undefined]>([
    ['buyer', 'defective', 'refund', 'seller'],
    ['buyer', 'defective', 'partial_refund', 'seller'],
    ['buyer', 'defective', 'uphold', 'buyer'],
    ['seller', 'other', 'uphold', 'buyer'],
    ['seller', 'other', 'refund', 'seller'],
    ['aura', 'not_delivered', 'refund', 'seller'],
    ['aura', 'not_delivered', 'uphold', undefined],
    ['aura', 'reversal', 'uphold', 'buyer'],
  ])(
    'filed by the %s because of %s and ended in %s, it was lost by the %s',
    (side, reason, remedy, loser) => {
      expect(lostBy({ side, reason, remedy })).toBe(loser);
    },
  );
});

describe('a remedy', () => {
  const anAmount = fc.bigInt({ min: 0n, max: 10n ** 12n });
  it('never gives back more than is left, nor less than nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...REMEDIES), fc.option(anAmount), anAmount, (remedy, amount, left) => {
        const given = refundOf({ remedy, amountMinor: amount ?? undefined }, left);
        expect(given).toBeGreaterThanOrEqual(0n);
        expect(given).toBeLessThanOrEqual(left);
      }),
    );
    expect(refundOf({ remedy: 'refund' }, 7n)).toBe(7n);
    expect(refundOf({ remedy: 'partial_refund', amountMinor: 3n }, 7n)).toBe(3n);
    expect(refundOf({ remedy: 'partial_refund', amountMinor: 9n }, 7n)).toBe(7n);
    expect(refundOf({ remedy: 'uphold', amountMinor: 3n }, 7n)).toBe(0n);
  });

  it('waits while the payment is under way, and unwinds what was never sent', () => {
    const steps = Object.fromEntries(CLEARING.map((clearing) => [String(clearing), remedyStep(clearing)]));
    expect(steps).toEqual({
      null: 'wait',
      risk_assessed: 'unwind',
      authorized: 'unwind',
      settling: 'wait',
      settled: 'refund',
      cleared: 'refund',
      declined: 'nothing_to_refund',
      exception: 'wait',
      reversed: 'nothing_to_refund',
      refunded: 'nothing_to_refund',
    });
  });

  it('closes by a transition that the lifecycle has', () => {
    for (const clearing of CLEARING) {
      for (const fulfilled of [true, false]) {
        const closing = closingOf(clearing, fulfilled);
        if (closing) expect(findMove(closing, { market: 'resolved', clearing })).toBeDefined();
      }
    }
    expect(closingOf('refunded', false)).toBe('T16');
    expect(closingOf('refunded', true)).toBe('T17');
    expect(closingOf('cleared', false)).toBe('T17');
    expect(closingOf('declined', false)).toBe('T16');
    expect(closingOf('settled', true)).toBeUndefined();
  });
});

describe('a panel', () => {
  const refund: Decision = { remedy: 'refund' };
  const partial = (amountMinor: bigint): Decision => ({ remedy: 'partial_refund', amountMinor });
  const uphold: Decision = { remedy: 'uphold' };

  it.each<[Decision[], number, Decision | undefined]>([
    [[], 2, undefined],
    [[refund], 2, undefined],
    [[refund, refund], 2, refund],
    [[refund, uphold, partial(5n)], 2, undefined],
    [[uphold, refund, uphold], 2, uphold],
    [[partial(9n), partial(1n), partial(5n)], 2, partial(5n)],
    [[partial(9n), partial(1n)], 2, partial(1n)],
  ])('of votes %j with a quorum of %d decides %j', (votes, quorum, decision) => {
    expect(tally(votes, quorum)).toEqual(decision);
  });

  it('decides the same in whatever order its votes came', () => {
    const aVote = fc.oneof(
      fc.constant(refund),
      fc.constant(uphold),
      fc.bigInt({ min: 1n, max: 99n }).map(partial),
    );
    fc.assert(
      fc.property(fc.array(aVote, { minLength: 1, maxLength: 9 }), (votes) => {
        const quorum = Math.floor(votes.length / 2) + 1;
        expect(tally([...votes].reverse(), quorum)).toEqual(tally(votes, quorum));
      }),
    );
  });

  it.each([
    [['a', 'b', 'c'], 2, undefined],
    [['a'], 1, undefined],
    [['a', 'a'], 2, 'a member is named twice'],
    [['a', 'b'], 3, 'the quorum is larger than the panel'],
    [['a', 'b'], 1, 'the quorum is not more than half of the panel'],
  ])('of %j with a quorum of %d: %s', (members, quorum, problem) => {
    expect(panelProblem(members, quorum)).toBe(problem);
  });
});
