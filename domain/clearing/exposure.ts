/** How much may be open at once. An agent brings its own capacity; a principal's limit follows from its trust. */
import type { TrustLevel } from '../trust';

const USD = (whole: number): bigint => BigInt(whole) * 100n;

/** Largest open exposure of a principal over all its agents and roles, USD minor units. */
export const PRINCIPAL_LIMIT_USD_MINOR: Readonly<Record<TrustLevel, bigint>> = {
  L0: USD(5_000),
  L1: USD(50_000),
  L2: USD(5_000_000),
  L3: USD(100_000_000),
};

/** `amountMinor` of an asset in USD minor units, rounded up, at a stored daily rate (USD per unit as a decimal). */
export function usdMinor(input: { amountMinor: bigint; exponent: number; usdPerUnit: string }): bigint {
  const [whole = '0', fraction = ''] = input.usdPerUnit.split('.');
  const rate = BigInt(whole + fraction);
  const numerator = input.amountMinor * rate * 100n;
  const denominator = 10n ** BigInt(input.exponent + fraction.length);
  return (numerator + denominator - 1n) / denominator;
}
