import fc from 'fast-check';
import { chooseRails, costMinor, type RailNeed, type RailOption } from '../../domain/clearing/rail-choice';
import { RAIL_TERMS, type RailTerms } from '../../domain/rail-terms';
import { RAILS, type Finality, type RailName } from '../../domain/settlement';

const option = (wish: Partial<RailOption> = {}, terms: Partial<RailTerms> = {}): RailOption => ({
  rail: 'rtp',
  terms: { ...RAIL_TERMS[wish.rail ?? 'rtp'], ...terms },
  operated: true,
  healthy: true,
  sellerAccepts: true,
  mandateLeftMinor: 500_000n,
  mandateIsExact: false,
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
  it('are those that fit, the payer’s choice first, then the cheapest', () => {
    const all = RAILS.map((rail) => option({ rail }));
    expect(chosen(all)).toEqual(['x402', 'stablecoin', 'ach', 'rtp', 'fednow', 'card']);
    expect(chosen(all, { preferred: 'card' })).toEqual([
      'card',
      'x402',
      'stablecoin',
      'ach',
      'rtp',
      'fednow',
    ]);
    expect(chosen([])).toEqual([]);
  });

  it('go by name where they cost the same', () => {
    const cost = { fixedMinor: 7n, bps: 0 };
    expect(chosen([option({}, { cost }), option({ rail: 'fednow' }, { cost })])).toEqual(['fednow', 'rtp']);
  });

  it('cost their fixed price and their share, rounded up', () => {
    expect(costMinor(RAIL_TERMS.card, 10_000n)).toBe(320n);
    expect(costMinor(RAIL_TERMS.card, 10_001n)).toBe(321n);
    expect(costMinor(RAIL_TERMS.rtp, 10_000n)).toBe(45n);
  });

  it.each<[string, RailOption, Partial<RailNeed>, RegExp]>([
    ['of another asset', option({}, { settles: { EUR: 'EUR' } }), {}, /does not carry USD/],
    ['below the amount', option({}, { maxAmountMinor: { USD: 9_999n } }), {}, /above its limit/],
    [
      'that settle too weakly',
      option({}, { finality: 'provisional' }),
      { finality: 'confirmed' },
      /profile asks for confirmed/,
    ],
    ['that do not run here', option({ operated: false }), {}, /does not run here/],
    ['out of service', option({ healthy: false }), {}, /out of service/],
    ['the seller cannot be paid over', option({ sellerAccepts: false }), {}, /seller cannot be paid/],
    ['without a mandate', option({ mandateLeftMinor: null, mandateRef: null }), {}, /no accepted mandate/],
    ['whose mandate is used up', option({ mandateLeftMinor: 9_999n }), {}, /mandate does not cover/],
    ['signed for another amount', option({ mandateIsExact: true }), {}, /signed another amount/],
  ])('are never ones %s', (_, unfit, asked, reason) => {
    const { rails, refused } = chooseRails([unfit, option({ rail: 'fednow' })], need(asked));
    expect(rails.map(({ rail }) => rail)).toEqual(['fednow']);
    expect(refused).toEqual([{ rail: 'rtp', reason: expect.stringMatching(reason) as string }]);
  });

  it('are none where the named method does not run here, and others where it is out of service', () => {
    const sides = { named: 'card' } as const;
    const card = option({ rail: 'card', operated: false });
    const { rails, refused } = chooseRails([card, option()], need({ sides }));
    expect(rails).toEqual([]);
    expect(refused).toEqual([
      { rail: 'card', reason: 'it does not run here' },
      { rail: 'rtp', reason: 'the payer asks for card' },
    ]);
    expect(chosen([option({ rail: 'card', healthy: false }), option()], { sides })).toEqual(['rtp']);
    // One network of several is enough for a bank transfer.
    const ach = option({ rail: 'ach', operated: false });
    expect(chosen([ach, option()], { sides: { named: 'bank_transfer' } })).toEqual(['rtp']);
  });

  it('fit to the cent, in the rail’s own asset too', () => {
    const limit = { maxAmountMinor: { USD: 10_000n } };
    expect(chosen([option({ mandateLeftMinor: 10_000n }, limit)])).toEqual(['rtp']);
    const usdc = RAIL_TERMS.stablecoin.settles.USD ?? '';
    const token = (minor: bigint) => option({ rail: 'stablecoin' }, { maxAmountMinor: { [usdc]: minor } });
    expect(chosen([token(100_000_000n)])).toEqual(['stablecoin']);
    expect(chosen([token(99_999_999n)])).toEqual([]);
  });

  it('and the refused ones are all there are, and a preference never lets one in', () => {
    const anOption = fc
      .record({
        rail: fc.constantFrom<RailName>(...RAILS),
        operated: fc.boolean(),
        healthy: fc.boolean(),
        sellerAccepts: fc.boolean(),
        mandateIsExact: fc.boolean(),
        mandateLeftMinor: fc.constantFrom(null, 9_999n, 10_000n),
        finality: fc.constantFrom<Finality>('provisional', 'confirmed', 'irrevocable'),
      })
      .map(({ finality, ...wish }) => option(wish, { finality }));
    fc.assert(
      fc.property(
        fc.array(anOption, { maxLength: 6 }),
        fc.constantFrom<RailName>(...RAILS),
        fc.constantFrom<Finality>('provisional', 'confirmed', 'irrevocable'),
        (options, preferred, finality) => {
          const plain = chooseRails(options, need({ finality }));
          const biased = chooseRails(options, need({ finality, preferred }));
          expect(plain.rails.length + plain.refused.length).toBe(options.length);
          expect(new Set(biased.rails)).toEqual(new Set(plain.rails));
          expect(
            plain.rails.every((rail) => rail.operated && rail.healthy && rail.mandateLeftMinor === 10_000n),
          ).toBe(true);
        },
      ),
    );
  });
});
