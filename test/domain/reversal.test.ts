import fc from 'fast-check';
import { giveBack } from '../../domain/clearing/reversal';
import { sumOf, type Sources, type Waterfall } from '../../domain/ledger/postings';

const minor = fc.bigInt({ min: 0n, max: 1_000_000n });
const sources: fc.Arbitrary<Sources> = fc.record({
  entitlementMinor: minor,
  feesDeferredMinor: minor,
  collateralMinor: minor,
  recoverableMinor: minor,
});
const covered: fc.Arbitrary<Waterfall> = fc.record({
  marginMinor: minor,
  collateralMinor: minor,
  defaultFundMinor: minor,
  capitalMinor: minor,
});
const sumOfWaterfall = (taken: Waterfall) =>
  taken.marginMinor + taken.collateralMinor + taken.defaultFundMinor + taken.capitalMinor;

describe('giving back what a reversal took', () => {
  it('gives exactly what came, whatever was taken', () => {
    fc.assert(
      fc.property(minor, sources, covered, (amountMinor, from, by) => {
        const given = giveBack(amountMinor, { sources: from, covered: by });
        expect(sumOf(given.sources) + sumOfWaterfall(given.covered)).toBe(amountMinor);
      }),
    );
  });

  it('gives AURA and its fund no more than they lost', () => {
    fc.assert(
      fc.property(minor, sources, covered, (amountMinor, from, by) => {
        const given = giveBack(amountMinor, { sources: from, covered: by });
        expect(given.covered.capitalMinor <= by.capitalMinor).toBe(true);
        expect(given.covered.defaultFundMinor <= by.defaultFundMinor).toBe(true);
        expect(given.sources.entitlementMinor <= from.entitlementMinor).toBe(true);
      }),
    );
  });

  it('leaves the rail’s fee with the seller, not with AURA', () => {
    const taken = {
      sources: { entitlementMinor: 0n, feesDeferredMinor: 0n, collateralMinor: 0n, recoverableMinor: 0n },
      covered: {
        marginMinor: 2_686n,
        collateralMinor: 1_000n,
        defaultFundMinor: 30_000n,
        capitalMinor: 5_962n,
      },
    };
    expect(giveBack(38_148n, taken).covered).toEqual({
      capitalMinor: 5_962n,
      defaultFundMinor: 30_000n,
      collateralMinor: 1_000n,
      marginMinor: 1_186n,
    });
  });
});
