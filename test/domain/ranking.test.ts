import fc from 'fast-check';
import { probabilityOfDefault } from '../../domain/clearing/risk';
import type { Constraints } from '../../domain/constraints';
import { explainOffer } from '../../domain/market/explanation';
import { rankOffers, riskFactor, scoreOffer, structuredMatch } from '../../domain/market/ranking';
import { TRUST_LEVELS } from '../../domain/trust';
import { anOfferDocument, type OfferWish } from '../support/offer-documents';

const NOW = new Date('2026-04-01T12:00:00Z');
const match = (wish: OfferWish, constraints: Constraints) =>
  structuredMatch(anOfferDocument(wish), constraints, NOW);
const scored = (baseReputation: number, structured: number, semantic: number, risk = 1) =>
  scoreOffer({ baseReputation, structuredMatch: structured, semanticSimilarity: semantic, riskFactor: risk });

describe('the score of an offer', () => {
  it('is 89.6 and 86.8 in the protocol’s worked example', () => {
    const sony = scored(87, 95, 92);
    const bose = scored(92, 80, 78);
    expect(sony.compatibility).toBeCloseTo(93.5, 10);
    expect(sony.cwr).toBeCloseTo(89.6, 10);
    expect(sony.score).toBe(sony.cwr);
    expect(bose.compatibility).toBeCloseTo(79, 10);
    expect(bose.cwr).toBeCloseTo(86.8, 10);
  });

  it('lies within 0 and 100, grows with each part, and risk only lowers it', () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        percent,
        percent,
        percent,
        share,
        percent,
        (reputation, structured, semantic, risk, more) => {
          const base = scored(reputation, structured, semantic, risk);
          expect(base.cwr).toBeGreaterThanOrEqual(0);
          expect(base.cwr).toBeLessThanOrEqual(100 + 1e-9);
          expect(base.score).toBeLessThanOrEqual(base.cwr);
          const top = (value: number) => Math.max(value, more);
          expect(scored(top(reputation), structured, semantic, risk).score).toBeGreaterThanOrEqual(
            base.score,
          );
          expect(scored(reputation, top(structured), semantic, risk).score).toBeGreaterThanOrEqual(
            base.score,
          );
          expect(scored(reputation, structured, top(semantic), risk).score).toBeGreaterThanOrEqual(
            base.score,
          );
        },
      ),
    );
  });

  it('has a risk factor in [0.5, 1] that falls with the seller’s risk', () => {
    expect(riskFactor(0)).toBe(1);
    expect(riskFactor(0.1)).toBeCloseTo(0.85, 12);
    expect(riskFactor(1 / 3)).toBeCloseTo(0.5, 12);
    expect(riskFactor(0.5)).toBe(0.5);
    for (const trust of TRUST_LEVELS) {
      const factor = riskFactor(probabilityOfDefault({ trust, reputation: 50 }));
      expect(factor).toBeGreaterThan(0.5);
      expect(factor).toBeLessThan(1);
    }
  });
});

