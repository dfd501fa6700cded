import fc from 'fast-check';
import { decayedMargin, fundMargin, initialMargins } from '../../domain/clearing/margin';
import type { RiskAssessment } from '../../domain/clearing/risk';
import { PROFILE_IDS, PROFILES, type ProfileId } from '../../domain/profiles';

const risk = (wish: Partial<RiskAssessment> = {}): RiskAssessment => ({
  pdBuyer: 0.04,
  pdSeller: 0.015,
  reversalRate: 0,
  deliveryRate: 0.0075,
  pair: 1,
  ...wish,
});
const margins = (profile: ProfileId, exposureMinor: bigint, wish: Partial<RiskAssessment> = {}) =>
  initialMargins(PROFILES[profile], exposureMinor, risk(wish));

const anExposure = fc.bigInt({ min: 1n, max: 10n ** 15n });
const aRate = fc.double({ min: 0, max: 0.5, noNaN: true });
const aPair = fc.constantFrom(0.8, 1, 1.25);

describe('initial margin', () => {
  it.each<[ProfileId, bigint, Partial<RiskAssessment>, bigint, bigint]>([
    // 3 · 0.0075 = 2.25 %, above retail's floor of 2 %.
    ['retail', 10_000n, {}, 0n, 225n],
    ['retail', 10_000n, { pair: 0.8 }, 0n, 200n],
    ['retail', 10_000n, { pair: 1.25 }, 0n, 282n],
    // The seller bears the reversal in retail, the buyer in b2b_trade.
    ['retail', 10_000n, { reversalRate: 0.016 }, 0n, 705n],
    ['b2b_trade', 10_000n, { reversalRate: 0.024, deliveryRate: 0.03 }, 720n, 900n],
    ['b2b_trade', 10_000n, { reversalRate: 0.001 }, 500n, 500n],
    ['digital_goods', 10_000n, { deliveryRate: 0.001 }, 0n, 100n],
    ['services', 10_000n, { deliveryRate: 0.001 }, 100n, 300n],
    // Rounded up to the whole cent.
    ['retail', 1n, {}, 0n, 1n],
    ['retail', 34_999n, {}, 0n, 788n],
    // Never above the exposure.
    ['retail', 10_000n, { deliveryRate: 0.25, reversalRate: 0.3 }, 0n, 10_000n],
  ])('in %s on %d with %j is buyer %d, seller %d', (profile, exposure, wish, buyerMinor, sellerMinor) => {
    expect(margins(profile, exposure, wish)).toEqual({ buyerMinor, sellerMinor });
  });

  it('is never above the exposure nor below the floor, and grows with risk', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROFILE_IDS),
        anExposure,
        aRate,
        aRate,
        aRate,
        aPair,
        (profile, exposure, reversalRate, deliveryRate, more, pair) => {
          const required = margins(profile, exposure, { reversalRate, deliveryRate, pair });
          const riskier = margins(profile, exposure, {
            reversalRate: reversalRate + more,
            deliveryRate: deliveryRate + more,
            pair,
          });
          for (const side of ['buyer', 'seller'] as const) {
            const minor = required[`${side}Minor`];
            expect(minor <= exposure).toBe(true);
            const floorTimesBps = exposure * BigInt(PROFILES[profile].marginFloorBps[side]);
            expect(minor === exposure || minor * 10_000n >= floorTimesBps).toBe(true);
            expect(riskier[`${side}Minor`] >= minor).toBe(true);
          }
        },
      ),
    );
  });

  it('rounds up: it is never less than the formula and less than a cent more', () => {
    const tenThousandths = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(anExposure, tenThousandths, aPair, (exposure, rate, pair) => {
        const { sellerMinor } = margins('retail', exposure, { deliveryRate: rate / 10_000, pair });
        // The same in whole numbers: 3 · pair · rate, in millionths.
        const byRisk = exposure * 3n * BigInt(pair * 100) * BigInt(rate);
        const floor = exposure * 200n * 100n;
        const wanted = byRisk > floor ? byRisk : floor;
        expect(sellerMinor * 1_000_000n >= wanted).toBe(true);
        expect((sellerMinor - 1n) * 1_000_000n < wanted).toBe(true);
      }),
    );
  });
});

