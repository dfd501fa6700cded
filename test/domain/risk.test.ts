import fc from 'fast-check';
import {
  assessRisk,
  pairFactor,
  probabilityOfDefault,
  reversalClass,
  worstReversal,
  type ReversalClass,
} from '../../domain/clearing/risk';
import { TRUST_LEVELS, type TrustLevel } from '../../domain/trust';

const pd = (trust: TrustLevel, reputation: number) => probabilityOfDefault({ trust, reputation });
const aReputation = fc.double({ min: 0, max: 100, noNaN: true });
const aTrust = fc.constantFrom(...TRUST_LEVELS);

describe('the probability of default', () => {
  it.each<[TrustLevel, number, number]>([
    ['L0', 50, 0.08],
    ['L1', 50, 0.04],
    ['L2', 50, 0.015],
    ['L3', 50, 0.005],
    ['L0', 75, 0.04],
    ['L0', 25, 0.16],
    ['L2', 100, 0.00375],
    ['L1', 0, 0.16],
    ['L3', 100, 0.00125],
  ])('of %s with reputation %d is %d', (trust, reputation, expected) => {
    expect(pd(trust, reputation)).toBeCloseTo(expected, 12);
  });

  it('stays within 0.0005 and 0.5', () => {
    expect(pd('L3', 1_000)).toBe(0.0005);
    expect(pd('L0', -1_000)).toBe(0.5);
    fc.assert(
      fc.property(aTrust, aReputation, (trust, reputation) => {
        expect(pd(trust, reputation)).toBeGreaterThanOrEqual(0.0005);
        expect(pd(trust, reputation)).toBeLessThanOrEqual(0.5);
      }),
    );
  });

  it('falls with reputation and with trust', () => {
    fc.assert(
      fc.property(aTrust, aReputation, aReputation, (trust, a, b) => {
        const [worse, better] = a < b ? [a, b] : [b, a];
        expect(pd(trust, better)).toBeLessThanOrEqual(pd(trust, worse));
        const levels = TRUST_LEVELS.map((level) => pd(level, a));
        expect(levels).toEqual([...levels].sort((x, y) => y - x));
      }),
    );
  });
});

describe('the pair factor', () => {
  it.each([
    [{ undisputedDeals: 0, openDisputes: 0 }, 1],
    [{ undisputedDeals: 9, openDisputes: 0 }, 1],
    [{ undisputedDeals: 10, openDisputes: 0 }, 0.8],
    [{ undisputedDeals: 0, openDisputes: 1 }, 1.25],
    [{ undisputedDeals: 50, openDisputes: 1 }, 1.25],
  ])('of %j is %d', (history, factor) => {
    expect(pairFactor(history)).toBe(factor);
  });
});

describe('reversal', () => {
  it('is classed by finality, and card apart from ACH', () => {
    expect(reversalClass('irrevocable', 'rtp')).toBe('irrevocable');
    expect(reversalClass('confirmed', 'stablecoin')).toBe('confirmed');
    expect(reversalClass('provisional', 'card')).toBe('card');
    expect(reversalClass('provisional', 'ach')).toBe('ach');
  });

  it('of a list of rails is the worst', () => {
    expect(worstReversal([])).toBe('irrevocable');
    expect(worstReversal(['confirmed', 'card', 'ach'])).toBe('card');
    expect(worstReversal(['irrevocable', 'confirmed'])).toBe('confirmed');
    const order: ReversalClass[] = ['irrevocable', 'confirmed', 'ach', 'card'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...order), { minLength: 1 }), (classes) => {
        const worst = Math.max(...classes.map((one) => order.indexOf(one)));
        expect(worstReversal(classes)).toBe(order[worst]);
      }),
    );
  });
});

describe('the assessment', () => {
  const party = (trust: TrustLevel) => ({ trust, reputation: 50 });
  it.each([
    ['irrevocable', 0],
    ['confirmed', 0.08 * 0.02],
    ['ach', 0.08 * 0.4],
    ['card', 0.08 * 0.6],
  ] as const)('on an %s rail has the buyer’s reversal and the seller’s delivery', (reversal, expected) => {
    const risk = assessRisk({
      buyer: party('L0'),
      seller: party('L2'),
      pair: { undisputedDeals: 10, openDisputes: 0 },
      reversal,
    });
    expect(risk).toMatchObject({ pdBuyer: 0.08, pdSeller: 0.015, pair: 0.8 });
    expect(risk.reversalRate).toBeCloseTo(expected, 12);
    expect(risk.deliveryRate).toBeCloseTo(0.0075, 12);
  });
});
