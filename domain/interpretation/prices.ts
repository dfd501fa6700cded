/** What a sentence says about prices: a limit, an ideal range, per piece or in total. */
import { compareDecimals } from '../constraints';
import type { Amount, AmountReader } from './amounts';
import { shift } from './numbers';
import { isEndOfClause, phraseAt, phraseBefore, phraseTable, take } from './spans';
import { between, type Token } from './text';

export interface PriceFinding {
  readonly kind: 'range' | 'upper' | 'lower' | 'about';
  readonly min: string | undefined;
  readonly max: string | undefined;
  readonly currency: string | undefined;
  readonly basis: 'each' | 'total' | 'unsaid';
  readonly words: string;
}

type Sense = 'upper' | 'lower' | 'about' | 'budget' | 'between';

const BEFORE = phraseTable<Sense>([
  [
    'upper',
    'under, below, less than, cheaper than, up to, at most, no more than, not more than, not over, not above, max, maximum, maximum of, within, not exceeding, not to exceed, no higher than, spend up to, limit of, limit, price limit, cap of, capped at',
  ],
  [
    'lower',
    'over, above, more than, at least, no less than, not under, minimum, minimum of, starting at, starting from',
  ],
  [
    'about',
    'around, about, approximately, approx, roughly, circa, ca, near, close to, in the region of, something like',
  ],
  [
    'budget',
    'budget, budget of, budget is, price of, price is, cost of, spend, pay, paying, budgeted, afford',
  ],
  ['between', 'between, from, range of, price range, in the range of, somewhere between'],
]);
const AFTER = phraseTable<'upper' | 'lower' | 'about'>([
  [
    'upper',
    'max, maximum, tops, at most, or less, or under, or below, or cheaper, limit, budget, at the most, and under, and below',
  ],
  ['lower', 'or more, and up, and above, or above, minimum, at least'],
  ['about', 'ish, or so, give or take, more or less'],
]);
const BASIS = phraseTable<'each' | 'total'>([
  [
    'each',
    'each, apiece, per unit, per piece, per item, per pair, per box, per ream, per licence, per license, per seat, per person, a piece, per pack, a unit',
  ],
  [
    'total',
    'total, in total, altogether, all in, overall, for all, for everything, for the lot, all together, combined',
  ],
]);
const FILLERS: ReadonlySet<string> = new Set(
  'a an the of is to at price budget total maximum my our i ll'.split(' '),
);
/** What may follow an amount without a currency: anything else may be what is counted. */
const FOLLOWERS: ReadonlySet<string> = new Set(
  'for with please each total in and but or that which max maximum if per delivered including plus top by before i we'.split(
    ' ',
  ),
);
const TRAILING = 3;

export function findPrices(
  sentence: string,
  tokens: readonly Token[],
  reader: AmountReader,
  taken: Set<number>,
): PriceFinding[] {
  const found: PriceFinding[] = [];
  for (let at = 0; at < tokens.length;) {
    const read = taken.has(at) ? undefined : priceAt(tokens, at, reader);
    if (!read) {
      at += 1;
      continue;
    }
    take(taken, read.start, read.end);
    found.push({ ...read.price, words: between(sentence, tokens[read.start], tokens[read.end - 1]) });
    at = read.end;
  }
  return found;
}

interface PriceRead {
  price: Omit<PriceFinding, 'words'>;
  start: number;
  end: number;
}

function priceAt(tokens: readonly Token[], at: number, reader: AmountReader): PriceRead | undefined {
  const first = reader.amountAt(tokens, at);
  if (!first) return undefined;
  const cue = senseBefore(tokens, at);
  const second = secondAmount(tokens, first, cue?.sense, reader);
  const amounts = second ? alignPowers(first, second) : [first];
  const end = (second ?? first).end;
  const currency = first.currency ?? second?.currency;
  if (currency === undefined && !isPlausible(tokens, end, cue, second !== undefined)) return undefined;
  const after = phraseAt(AFTER, tokens, end);
  const basisAt = basisAfter(tokens, after?.end ?? end);
  const sense = after?.value ?? cue?.sense;
  const [low, high] = sorted(amounts);
  const basis = basisAt?.value ?? 'unsaid';
  const span = { start: cue?.start ?? at, end: basisAt?.end ?? after?.end ?? end };
  return { price: { ...valuesOf(sense, low, high, second !== undefined), currency, basis }, ...span };
}