describe('the structured match', () => {
  const all: Constraints = {
    hard: { currency: 'USD', features_required: ['anc', 'bluetooth'], deliver_by: '2026-04-06' },
    soft: {
      price_range: { min: '200.00', max: '400.00' },
      features_preferred: ['foldable'],
      brands: { preferred: ['Sony'], acceptable: ['Bose'] },
    },
  };
  const perfect: OfferWish = {
    price: '349.99',
    attributes: { brand: 'Sony', features: ['ANC', 'Bluetooth', 'Foldable'] },
    availability: { delivery_estimate_days: { min: 2, max: 5 } },
  };

  it('is 100 where everything is met, with the design’s weights', () => {
    const { score, parts } = match(perfect, all);
    expect(score).toBe(100);
    expect(Object.fromEntries(parts.map(({ preference, weight }) => [preference, weight]))).toEqual({
      price: 30,
      required_features: 30,
      preferred_features: 15,
      brand: 15,
      delivery: 10,
    });
  });

  it.each<[string, OfferWish, number]>([
    ['the price', { ...perfect, price: '400.01' }, 70],
    ['the price from below', { ...perfect, price: '199.99' }, 70],
    [
      'one of two required features',
      { ...perfect, attributes: { brand: 'Sony', features: ['anc', 'foldable'] } },
      85,
    ],
    [
      'the preferred feature',
      { ...perfect, attributes: { brand: 'Sony', features: ['anc', 'bluetooth'] } },
      85,
    ],
    [
      'the preferred brand, but an acceptable one',
      { ...perfect, attributes: { ...perfect.attributes, brand: 'bose' } },
      94,
    ],
    ['any brand asked for', { ...perfect, attributes: { ...perfect.attributes, brand: 'JBL' } }, 85],
    ['a brand', { ...perfect, attributes: { features: ['anc', 'bluetooth', 'foldable'] } }, 85],
    ['the delivery date', { ...perfect, availability: { delivery_estimate_days: { min: 2, max: 6 } } }, 90],
    ['a delivery estimate', { ...perfect, availability: {} }, 90],
  ])('falls where the offer misses %s', (_, wish, expected) => {
    expect(match(wish, all).score).toBeCloseTo(expected, 10);
  });

  it('drops preferences that were not stated and rescales the rest', () => {
    const soft = { price_range: { max: '400.00' }, brands: { preferred: ['Bose'] } };
    expect(match(perfect, { soft }).score).toBeCloseTo((100 * 30) / 45, 10);
    expect(match(perfect, { soft: { brands: { preferred: [], acceptable: [] } } }).score).toBe(100);
    expect(match(perfect, {})).toEqual({ score: 100, parts: [] });
  });

  it('includes the edges of the ideal range, and either edge may be open', () => {
    const inRange = (price: string, price_range: { min?: string; max?: string }) =>
      match({ price }, { soft: { price_range } }).score;
    expect(inRange('400.00', { min: '200.00', max: '400.00' })).toBe(100);
    expect(inRange('200.00', { min: '200.00', max: '400.00' })).toBe(100);
    expect(inRange('0.01', { max: '400.00' })).toBe(100);
    expect(inRange('9999.00', { min: '200.00' })).toBe(100);
  });

  it('does not compare prices of different currencies, and survives a range finer than the currency', () => {
    const soft = { price_range: { max: '100.50' } };
    expect(match({ price: '90', currency: 'JPY' }, { hard: { currency: 'USD' }, soft }).parts).toEqual([]);
    expect(match({ price: '100', currency: 'JPY' }, { soft }).score).toBe(100);
    expect(match({ price: '101', currency: 'JPY' }, { soft }).score).toBe(0);
  });
});

describe('the ranking', () => {
  const rankable = fc.record({
    offerId: fc.uuid(),
    score: fc.integer({ min: 0, max: 4 }),
    createdAtMs: fc.integer({ min: 0, max: 3 }),
  });
  const offers = fc.uniqueArray(rankable, { selector: ({ offerId }) => offerId, maxLength: 20 });

  it('is the same in whatever order the offers came', () => {
    fc.assert(
      fc.property(
        offers.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
          ),
        ),
        ([list, shuffled]) => {
          expect(rankOffers(shuffled)).toEqual(rankOffers(list));
        },
      ),
    );
  });

  it('goes by score, then age, then id', () => {
    fc.assert(
      fc.property(offers, (list) => {
        const ranked = rankOffers(list);
        expect(new Set(ranked)).toEqual(new Set(list));
        ranked.slice(1).forEach((lower, at) => {
          const higher = ranked[at];
          if (!higher) throw new Error('a gap in the ranking');
          if (higher.score !== lower.score) return expect(higher.score).toBeGreaterThan(lower.score);
          if (higher.createdAtMs !== lower.createdAtMs)
            return expect(higher.createdAtMs).toBeLessThan(lower.createdAtMs);
          return expect(higher.offerId < lower.offerId).toBe(true);
        });
      }),
    );
  });

  it('leaves what it was given alone', () => {
    const given = [
      { offerId: 'b', score: 1, createdAtMs: 0 },
      { offerId: 'a', score: 2, createdAtMs: 0 },
    ];
    rankOffers(given);
    expect(given.map(({ offerId }) => offerId)).toEqual(['b', 'a']);
  });
});

describe('the explanation of an offer', () => {
  it('names what is met, partly met and missed', () => {
    const constraints: Constraints = {
      soft: {
        price_range: { max: '400.00' },
        features_preferred: ['anc', 'foldable'],
        brands: { preferred: ['Bose'] },
      },
    };
    const offer = anOfferDocument({ attributes: { brand: 'Sony', features: ['anc'] } });
    const found = structuredMatch(offer, constraints, NOW);
    const explain = (semanticSimilarity: number) =>
      explainOffer(found, {
        baseReputation: 86.6,
        structuredMatch: found.score,
        semanticSimilarity,
        riskFactor: 1,
      });
    expect(explain(60)).toBe(
      "Meets price; partly preferred features; misses brand; fits the request's context; seller reputation 87",
    );
    expect(explain(59)).toContain('only loosely fits');
    expect(found.parts.map(({ reason }) => reason)).toEqual([
      '349.99 is in the ideal range',
      '1 of 2: anc',
      'its brand was not asked for',
    ]);
  });
});
