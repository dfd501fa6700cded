/** How a merchant decides by itself whether to answer a request, with what, and at what price. */
import { formatMoney, parseMoney } from '../../domain/money';
import type { OfferDocument } from '../../domain/market/offer';
import type { OfferRequest } from '../../sdk';
import { offerOf, type Product } from './catalogue';

export interface Strategy {
  /** Share of the way from list price down to the floor this merchant goes at once, percent. */
  discountPercent: bigint;
  maxOffers: number;
  taxRateBps: number;
}

const VALID_MS = 3_600_000;

export function decide(
  products: readonly Product[],
  strategy: Strategy,
  request: OfferRequest,
): OfferDocument[] {
  const {
    category,
    hard_constraints: hard,
    soft_preferences: soft,
  } = request.interpreted_request.structured_requirements;
  const ceiling =
    typeof hard.price_max === 'string' ? parseMoney(hard.price_max, 'USD').amountMinor : undefined;
  if (hard.currency !== undefined && hard.currency !== 'USD') return [];
  return products
    .filter((product) => related(product.category, category))
    .filter((product) =>
      listed(hard.features_required).every((feature) => product.features.includes(feature)),
    )
    .filter((product) => !listed(hard.excluded_brands).includes(product.brand))
    .map((product) => ({ product, price: priceOf(product, strategy, ceiling) }))
    .filter((priced): priced is { product: Product; price: bigint } => priced.price !== undefined)
    .sort((a, b) => wanted(b.product, soft) - wanted(a.product, soft))
    .slice(0, strategy.maxOffers)
    .map(({ product, price }) =>
      offerOf(
        product,
        formatMoney({ amountMinor: price, asset: 'USD' }),
        new Date(Date.now() + VALID_MS),
        strategy.taxRateBps,
      ),
    );
}

/** A price between list and floor, brought under the buyer's maximum where the floor allows it. */
function priceOf(
  { listPrice, floorPrice }: Product,
  { discountPercent }: Strategy,
  ceiling: bigint | undefined,
) {
  const list = parseMoney(listPrice, 'USD').amountMinor;
  const floor = parseMoney(floorPrice, 'USD').amountMinor;
  const asked = list - ((list - floor) * discountPercent) / 100n;
  if (ceiling === undefined || asked <= ceiling) return asked;
  return ceiling >= floor ? ceiling : undefined;
}

/** How many of the soft wishes a product meets. */
function wanted(product: Product, soft: Record<string, unknown>): number {
  const brands = soft.brands as { preferred?: string[]; acceptable?: string[] } | undefined;
  const brand = brands?.preferred?.includes(product.brand)
    ? 2
    : brands?.acceptable?.includes(product.brand)
      ? 1
      : 0;
  return (
    brand + listed(soft.features_preferred).filter((feature) => product.features.includes(feature)).length
  );
}

const related = (a: string, b: string) => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
const listed = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
