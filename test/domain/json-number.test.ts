import { jsonNumber } from '../../domain/json-number';

test.each([
  ['349.99', 349.99],
  ['0.00', 0],
  ['0.000000000000000001', 0.000000000000000001],
  ['1234567890123.45', 1234567890123.45],
  ['12345678901234.56', '12345678901234.56'],
  ['-12345678901234567', '-12345678901234567'],
])('%s becomes what keeps all of its digits', (decimal, shown) => expect(jsonNumber(decimal)).toBe(shown));