function valuesOf(
  sense: Sense | undefined,
  low: string,
  high: string,
  isPair: boolean,
): Pick<PriceFinding, 'kind' | 'min' | 'max'> {
  if (isPair) return { kind: 'range', min: low, max: high };
  if (sense === 'lower') return { kind: 'lower', min: low, max: undefined };
  if (sense === 'about') return { kind: 'about', min: times(low, 9n), max: times(low, 11n) };
  return { kind: 'upper', min: undefined, max: high };
}

function senseBefore(tokens: readonly Token[], at: number): { sense: Sense; start: number } | undefined {
  let index = at;
  for (let skipped = 0; skipped <= TRAILING; skipped += 1) {
    const phrase = phraseBefore(BEFORE, tokens, index);
    if (phrase) return { sense: phrase.value, start: phrase.start };
    const previous = tokens[index - 1];
    if (!previous || !(FILLERS.has(previous.stem) || previous.text === ':' || previous.text === '~'))
      return undefined;
    if (previous.text === '~') return { sense: 'about', start: index - 1 };
    index -= 1;
  }
  return undefined;
}

/** "300-400", "300 to 400", "between 300 and 400". */
function secondAmount(
  tokens: readonly Token[],
  first: Amount,
  sense: Sense | undefined,
  reader: AmountReader,
): Amount | undefined {
  const joint = tokens[first.end];
  const joins =
    joint?.kind === 'dash' || joint?.stem === 'to' || (joint?.stem === 'and' && sense === 'between');
  if (!joins) return undefined;
  const second = reader.amountAt(tokens, first.end + 1);
  const sameCurrency = !second?.currency || !first.currency || second.currency === first.currency;
  return second && sameCurrency ? second : undefined;
}

/** "1-2k" is one to two thousand. */
function alignPowers(first: Amount, second: Amount): Amount[] {
  const lifted = shift(first.value, second.power);
  const lift = first.power === 0 && second.power > 0 && compareDecimals(lifted, second.value) <= 0;
  return [lift ? { ...first, value: lifted } : first, second];
}

function sorted(amounts: readonly Amount[]): [low: string, high: string] {
  const [low = '0', high = low] = amounts.map(({ value }) => value).sort(compareDecimals);
  return [low, high];
}

const COUNTS: ReadonlySet<string> = new Set('qty quantity number amount count piece unit'.split(' '));

/** Whether a number without a currency is money. */
function isPlausible(
  tokens: readonly Token[],
  end: number,
  cue: { sense: Sense; start: number } | undefined,
  isPair: boolean,
): boolean {
  const after = phraseAt(AFTER, tokens, end);
  if (!cue) return after?.value === 'upper' && isEndOfClause(tokens[after.end]);
  if (cue.sense === 'between' && !isPair) return false;
  if (COUNTS.has(tokens[cue.start - 1]?.stem ?? '')) return false;
  const next = tokens[end];
  return isEndOfClause(next) || FOLLOWERS.has(next?.stem ?? '') || after !== undefined;
}

function basisAfter(
  tokens: readonly Token[],
  end: number,
): { value: 'each' | 'total'; end: number } | undefined {
  return phraseAt(BASIS, tokens, end);
}

/** Tenths of a decimal, exactly. */
function times(decimal: string, tenths: bigint): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  const digits = (BigInt(whole + fraction) * tenths).toString().padStart(fraction.length + 2, '0');
  const at = digits.length - fraction.length - 1;
  return `${digits.slice(0, at)}.${digits.slice(at)}`.replace(/\.?0+$/, '');
}
