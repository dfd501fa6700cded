/** Turns a reading into constraints and merges them with what the scout states itself, which always wins. */
import {
  compareDecimals,
  fitsAsset,
  type Constraints,
  type HardConstraints,
  type SoftConstraints,
} from '../constraints';
import { exponentOf, formatMoney, isAsset, money, parseMoney } from '../money';
import { isRelated } from './category-choice';
import type { PriceFinding } from './prices';
import type { Reading } from './reading';
import type { Contradiction, Explanation } from './types';
import type { Wish, Wishes } from './wishes';

export interface Merged {
  readonly constraints: Constraints;
  readonly contradictions: Contradiction[];
  readonly explanation: Explanation[];
}

export interface MergeDefaults {
  /** What a price without a currency is read as. */
  readonly currency: string;
}

export function mergeConstraints(
  reading: Reading,
  wishes: Wishes,
  stated: Constraints,
  defaults: MergeDefaults,
): Merged {
  const contradictions: Contradiction[] = [];
  const explanation: Explanation[] = [];
  const said = hardOf(reading, wishes, contradictions, explanation);
  const priced = pricesOf(reading, stated, defaults, contradictions, explanation);
  const hard: HardConstraints = { ...said, ...priced.hard };
  for (const [field, value] of Object.entries(stated.hard ?? {})) {
    if (value === undefined) continue;
    const own = hard[field as keyof HardConstraints];
    const differs = own !== undefined && !Array.isArray(own) && !same(field, own, value);
    if (differs) contradictions.push({ field: `hard.${field}`, kept: text(value), dropped: text(own) });
  }
  const soft = mergeSoft(softOf(wishes, priced.range), stated.soft ?? {});
  const merged = { hard: { ...hard, ...defined(stated.hard ?? {}) }, soft };
  uniteLists(merged.hard, hard, stated.hard ?? {});
  return { constraints: settle(merged, contradictions), contradictions, explanation };
}

function hardOf(
  reading: Reading,
  wishes: Wishes,
  contradictions: Contradiction[],
  explanation: Explanation[],
): HardConstraints {
  const { category, quantity, deadline, inStock, destination } = reading;
  const condition = conditionOf(reading, contradictions);
  const note = (words: string | undefined, meaning: string) => words && explanation.push({ words, meaning });
  note(category?.words, `category ${category?.path}`);
  note(quantity?.words, `quantity ${quantity?.quantity}`);
  note(deadline?.words, `delivery by ${deadline?.deliverBy}`);
  note(inStock, 'must be in stock');
  note(destination?.words, `ships to ${destination?.term.code}`);
  note(condition?.words, `condition ${condition?.condition}`);
  const ids = (list: readonly Wish<{ id: string }>[]) =>
    list.length ? list.map(({ term }) => term.id) : undefined;
  return defined({
    category: category?.path,
    quantity: quantity?.quantity,
    deliver_by: deadline?.deliverBy,
    in_stock: inStock === undefined ? undefined : true,
    ships_to: destination?.term.code,
    condition: condition?.condition,
    features_required: ids(wishes.featuresRequired),
    certifications_required: ids(wishes.certificationsRequired),
    excluded_brands: wishes.brandsExcluded.length ? wishes.brandsExcluded.map(({ term }) => term) : undefined,
  });
}

/** One condition, or none where several would do. What is not wanted leaves "new". */
function conditionOf({ conditions }: Reading, contradictions: Contradiction[]) {
  const wanted = conditions.filter(({ wanted: isWanted }) => isWanted);
  const unwanted = conditions.find(({ wanted: isWanted, condition }) => !isWanted && condition !== 'new');
  const kinds = new Set(wanted.map(({ condition }) => condition));
  if (unwanted && kinds.has(unwanted.condition)) {
    contradictions.push({ field: 'hard.condition', kept: 'any', dropped: unwanted.condition });
    return undefined;
  }
  if (kinds.size === 1) return wanted[0];
  return kinds.size === 0 && unwanted ? { condition: 'new' as const, words: unwanted.words } : undefined;
}

function pricesOf(
  reading: Reading,
  stated: Constraints,
  defaults: MergeDefaults,
  contradictions: Contradiction[],
  explanation: Explanation[],
): { hard: HardConstraints; range: SoftConstraints['price_range'] } {
  const said = reading.prices.find(({ currency }) => currency !== undefined)?.currency;
  const currency = stated.hard?.currency ?? said ?? defaults.currency;
  if (reading.prices.length === 0 || !isAsset(currency)) return { hard: {}, range: undefined };
  let max: string | undefined;
  let range: SoftConstraints['price_range'];
  for (const price of reading.prices) {
    if (price.currency !== undefined && price.currency !== currency) {
      contradictions.push({ field: 'hard.currency', kept: currency, dropped: price.currency });
      continue;
    }
    const [low, high] = [price.min, price.max].map((value) => perPiece(value, currency, price, reading));
    if ((price.kind === 'upper' || price.kind === 'range') && high !== undefined) {
      if (max !== undefined && max !== high) {
        const [kept, dropped] = compareDecimals(max, high) < 0 ? [max, high] : [high, max];
        contradictions.push({ field: 'hard.price_max', kept, dropped });
        max = kept;
      } else max = high;
    }
    if (price.kind !== 'upper') range ??= defined({ min: low, max: high });
    explanation.push({ words: price.words, meaning: meaningOf(price, low, high, currency) });
  }
  return { hard: defined({ price_max: max, currency }), range };
}

