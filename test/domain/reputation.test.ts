import fc from 'fast-check';
import { baseReputation } from '../../domain/reputation';
import { TRUST_LEVELS } from '../../domain/trust';

const deals = (fulfilled: number, failed = 0, disputed = 0, lost = 0) => ({
  fulfilled,
  failed,
  disputed,
  lost,
});
const aCount = fc.nat({ max: 10_000 });
const aTrust = fc.constantFrom(...TRUST_LEVELS);
const aShare = fc.double({ min: 0, max: 1, noNaN: true });

describe('base reputation', () => {
  it.each([
    ['L0', 50],
    ['L1', 55],
    ['L2', 60],
    ['L3', 70],
  ] as const)('of a newcomer at %s is %d', (trust, expected) => {
    expect(baseReputation(trust, deals(0))).toBe(expected);
  });

  it.each([
    [deals(10), 80],
    [deals(90), 96],
    [deals(0, 10), 30],
    [deals(10, 0, 10), 30],
    [deals(5, 5), 55],
    [deals(9, 0, 0, 1), 75],
    [deals(0, 0, 0, 10), 30],
  ])('of L2 after %j is %d', (record, expected) => {
    expect(baseReputation('L2', record)).toBe(expected);
  });

  it('counts an attested record like at most a hundred deals', () => {
    const attested = { transactions: 100, fulfilledShare: 0.99, disputeShare: 0.01 };
    const expected = (100 * (6 + 98)) / 110;
    expect(baseReputation('L2', deals(0), attested)).toBeCloseTo(expected, 2);
    expect(baseReputation('L2', deals(0), { ...attested, transactions: 1_000_000 })).toBeCloseTo(expected, 2);
    expect(baseReputation('L2', deals(0), { ...attested, transactions: 0 })).toBe(60);
  });

  it('lies within 0 and 100, grows with deliveries and falls with failures and disputes', () => {
    fc.assert(
      fc.property(
        aTrust,
        aCount,
        aCount,
        aCount,
        fc.integer({ min: 1, max: 100 }),
        (trust, good, bad, disputed, more) => {
          const base = baseReputation(trust, deals(good, bad, disputed));
          expect(base).toBeGreaterThanOrEqual(0);
          expect(base).toBeLessThanOrEqual(100);
          expect(baseReputation(trust, deals(good, bad + more, disputed))).toBeLessThanOrEqual(base);
          expect(baseReputation(trust, deals(good, bad, disputed + more))).toBeLessThanOrEqual(base);
          expect(baseReputation(trust, deals(good, bad, disputed, more))).toBeLessThanOrEqual(base);
          if (disputed === 0)
            expect(baseReputation(trust, deals(good + more, bad))).toBeGreaterThanOrEqual(base);
        },
      ),
    );
  });

  it('cannot be lifted above 100 nor sunk below 0 by what others attest', () => {
    fc.assert(
      fc.property(
        aTrust,
        aCount,
        aCount,
        aShare,
        aShare,
        (trust, good, transactions, fulfilledShare, disputeShare) => {
          const value = baseReputation(trust, deals(good), { transactions, fulfilledShare, disputeShare });
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
});
