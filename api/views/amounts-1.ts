/** Amounts as protocol 1.0.0 names them: JSON numbers with the currency in the name. */
import { formatMoney, type AssetCode } from '../../domain/money';
import { isPegged } from '../../domain/par';
import { jsonNumber } from './numbers';

/** `usd` for dollars and what is held to be worth a dollar; every other currency by its own name. */
function suffix(asset: AssetCode): string {
  if (asset === 'USD' || isPegged(asset)) return 'usd';
  return /^[A-Z]{3}$/.test(asset) ? asset.toLowerCase() : 'token';
}

/** One amount under its name, e.g. `{total_usd: 381.49}`. */
export function amount1<Name extends string>(
  name: Name,
  amountMinor: bigint,
  asset: AssetCode,
): Record<`${Name}_${string}`, number | string> {
  return { [`${name}_${suffix(asset)}`]: jsonNumber(formatMoney({ amountMinor, asset })) } as Record<
    `${Name}_${string}`,
    number | string
  >;
}

export interface AmountsOfDeal {
  asset: AssetCode;
  subtotalMinor: bigint;
  shippingMinor: bigint;
  taxMinor: bigint;
  totalMinor: bigint;
}

export function amounts1({ asset, subtotalMinor, shippingMinor, taxMinor, totalMinor }: AmountsOfDeal) {
  return {
    currency: asset,
    ...amount1('subtotal', subtotalMinor, asset),
    ...amount1('shipping', shippingMinor, asset),
    ...amount1('tax', taxMinor, asset),
    ...amount1('total', totalMinor, asset),
  };
}