/** As many decimals as the currency has, rounded down; a total is spread over the pieces. */
function perPiece(
  value: string | undefined,
  currency: string,
  { basis }: PriceFinding,
  { quantity }: Reading,
): string | undefined {
  if (value === undefined) return undefined;
  const digits = exponentOf(currency);
  const [whole = '0', fraction = ''] = value.split('.');
  const cut = fraction.slice(0, digits);
  const exact = cut ? `${whole}.${cut}` : whole;
  if (basis !== 'total' || !quantity || quantity.quantity < 2)
    return fitsAsset(exact, currency) ? exact : undefined;
  const { amountMinor } = parseMoney(exact, currency);
  return formatMoney(money(amountMinor / BigInt(quantity.quantity), currency));
}

function meaningOf(
  { kind, basis }: PriceFinding,
  low: string | undefined,
  high: string | undefined,
  currency: string,
): string {
  const each = basis === 'total' ? ' a piece, from a total' : '';
  if (kind === 'upper') return `at most ${high} ${currency}${each}`;
  if (kind === 'lower') return `ideally from ${low} ${currency}${each}`;
  if (kind === 'about') return `ideally ${low} to ${high} ${currency}${each}`;
  return `${low} to ${high} ${currency}, at most ${high}${each}`;
}

function softOf(wishes: Wishes, range: SoftConstraints['price_range']): SoftConstraints {
  const names = (list: readonly Wish<string>[]) => list.map(({ term }) => term);
  const preferred = [...new Set([...names(wishes.brandsLiked), ...names(wishes.brandsPreferred)])];
  const acceptable = names(wishes.brandsAcceptable).filter((name) => !preferred.includes(name));
  const brands = { ...(preferred.length && { preferred }), ...(acceptable.length && { acceptable }) };
  const ids = (list: readonly Wish<{ id: string }>[]) =>
    list.length ? list.map(({ term }) => term.id) : undefined;
  return defined({
    price_range: range,
    brands: Object.keys(brands).length ? brands : undefined,
    features_preferred: ids(wishes.featuresPreferred),
    certifications_preferred: ids(wishes.certificationsPreferred),
  });
}

function mergeSoft(said: SoftConstraints, stated: SoftConstraints): SoftConstraints {
  const unite = (a: string[] | undefined, b: string[] | undefined) =>
    a || b ? [...new Set([...(a ?? []), ...(b ?? [])])].slice(0, 50) : undefined;
  return defined({
    price_range: copy(stated.price_range ?? said.price_range),
    brands: copy(stated.brands ?? said.brands),
    features_preferred: unite(stated.features_preferred, said.features_preferred),
    certifications_preferred: unite(stated.certifications_preferred, said.certifications_preferred),
  });
}

const LISTS = ['features_required', 'certifications_required', 'excluded_brands'] as const;

/** Lists add up: a stated requirement doesn't cancel one in the sentence. */
function uniteLists(target: HardConstraints, said: HardConstraints, stated: HardConstraints): void {
  for (const field of LISTS) {
    const all = [...new Set([...(stated[field] ?? []), ...(said[field] ?? [])])].slice(0, 50);
    if (all.length) target[field] = all;
  }
}

/** Takes out of the soft part what the hard part rules out. */
function settle(
  { hard, soft }: { hard: HardConstraints; soft: SoftConstraints },
  contradictions: Contradiction[],
): Constraints {
  const range = soft.price_range;
  const max = hard.price_max;
  if (range?.max !== undefined && max !== undefined && compareDecimals(range.max, max) > 0) range.max = max;
  if (range?.min !== undefined && range.max !== undefined && compareDecimals(range.min, range.max) > 0) {
    contradictions.push({
      field: 'soft.price_range',
      kept: `at most ${range.max}`,
      dropped: `from ${range.min}`,
    });
    delete range.min;
  } else if (range?.min !== undefined && max !== undefined && compareDecimals(range.min, max) > 0) {
    contradictions.push({ field: 'soft.price_range', kept: `at most ${max}`, dropped: `from ${range.min}` });
    delete soft.price_range;
  }
  const excluded = new Set((hard.excluded_brands ?? []).map((name) => name.toLowerCase()));
  for (const kind of ['preferred', 'acceptable'] as const) {
    const clash = soft.brands?.[kind]?.filter((name) => excluded.has(name.toLowerCase())) ?? [];
    for (const name of clash)
      contradictions.push({ field: `soft.brands.${kind}`, kept: `without ${name}`, dropped: name });
    if (clash.length && soft.brands)
      soft.brands[kind] = soft.brands[kind]?.filter((name) => !clash.includes(name));
  }
  const required = new Set(hard.features_required);
  if (soft.features_preferred)
    soft.features_preferred = soft.features_preferred.filter((id) => !required.has(id));
  return { hard, soft };
}

function same(field: string, a: unknown, b: unknown): boolean {
  if (field === 'price_max' && typeof a === 'string' && typeof b === 'string')
    return compareDecimals(a, b) === 0;
  if (field === 'category' && typeof a === 'string' && typeof b === 'string') return isRelated(a, b);
  return a === b;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What was stated belongs to the caller. */
function copy<T extends object>(value: T | undefined): T | undefined {
  return value && { ...value };
}

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