describe('margin after delivery', () => {
  const terms = {
    initialMinor: 1_000n,
    exposureMinor: 10_000n,
    floorBps: 200,
    halfLifeDays: 15,
    windowDays: 60,
  };
  const held = (elapsedDays: number) => decayedMargin({ ...terms, elapsedDays });

  it.each([
    [0, 1_000n],
    [15, 500n],
    [30, 250n],
    [1, 955n],
    // 1000 · 2^(−45/15) = 125, below the floor of 200.
    [45, 200n],
    [59, 200n],
    [60, 0n],
    [400, 0n],
  ])('after %d days is %d', (days, expected) => {
    expect(held(days)).toBe(expected);
  });

  const someTerms = fc.record({
    initialMinor: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    exposureMinor: anExposure,
    floorBps: fc.integer({ min: 0, max: 500 }),
    halfLifeDays: fc.integer({ min: 1, max: 60 }),
    windowDays: fc.integer({ min: 0, max: 120 }),
  });

  it('only ever falls, keeps the floor to the window’s end, and is zero then', () => {
    fc.assert(
      fc.property(someTerms, (some) => {
        const floor = (some.exposureMinor * BigInt(some.floorBps) + 9_999n) / 10_000n;
        const least = floor < some.initialMinor ? floor : some.initialMinor;
        let before = some.initialMinor;
        for (let elapsedDays = 0; elapsedDays <= some.windowDays; elapsedDays++) {
          const now = decayedMargin({ ...some, elapsedDays });
          expect(now <= before).toBe(true);
          if (elapsedDays < some.windowDays) expect(now >= least).toBe(true);
          else expect(now).toBe(0n);
          before = now;
        }
      }),
    );
  });
});

describe('funding of margin', () => {
  const anAmount = fc.bigInt({ min: 0n, max: 10n ** 12n });

  it.each([
    [
      'all from collateral',
      { requiredMinor: 5n, freeCollateralMinor: 9n, reserveAllowed: true },
      [5n, 0n, 0n],
    ],
    [
      'the rest from the sale',
      { requiredMinor: 5n, freeCollateralMinor: 2n, reserveAllowed: true },
      [2n, 3n, 0n],
    ],
    [
      'exactly from collateral',
      { requiredMinor: 5n, freeCollateralMinor: 5n, reserveAllowed: false },
      [5n, 0n, 0n],
    ],
    [
      'not at all, but a call',
      { requiredMinor: 5n, freeCollateralMinor: 2n, reserveAllowed: false },
      [0n, 0n, 3n],
    ],
    ['nothing', { requiredMinor: 0n, freeCollateralMinor: 0n, reserveAllowed: false }, [0n, 0n, 0n]],
  ] as const)('takes %s', (_, input, [fromCollateralMinor, fromSaleMinor, shortfallMinor]) => {
    expect(fundMargin(input)).toEqual({ fromCollateralMinor, fromSaleMinor, shortfallMinor });
  });

  it('takes what is required or calls for what is missing, and never more than there is', () => {
    fc.assert(
      fc.property(anAmount, anAmount, fc.boolean(), (requiredMinor, freeCollateralMinor, reserveAllowed) => {
        const funding = fundMargin({ requiredMinor, freeCollateralMinor, reserveAllowed });
        const { fromCollateralMinor, fromSaleMinor, shortfallMinor } = funding;
        for (const part of Object.values(funding)) expect(part >= 0n).toBe(true);
        expect(fromCollateralMinor <= freeCollateralMinor).toBe(true);
        if (!reserveAllowed) expect(fromSaleMinor).toBe(0n);
        if (shortfallMinor === 0n) return expect(fromCollateralMinor + fromSaleMinor).toBe(requiredMinor);
        // A call takes nothing yet, and asks for exactly what is missing.
        expect(fromCollateralMinor).toBe(0n);
        return expect(freeCollateralMinor + shortfallMinor).toBe(requiredMinor);
      }),
    );
  });
});
