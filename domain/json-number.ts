/** Amounts as JSON numbers, which protocol 1.0.0 writes, for readers that may hold them in a binary float. */

/** Decimal digits that every binary64 float keeps (IEEE 754, DBL_DIG). */
const SAFE_DIGITS = 15;

/** The decimal as a number; as the text it is where a float could lose some of its digits. */
export function jsonNumber(decimal: string): number | string {
  const significant = decimal.replace(/^-?0*|\./g, '').replace(/^0+/, '');
  return significant.length > SAFE_DIGITS ? decimal : Number(decimal);
}
