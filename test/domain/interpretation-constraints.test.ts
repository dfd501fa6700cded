import {
  compareDecimals,
  constraintsSchema,
  fitsAsset,
  isCountry,
  isDateOrDateTime,
  isDateTime,
} from '../../domain/constraints';

const accepts = (value: unknown) => constraintsSchema.safeParse(value).success;

describe('constraints', () => {
  it('accept the whole object', () => {
    const whole = {
      hard: {
        category: 'electronics.headphones.over_ear',
        price_max: '349.99',
        currency: 'USD',
        quantity: 2,
        ships_to: 'US',
        deliver_by: '2026-12-01',
        in_stock: true,
        condition: 'new',
        certifications_required: ['ce_mark'],
        features_required: ['wireless'],
        excluded_brands: ['Beats'],
      },
      soft: {
        price_range: { min: '300', max: '350' },
        brands: { preferred: ['Sony'], acceptable: ['Bose'] },
        features_preferred: ['foldable'],
        certifications_preferred: ['b_corp'],
      },
    };
    expect(constraintsSchema.parse(whole)).toEqual(whole);
    expect(constraintsSchema.parse({ hard: { unknown: 1 }, other: 2 })).toEqual({ hard: {} });
  });

  it.each<[string, object]>([
    ['a float price', { hard: { price_max: 349.99 } }],
    ['a negative price', { hard: { price_max: '-1' } }],
    ['an exponent', { hard: { price_max: '1e3' } }],
    ['too many digits', { hard: { price_max: '1'.repeat(31) } }],
    ['more decimals than the currency has', { hard: { price_max: '1.5', currency: 'JPY' } }],
    ['an unknown currency', { hard: { currency: 'XYZ' } }],
    ['a quantity of none', { hard: { quantity: 0 } }],
    ['a broken quantity', { hard: { quantity: 1.5 } }],
    ['no country', { hard: { ships_to: 'UK' } }],
    ['a small country', { hard: { ships_to: 'us' } }],
    ['a day that does not exist', { hard: { deliver_by: '2026-02-30' } }],
    ['a local time', { hard: { deliver_by: '2026-02-20T10:00:00' } }],
    ['another condition', { hard: { condition: 'broken' } }],
    ['a category with spaces', { hard: { category: 'over ear' } }],
    ['too long a list', { hard: { features_required: Array.from({ length: 51 }, () => 'x') } }],
    ['too long a word', { hard: { excluded_brands: ['x'.repeat(101)] } }],
    ['a range upside down', { soft: { price_range: { min: '9.5', max: '9.45' } } }],
  ])('refuse %s', (_, value) => {
    expect(accepts(value)).toBe(false);
  });

  it('compare decimals exactly', () => {
    expect(compareDecimals('0.1', '0.10')).toBe(0);
    expect(compareDecimals('9007199254740993', '9007199254740992')).toBe(1);
    expect(compareDecimals('10', '9.99')).toBe(1);
    expect(fitsAsset('1.001', 'USD')).toBe(false);
    expect(fitsAsset('1.001', 'BHD')).toBe(true);
  });

  it('know countries and times', () => {
    expect(['US', 'GB', 'DE', 'TW', 'PS'].every(isCountry)).toBe(true);
    expect(['UK', 'EU', 'XK', 'SU', 'ZZ', 'USA', 'us'].some(isCountry)).toBe(false);
    expect(isDateOrDateTime('2028-02-29')).toBe(true);
    expect(isDateOrDateTime('2026-02-29')).toBe(false);
    expect(isDateTime('2026-04-01T12:00:00+02:00')).toBe(true);
    expect(isDateTime('2026-04-01')).toBe(false);
  });
});
