/**
 * Money is an integer count of an asset's minor units. Decimals on the wire are read digit by digit, never through
 * a binary float.
 */

/** An ISO 4217 code, or a CAIP-19 token id such as `eip155:31337/erc20:0x…`. */
export type AssetCode = string;

export interface Money {
  readonly amountMinor: bigint;
  readonly asset: AssetCode;
}

/** Money as it crosses a workflow or process boundary, where `bigint` cannot. */
export interface MoneyPayload {
  readonly amountMinor: string;
  readonly asset: AssetCode;
}

export class MoneyError extends Error {
  override name = 'MoneyError';
}

const ISO_CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
/** ISO 4217 minor units other than 2. Not from Intl: its data gives currencies the digits that are in daily use. */
const ISO_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);
/** Exponents of tokens, which no standard table lists, by CAIP-19 id. */
const TOKEN_EXPONENTS = new Map<AssetCode, number>();
const CAIP_19 = /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}$/;
const DECIMAL = /^(-)?(0|[1-9]\d*)(?:\.(\d+))?$/;
/** Bounds the digits of an amount so that no message can make us do arithmetic on megabytes. */
const MAX_DIGITS = 30;

/** Makes a token usable as an asset. Registering it again with another exponent is an error. */
export function registerToken(asset: AssetCode, exponent: number): void {
  if (!CAIP_19.test(asset)) throw new MoneyError(`${asset} is not a CAIP-19 asset id`);
  const known = TOKEN_EXPONENTS.get(asset);
  if (known !== undefined && known !== exponent)
    throw new MoneyError(`${asset} already has exponent ${known}`);
  TOKEN_EXPONENTS.set(asset, exponent);
}

export function isAsset(asset: string): boolean {
  return TOKEN_EXPONENTS.has(asset) || ISO_CODES.has(asset);
}

/** Decimal places of the asset (ISO 4217 minor unit, or the token's registered exponent). */
export function exponentOf(asset: AssetCode): number {
  const token = TOKEN_EXPONENTS.get(asset);
  if (token !== undefined) return token;
  if (!ISO_CODES.has(asset)) throw new MoneyError(`unknown asset ${asset}`);
  return ISO_EXPONENTS.get(asset) ?? 2;
}

export function money(amountMinor: bigint, asset: AssetCode): Money {
  return { amountMinor, asset };
}

/** Reads `"349.99"` exactly. More digits than the asset has, exponents and signs other than `-` are refused. */
export function parseMoney(decimal: string, asset: AssetCode): Money {
  const match = DECIMAL.exec(decimal);
  if (!match || decimal.length > MAX_DIGITS)
    throw new MoneyError(`"${decimal.slice(0, 40)}" is not a decimal amount`);
  const [, sign, whole = '0', fraction = ''] = match;
  const exponent = exponentOf(asset);
  if (fraction.length > exponent) {
    throw new MoneyError(`${decimal} has more than the ${exponent} decimal places of ${asset}`);
  }
  const minor = BigInt(whole + fraction.padEnd(exponent, '0'));
  return money(sign ? -minor : minor, asset);
}

/** Writes minor units as a decimal with all of the asset's digits, e.g. `"349.90"`. */
export function formatMoney({ amountMinor, asset }: Money): string {
  const exponent = exponentOf(asset);
  const sign = amountMinor < 0n ? '-' : '';
  const digits = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

export function toPayload({ amountMinor, asset }: Money): MoneyPayload {
  return { amountMinor: amountMinor.toString(), asset };
}

export function fromPayload({ amountMinor, asset }: MoneyPayload): Money {
  return money(BigInt(amountMinor), asset);
}

/** `numerator / denominator` rounded half to even, for fees. The denominator is positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const floor = floorDivide(numerator, denominator);
  const twice = 2n * (numerator - floor * denominator);
  if (twice < denominator) return floor;
  if (twice > denominator) return floor + 1n;
  return floor % 2n === 0n ? floor : floor + 1n;
}

/** `numerator / denominator` rounded up, for margins. The denominator is positive. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  return -floorDivide(-numerator, denominator);
}

function floorDivide(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new MoneyError('the denominator must be positive');
  const quotient = numerator / denominator;
  return numerator % denominator < 0n ? quotient - 1n : quotient;
}

export const BPS = 10_000n;

/** `bps` basis points of an amount, rounded half to even. */
export function bpsOf(amountMinor: bigint, bps: number): bigint {
  return divideHalfEven(amountMinor * BigInt(bps), BPS);
}
