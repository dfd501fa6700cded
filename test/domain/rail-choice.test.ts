import fc from 'fast-check';
import { chooseRails, type RailNeed, type RailOption } from '../../domain/clearing/rail-choice';
import type { Finality, RailName } from '../../domain/settlement';

const option = (wish: Partial<RailOption> = {}): RailOption => ({
  rail: 'rtp',
  asset: 'USD',
  maxAmountMinor: 1_000_000n,
  finality: 'irrevocable',
  sellerAccepts: true,
  mandateLeftMinor: 500_000n,
  mandateRef: 'mnd_1',
  ...wish,
});
const need = (wish: Partial<RailNeed> = {}): RailNeed => ({
  asset: 'USD',
  totalMinor: 10_000n,
  finality: 'provisional',
  ...wish,
});
const chosen = (options: RailOption[], wish: Partial<RailNeed> = {}) =>
  chooseRails(options, need(wish)).rails.map(({ rail }) => rail);

describe('the rails of a deal', () => {
  it('are those that fit, the payer’s choice first, then by name', () => {
    const both = [option(), option({ rail: 'fednow' })];
    expect(chosen(both)).toEqual(['fednow', 'rtp']);
    expect(chosen(both, { preferred: 'rtp' })).toEqual(['rtp', 'fednow']);
    expect(chosen(both, { preferred: 'fednow' })).toEqual(['fednow', 'rtp']);
    expect(chosen([])).toEqual([]);
  });

  it.each<[string, Partial<RailOption>, Partial<RailNeed>, RegExp]>([
    ['of another asset', { asset: 'EUR' }, {}, /does not carry USD/],
    ['below the amount', { maxAmountMinor: 9_999n }, {}, /above its limit/],
    [
      'that settle too weakly',
      { finality: 'provisional' },
      { finality: 'confirmed' },
      /profile asks for confirmed/,
    ],
    ['the seller has no account at', { sellerAccepts: false }, {}, /seller has no account/],
    [
      'without a mandate',
      { mandateLeftMinor: null, mandateRef: null },
      {},
      /no accepted request for payment/,
    ],
    ['whose mandate is used up', { mandateLeftMinor: 9_999n }, {}, /mandate does not cover/],
  ])('are never ones %s', (_, wish, asked, reason) => {
    const { rails, refused } = chooseRails([option(wish), option({ rail: 'fednow' })], need(asked));
    expect(rails.map(({ rail }) => rail)).toEqual(['fednow']);
    expect(refused).toEqual([{ rail: 'rtp', reason: expect.stringMatching(reason) as string }]);
  });

  it('fit to the cent', () => {
    expect(chosen([option({ maxAmountMinor: 10_000n, mandateLeftMinor: 10_000n })])).toEqual(['rtp']);
  });

  it('and the refused ones are all there are, and a preference never lets one in', () => {
    const anOption = fc.record({
      rail: fc.constantFrom<RailName>('rtp', 'fednow'),
      asset: fc.constantFrom('USD', 'EUR'),
      maxAmountMinor: fc.constantFrom(9_999n, 10_000n),
      finality: fc.constantFrom<Finality>('provisional', 'confirmed', 'irrevocable'),
      sellerAccepts: fc.boolean(),
      mandateLeftMinor: fc.constantFrom(null, 9_999n, 10_000n),
      mandateRef: fc.constant('mnd_1'),
    });
    fc.assert(
      fc.property(
        fc.array(anOption, { maxLength: 6 }),
        fc.constantFrom<RailName>('rtp', 'fednow'),
        (options, preferred) => {
          const plain = chooseRails(options, need());
          const biased = chooseRails(options, need({ preferred }));
          expect(plain.rails.length + plain.refused.length).toBe(options.length);
          expect(new Set(biased.rails)).toEqual(new Set(plain.rails));
          expect(plain.rails.every((rail) => rail.asset === 'USD' && rail.mandateLeftMinor === 10_000n)).toBe(
            true,
          );
        },
      ),
    );
  });
});
