/** How many are wanted. */
import { QUANTITY_MAX } from '../constraints';
import type { Mention } from './lexicon';
import { numberAt } from './numbers';
import { isEndOfClause, take } from './spans';
import { between, isCapitalised, stemOf, type Token } from './text';
import type { Vocabulary } from './vocabulary';

export interface QuantityFinding {
  readonly quantity: number;
  readonly words: string;
}

/** What may stand before a number that counts things: "I need two …", not "iPhone 15 …". */
const LEADS: ReadonlySet<string> = new Set(
  'need want buy order get purchase find for about around the of me us require looking send deliver some like have exactly another these those or and source quote only approximately roughly procure restock'.split(
    ' ',
  ),
);
const COLLECTIVES: Readonly<Record<string, number>> = { dozen: 12, couple: 2 };
const MAX_GAP = 5;

export function findQuantity(
  sentence: string,
  tokens: readonly Token[],
  mentions: readonly Mention[],
  taken: Set<number>,
  vocabulary: Vocabulary,
): QuantityFinding | undefined {
  const units = new Set(vocabulary.packagingUnits.map(stemOf));
  const measures = new Set(vocabulary.measureUnits.map(stemOf).filter((unit) => !units.has(unit)));
  for (let at = 0; at < tokens.length; at += 1) {
    if (taken.has(at)) continue;
    const read =
      explicitAt(tokens, at) ?? pairAt(tokens, at) ?? countedAt(tokens, at, mentions, units, measures, taken);
    if (!read || read.quantity < 1 || read.quantity > QUANTITY_MAX) continue;
    take(taken, at, read.end);
    return { quantity: read.quantity, words: between(sentence, tokens[at], tokens[read.end - 1]) };
  }
  return undefined;
}

type Read = { quantity: number; end: number } | undefined;

/** "3x", "x3", "qty: 3", "quantity 3". */
function explicitAt(tokens: readonly Token[], at: number): Read {
  const token = tokens[at];
  const next = tokens[at + 1];
  if (token?.kind === 'number' && next && /^[x×]$/i.test(next.text) && tokens[at + 2]?.kind !== 'number') {
    return whole(tokens, at, at + 2);
  }
  if (token && /^[x×]$/i.test(token.text) && next?.kind === 'number') return whole(tokens, at + 1, at + 2);
  if (token && /^x\d{1,9}$/i.test(token.text)) return { quantity: Number(token.text.slice(1)), end: at + 1 };
  if (token && ['qty', 'quantity'].includes(token.stem)) {
    const from = [':', 'of', '='].includes(next?.text ?? '') ? at + 2 : at + 1;
    return whole(tokens, from, undefined);
  }
  return undefined;
}

function whole(tokens: readonly Token[], at: number, end: number | undefined): Read {
  const number = numberAt(tokens, at);
  return number && /^\d{1,10}$/.test(number.value)
    ? { quantity: Number(number.value), end: end ?? number.end }
    : undefined;
}

/** "a pair of" is one pair, "a couple of" two, "a dozen" twelve, "two dozen" twenty-four. */
function pairAt(tokens: readonly Token[], at: number): Read {
  const half = tokens[at]?.stem === 'half';
  const number = half ? undefined : numberAt(tokens, at);
  const isArticle = ['a', 'an', 'one'].includes(tokens[at]?.stem ?? '');
  const from =
    number?.end ?? (isArticle ? at + 1 : half ? at + (tokens[at + 1]?.stem === 'a' ? 2 : 1) : undefined);
  if (from === undefined) return undefined;
  const word = tokens[from]?.stem ?? '';
  if (isArticle && word === 'pair') return { quantity: 1, end: from + 1 };
  const size = Object.hasOwn(COLLECTIVES, word) ? COLLECTIVES[word] : undefined;
  if (size === undefined) return undefined;
  const times = number && !isArticle ? Number(number.value) : 1;
  return { quantity: half ? size / 2 : size * times, end: from + 1 };
}

/** "two … headphones", "500 reams of paper". */
function countedAt(
  tokens: readonly Token[],
  at: number,
  mentions: readonly Mention[],
  units: ReadonlySet<string>,
  measures: ReadonlySet<string>,
  taken: ReadonlySet<number>,
): Read {
  const number = numberAt(tokens, at);
  if (!number || !/^\d{1,10}$/.test(number.value) || !mayLead(tokens[at - 1])) return undefined;
  // A number inside a term of the vocabulary, such as "802.11ax" or "24 7 support", counts nothing.
  if (mentions.some(({ start, end }) => at >= start && at < end)) return undefined;
  const next = tokens[number.end];
  const isGlued = next?.glued ?? false;
  if (!next || measures.has(next.stem) || (isGlued && !units.has(next.stem))) return undefined;
  const quantity = { quantity: Number(number.value), end: number.end };
  if (units.has(next.stem)) return { ...quantity, end: number.end + 1 };
  if (next.stem === 'of' && ['them', 'these', 'those'].includes(tokens[number.end + 1]?.stem ?? ''))
    return quantity;
  const thing = mentions.find(({ kind, start }) => kind === 'category' && start >= number.end);
  if (!thing || thing.start - number.end > MAX_GAP) return undefined;
  const gap = tokens.slice(number.end, thing.start);
  const isOneGroup = gap.every(
    (token, index) =>
      !taken.has(number.end + index) &&
      !isEndOfClause(token) &&
      !measures.has(token.stem) &&
      !LINKS.has(token.stem),
  );
  return isOneGroup ? quantity : undefined;
}

const LINKS: ReadonlySet<string> = new Set('for with to in on by from at that which'.split(' '));

function mayLead(previous: Token | undefined): boolean {
  if (!previous || isEndOfClause(previous)) return true;
  return (
    LEADS.has(previous.stem) && !(isCapitalised(previous) && previous.stem.length > 4 && previous.start > 0)
  );
}
