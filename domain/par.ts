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
