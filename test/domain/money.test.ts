import fc from 'fast-check';
import {
  bpsOf,
  divideHalfEven,
  divideUp,
  exponentOf,
  formatMoney,
  fromPayload,
  isAsset,
  money,
  MoneyError,
  parseMoney,
  registerToken,
  toPayload,
} from '../../domain/money';

const USDC = 'eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3';
const DAI = 'eip155:31337/erc20:0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512';
beforeAll(() => {
  registerToken(USDC, 6);
  registerToken(DAI, 18);
});

const anAsset = fc.constantFrom('USD', 'EUR', 'JPY', 'BHD', USDC, DAI);
/** As many digits as a message may carry; tokens of 18 places leave room for ten before the point. */
const anAmount = fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n });

describe('an amount on the wire', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(anAmount, anAsset, (amountMinor, asset) => {
        const amount = money(amountMinor, asset);
        expect(parseMoney(formatMoney(amount), asset)).toEqual(amount);
      }),
    );
  });

  it('crosses a process boundary unharmed', () => {
    fc.assert(
      fc.property(anAmount, anAsset, (amountMinor, asset) => {
        const amount = money(amountMinor, asset);
        const sent: unknown = JSON.parse(JSON.stringify(toPayload(amount)));
        expect(fromPayload(sent as ReturnType<typeof toPayload>)).toEqual(amount);
      }),
    );
  });

  it('is read exactly where a float would lose a digit', () => {
    expect(parseMoney('90071992547409.93', 'USD').amountMinor).toBe(9_007_199_254_740_993n);
    expect(parseMoney('1.005', 'BHD').amountMinor).toBe(1_005n);
    expect(parseMoney('0.1', 'USD').amountMinor + parseMoney('0.2', 'USD').amountMinor).toBe(30n);
    expect(parseMoney('9999999999.999999999999999999', DAI).amountMinor).toBe(10n ** 28n - 1n);
  });

  it.each(['', '.5', '5.', '1e3', '+1', '01', '1,000.00', ' 1', '1 ', '0x10', 'NaN', 'Infinity', '--1', '१'])(
    'is refused as "%s"',
    (text) => {
      expect(() => parseMoney(text, 'USD')).toThrow(MoneyError);
    },
  );

  it('is refused with more digits than the asset has, even if they are zeros', () => {
    expect(() => parseMoney('1.000', 'USD')).toThrow(/decimal places/);
    expect(() => parseMoney('1.0', 'JPY')).toThrow(/decimal places/);
    expect(() => parseMoney('1.0000', 'BHD')).toThrow(/decimal places/);
    expect(() => parseMoney('1.0000000', USDC)).toThrow(/decimal places/);
  });

  it('is refused when it is endless', () => {
    expect(() => parseMoney('9'.repeat(31), 'JPY')).toThrow(MoneyError);
    expect(parseMoney('9'.repeat(30), 'JPY').amountMinor).toBe(10n ** 30n - 1n);
  });

  it('shows all of the asset’s digits', () => {
    expect(formatMoney(money(34_990n, 'USD'))).toBe('349.90');
    expect(formatMoney(money(-5n, 'USD'))).toBe('-0.05');
    expect(formatMoney(money(500n, 'JPY'))).toBe('500');
    expect(formatMoney(money(1n, 'BHD'))).toBe('0.001');
    expect(formatMoney(money(1n, USDC))).toBe('0.000001');
    expect(formatMoney(money(0n, 'USD'))).toBe('0.00');
  });
});

describe('an asset', () => {
  /** ISO 4217:2015 table A.1, minor units; where common locale data differs it is not followed. */
  it.each([
    ['USD', 2],
    ['EUR', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['VND', 0],
    ['CLP', 0],
    ['UGX', 0],
    ['BHD', 3],
    ['KWD', 3],
    ['TND', 3],
    ['IQD', 3],
    ['HUF', 2],
    ['IDR', 2],
    ['COP', 2],
    ['PKR', 2],
    ['AFN', 2],
    ['ALL', 2],
    ['IRR', 2],
    ['KPW', 2],
    ['LAK', 2],
    ['LBP', 2],
    ['MGA', 2],
    ['MMK', 2],
    ['RSD', 2],
    ['SOS', 2],
    ['SYP', 2],
    ['YER', 2],
  ])('%s has %i decimal places', (code, digits) => {
    expect(exponentOf(code)).toBe(digits);
  });

  it('is an ISO 4217 code or a registered token', () => {
    expect(isAsset('USD')).toBe(true);
    expect(isAsset(USDC)).toBe(true);
    expect(isAsset('usd')).toBe(false);
    expect(isAsset('DOGE')).toBe(false);
    expect(isAsset('eip155:1/erc20:0xunknown')).toBe(false);
    expect(() => exponentOf('ABC')).toThrow(MoneyError);
  });

  it('keeps the exponent it was registered with', () => {
    expect(() => registerToken(USDC, 6)).not.toThrow();
    expect(() => registerToken(USDC, 8)).toThrow(/already has exponent 6/);
    expect(() => registerToken('USDC', 6)).toThrow(/CAIP-19/);
  });
});

describe('rounding', () => {
  it.each([
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-5n, 2n, -2n],
    [-7n, 2n, -4n],
    [25n, 10n, 2n],
    [35n, 10n, 4n],
    [26n, 10n, 3n],
    [24n, 10n, 2n],
  ])('of %d / %d goes half to even: %d', (numerator, denominator, expected) => {
    expect(divideHalfEven(numerator, denominator)).toBe(expected);
  });

  const aDivision = [
    fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    fc.bigInt({ min: 1n, max: 10n ** 9n }),
  ] as const;

  it('half to even is never further off than half, and ties end on an even number', () => {
    fc.assert(
      fc.property(...aDivision, (numerator, denominator) => {
        const rounded = divideHalfEven(numerator, denominator);
        const off = 2n * (numerator - rounded * denominator);
        expect(off <= denominator && off >= -denominator).toBe(true);
        if (off === denominator || off === -denominator) expect(rounded % 2n).toBe(0n);
      }),
    );
  });

  it('up is the smallest that is enough', () => {
    fc.assert(
      fc.property(...aDivision, (numerator, denominator) => {
        const up = divideUp(numerator, denominator);
        expect(up * denominator >= numerator).toBe(true);
        expect((up - 1n) * denominator < numerator).toBe(true);
      }),
    );
  });

  it('needs a positive denominator', () => {
    expect(() => divideHalfEven(1n, 0n)).toThrow(MoneyError);
    expect(() => divideUp(1n, -1n)).toThrow(MoneyError);
  });

  it('applies to a fee in basis points', () => {
    expect(bpsOf(10_000n, 100)).toBe(100n);
    expect(bpsOf(34_999n, 100)).toBe(350n);
    expect(bpsOf(50n, 100)).toBe(0n);
    expect(bpsOf(150n, 100)).toBe(2n);
    expect(bpsOf(250n, 100)).toBe(2n);
  });
});
