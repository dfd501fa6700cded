/** Books in one asset, rails in another: a stablecoin settles its currency at par, digit for digit. */
import { exponentOf, MoneyError, type AssetCode } from './money';

/** `amountMinor` of one asset in minor units of another that is worth the same. Throws where it is not exact. */
export function atPar(amountMinor: bigint, from: AssetCode, to: AssetCode): bigint {
  const digits = exponentOf(to) - exponentOf(from);
  if (digits >= 0) return amountMinor * 10n ** BigInt(digits);
  const scale = 10n ** BigInt(-digits);
  if (amountMinor % scale !== 0n)
    throw new MoneyError(`${amountMinor} of ${from} is no whole amount of ${to}`);
  return amountMinor / scale;
}

/** USD stablecoins are tokens whose worth is that of a dollar by the house's own word: those that a rail settles USD in. */
const PEGGED_TO_USD = new Set<AssetCode>();

export function pegToUsd(asset: AssetCode): void {
  PEGGED_TO_USD.add(asset);
}

export function isPegged(asset: AssetCode): boolean {
  return PEGGED_TO_USD.has(asset);
}
