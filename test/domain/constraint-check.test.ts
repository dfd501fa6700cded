import type { HardConstraints } from '../../domain/constraints';
import { hardViolations, withinCategory } from '../../domain/market/constraint-check';
import { anOfferDocument, type OfferWish } from '../support/offer-documents';

const NOW = new Date('2026-04-01T12:00:00Z');
const broken = (wish: OfferWish, hard: HardConstraints) =>
  hardViolations(anOfferDocument(wish), hard, NOW).map(({ constraint }) => constraint);

const WANTED: HardConstraints = {
  category: 'electronics.headphones',
  price_max: '350.00',
  currency: 'USD',
  quantity: 2,
  ships_to: 'US',
  deliver_by: '2026-04-06',
  in_stock: true,
  condition: 'new',
  certifications_required: ['CE'],
  features_required: ['anc'],
  excluded_brands: ['JBL'],
};
const FITTING: OfferWish = {
  price: '350.00',
  attributes: { brand: 'Sony', features: ['ANC', 'bluetooth'], condition: 'new' },
  availability: {
    quantity_available: 2,
    ships_to: ['CA', 'US'],
    delivery_estimate_days: { min: 1, max: 5 },
  },
  certifications: ['ce'],
};

describe('hard constraints', () => {
  it('are met by an offer that fits', () => {
    expect(broken(FITTING, WANTED)).toEqual([]);
    expect(broken({}, {})).toEqual([]);
  });

  const { availability, attributes } = FITTING;
  it.each<[string, OfferWish]>([
    ['category', { ...FITTING, category: 'electronics.speakers' }],
    ['price_max', { ...FITTING, price: '350.01' }],
    ['in_stock', { ...FITTING, availability: { ...availability, in_stock: false } }],
    ['quantity', { ...FITTING, availability: { ...availability, quantity_available: 1 } }],
    ['ships_to', { ...FITTING, availability: { ...availability, ships_to: ['CA'] } }],
    ['condition', { ...FITTING, attributes: { ...attributes, condition: 'used' } }],
    [
      'deliver_by',
      { ...FITTING, availability: { ...availability, delivery_estimate_days: { min: 1, max: 6 } } },
    ],
    ['deliver_by', { ...FITTING, availability: { ...availability, delivery_estimate_days: undefined } }],
    ['features_required', { ...FITTING, attributes: { ...attributes, features: ['bluetooth'] } }],
    ['features_required', { ...FITTING, attributes: { ...attributes, features: undefined } }],
    ['certifications_required', { ...FITTING, certifications: ['FCC'] }],
    ['certifications_required', { ...FITTING, certifications: undefined }],
    ['excluded_brands', { ...FITTING, attributes: { ...attributes, brand: 'jbl' } }],
  ])('are broken at %s alone', (constraint, offer) => {
    expect(broken(offer, WANTED)).toEqual([constraint]);
  });

  it('are broken by another currency, whose price is then not compared', () => {
    expect(broken({ ...FITTING, currency: 'EUR', price: '900.00' }, WANTED)).toEqual(['currency']);
  });

  it('take the maximum in the offer’s currency where none is named, whatever its decimal places', () => {
    expect(broken({ currency: 'JPY', price: '100' }, { price_max: '99.99' })).toEqual(['price_max']);
    expect(broken({ currency: 'JPY', price: '99' }, { price_max: '99.99' })).toEqual([]);
    expect(broken({ currency: 'USD', price: '9.99' }, { price_max: '10' })).toEqual([]);
  });

  it('take a thing to be new, in unbounded stock and shipped anywhere where the offer is silent', () => {
    expect(broken({}, { condition: 'new', quantity: 1_000, ships_to: 'NZ' })).toEqual([]);
    expect(broken({}, { condition: 'used' })).toEqual(['condition']);
  });

  it('count a date to its end, and an instant to the second', () => {
    const inFive: OfferWish = { availability: { delivery_estimate_days: { min: 1, max: 5 } } };
    expect(broken(inFive, { deliver_by: '2026-04-06' })).toEqual([]);
    expect(broken(inFive, { deliver_by: '2026-04-05' })).toEqual(['deliver_by']);
    expect(broken(inFive, { deliver_by: '2026-04-06T12:00:00Z' })).toEqual([]);
    expect(broken(inFive, { deliver_by: '2026-04-06T11:59:59Z' })).toEqual(['deliver_by']);
    expect(broken(inFive, { deliver_by: '2026-04-06T12:00:00+02:00' })).toEqual(['deliver_by']);
  });

  it('are all told, not just the first', () => {
    expect(broken({ ...FITTING, price: '351.00', certifications: [] }, WANTED)).toEqual([
      'price_max',
      'certifications_required',
    ]);
  });

  it('know a category by its dots, not by its letters', () => {
    expect(withinCategory('a.b.c', 'a.b')).toBe(true);
    expect(withinCategory('a.b', 'a.b')).toBe(true);
    expect(withinCategory('a.bc', 'a.b')).toBe(false);
    expect(withinCategory('a', 'a.b')).toBe(false);
  });
});
