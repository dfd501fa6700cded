import fc from 'fast-check';
import { offerSigningBytes, quote } from '../../domain/market/offer';
import { bpsOf, formatMoney, money } from '../../domain/money';
import { anOfferDocument, type OfferWish } from '../support/offer-documents';

function priced(wish: OfferWish, quantity = 1, shipping?: string) {
  const quoted = quote(anOfferDocument(wish), quantity, shipping);
  if ('problem' in quoted) throw new Error(quoted.problem.reason);
  return quoted.amounts;
}
function problem(wish: OfferWish, quantity: number, shipping?: string) {
  const quoted = quote(anOfferDocument(wish), quantity, shipping);
  return 'problem' in quoted ? quoted.problem.field : 'none';
}
const SHIPPING = [
  { method: 'express', price: '12.99' },
  { method: 'standard', price: '4.99' },
  { method: 'pickup', price: '4.99' },
];

describe('the quote of an offer', () => {
  it('is subtotal, shipping and tax', () => {
    const wish = { price: '349.99', taxRateBps: 725, availability: { shipping_options: SHIPPING } };
    expect(priced(wish, 2, 'express')).toEqual({
      asset: 'USD',
      subtotalMinor: 69_998n,
      shippingMinor: 1_299n,
      taxMinor: 5_169n,
      totalMinor: 76_466n,
      shippingMethod: 'express',
    });
  });

  it('takes the cheapest shipping where none is chosen, the first of equals', () => {
    const wish = { price: '10.00', availability: { shipping_options: SHIPPING } };
    expect(priced(wish)).toMatchObject({
      shippingMethod: 'standard',
      shippingMinor: 499n,
      totalMinor: 1_499n,
    });
    expect(priced({ price: '10.00' })).toMatchObject({ shippingMethod: null, shippingMinor: 0n });
    expect(priced({ price: '10.00', availability: { shipping_options: [] } }).totalMinor).toBe(1_000n);
  });

  it.each([
    ['10.00', 725, 72n],
    ['30.00', 125, 38n],
    ['10.00', 5, 0n],
    ['10.00', 15, 2n],
    ['10.00', 25, 2n],
    ['10.00', 0, 0n],
    ['0.01', 10_000, 1n],
  ])('of %s taxes %i bps half to even: %d', (price, taxRateBps, tax) => {
    expect(priced({ price, taxRateBps }).taxMinor).toBe(tax);
  });

  it('works in assets of other exponents', () => {
    expect(priced({ price: '1005', currency: 'JPY', taxRateBps: 1_000 }).totalMinor).toBe(1_105n);
    expect(priced({ price: '1.005', currency: 'BHD', taxRateBps: 1_000 }).totalMinor).toBe(1_105n);
  });

  it('adds up, whatever the parts', () => {
    const cents = fc.bigInt({ min: 1n, max: 10n ** 12n });
    fc.assert(
      fc.property(
        cents,
        fc.bigInt({ min: 0n, max: 10n ** 6n }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        (price, shipping, quantity, taxRateBps) => {
          const decimal = (minor: bigint) => formatMoney(money(minor, 'USD'));
          const amounts = priced(
            {
              price: decimal(price),
              taxRateBps,
              availability: { shipping_options: [{ method: 's', price: decimal(shipping) }] },
            },
            quantity,
          );
          expect(amounts.subtotalMinor).toBe(price * BigInt(quantity));
          expect(amounts.shippingMinor).toBe(shipping);
          expect(amounts.taxMinor).toBe(bpsOf(amounts.subtotalMinor + shipping, taxRateBps));
          expect(amounts.totalMinor).toBe(amounts.subtotalMinor + amounts.shippingMinor + amounts.taxMinor);
        },
      ),
    );
  });

  it.each<[string, OfferWish['availability'], number[], number[]]>([
    ['one piece at least', {}, [1, 1_000_000], [0, -1]],
    ['a minimum', { quantity_min: 5 }, [5, 6], [4, 1]],
    ['a maximum', { quantity_max: 3 }, [1, 3], [4]],
    ['a stock', { quantity_available: 3, quantity_max: 9 }, [3], [4, 9]],
    ['an empty stock', { quantity_available: 0 }, [], [1]],
  ])('keeps to %s', (_, availability, good, bad) => {
    for (const quantity of good) expect(problem({ availability }, quantity)).toBe('none');
    for (const quantity of bad) expect(problem({ availability }, quantity)).toBe('quantity');
  });

  it('knows only the shipping that is on offer', () => {
    const wish = { availability: { shipping_options: SHIPPING } };
    expect(problem(wish, 1, 'drone')).toBe('shipping_preference');
    expect(problem({}, 1, 'standard')).toBe('shipping_preference');
    expect(problem(wish, 1, 'pickup')).toBe('none');
  });
});

describe('what a beacon signs', () => {
  it('binds the offer to its session and to itself', () => {
    const offer = anOfferDocument();
    const bytes = offerSigningBytes({ sessionId: 'ses_1', beaconId: 'bcn_1', offer });
    expect(bytes).toContain('"type":"aura.offer.v2"');
    expect(offerSigningBytes({ sessionId: 'ses_2', beaconId: 'bcn_1', offer })).not.toBe(bytes);
    expect(offerSigningBytes({ sessionId: 'ses_1', beaconId: 'bcn_2', offer })).not.toBe(bytes);
    const dearer = { ...offer, pricing: { ...offer.pricing, offer_price: '350.00' } };
    expect(offerSigningBytes({ sessionId: 'ses_1', beaconId: 'bcn_1', offer: dearer })).not.toBe(bytes);
  });
});
