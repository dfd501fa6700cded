import fc from 'fast-check';
import { PRINCIPAL_LIMIT_USD_MINOR, usdMinor } from '../../domain/clearing/exposure';
import { TRUST_LEVELS } from '../../domain/trust';

describe('an amount in USD', () => {
  it.each([
    ['dollars at par', 12_345n, 2, '1', 12_345n],
    ['euros', 10_000n, 2, '1.0825', 10_825n],
    ['euros, rounded up', 1n, 2, '1.0825', 2n],
    ['yen', 1_000n, 0, '0.0067', 670n],
    ['dinars', 1_000n, 3, '2.65', 265n],
    ['a token of 18 places', 10n ** 18n, 18, '0.9998', 100n],
    ['a rate as the database writes it', 10_000n, 2, '1.0000000000', 10_000n],
    ['nothing', 0n, 2, '1.5', 0n],
  ])('takes %s', (_, amountMinor, exponent, usdPerUnit, expected) => {
    expect(usdMinor({ amountMinor, exponent, usdPerUnit })).toBe(expected);
  });

  it('is never less than the rate says, and less than a cent more', () => {
    const aRate = fc.bigInt({ min: 1n, max: 10n ** 14n });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        aRate,
        fc.integer({ min: 0, max: 18 }),
        (minor, rate, exponent) => {
          const digits = rate.toString().padStart(11, '0');
          const usdPerUnit = `${digits.slice(0, -10)}.${digits.slice(-10)}`;
          const cents = usdMinor({ amountMinor: minor, exponent, usdPerUnit });
          const exact = minor * rate * 100n;
          const unit = 10n ** BigInt(exponent + 10);
          expect(cents * unit >= exact).toBe(true);
          expect((cents - 1n) * unit < exact).toBe(true);
        },
      ),
    );
  });
});

describe('a principal’s limit', () => {
  it('grows with its trust', () => {
    const limits = TRUST_LEVELS.map((level) => PRINCIPAL_LIMIT_USD_MINOR[level]);
    limits.slice(1).forEach((limit, at) => expect(limit > (limits[at] ?? limit)).toBe(true));
  });
});
