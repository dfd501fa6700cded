/** Amounts of money in a sentence: a number with or without a currency, in any of the usual orders. */
import { isAsset } from '../money';
import { numberAt, shift, type NumberRead } from './numbers';
import { phraseAt, phraseTable, type PhraseTable } from './spans';
import { stemOf, type Token } from './text';
import type { Vocabulary } from './vocabulary';

export interface Amount {
  /** Decimal string. */
  readonly value: string;
  readonly currency: string | undefined;
  readonly power: number;
  readonly start: number;
  readonly end: number;
}

export interface AmountReader {
  amountAt(tokens: readonly Token[], index: number): Amount | undefined;
}

/** Codes read in small letters too; others are words of English ("all", "top", "try"). */
const SMALL_CODES: ReadonlySet<string> = new Set(
  'usd eur gbp jpy chf cad aud inr cny sek nok dkk pln nzd sgd'.split(' '),
);

export function createAmountReader(vocabulary: Vocabulary): AmountReader {
  const symbols = new Map(
    vocabulary.currencies.flatMap(({ code, symbols: list }) => list.map((symbol) => [symbol, code] as const)),
  );
  const words = phraseTable(
    vocabulary.currencies.map(({ code, words: list }) => [code, list.join(', ')] as const),
  );
  const measures = new Set(vocabulary.measureUnits.map(stemOf));
  return {
    amountAt: (tokens, index) => {
      const before = currencyAt(tokens, index, symbols, undefined);
      const at = before?.end ?? index;
      const number = numberAt(tokens, at);
      if (!number) return undefined;
      const { read, end } = millions(tokens, number, before !== undefined);
      const after = currencyAt(tokens, end, symbols, words);
      const isMass = tokens[end]?.stem === 'pound' && tokens[end + 1]?.stem === 'of';
      const currency = before?.code ?? (isMass ? undefined : after?.code);
      if (currency === undefined && measures.has(tokens[end]?.stem ?? '')) return undefined;
      const last = before || isMass ? end : (after?.end ?? end);
      return { value: read.value, power: read.power, currency, start: index, end: last };
    },
  };
}

/** "€2m": with a currency in front a glued m is a million, without one it is a metre. */
function millions(
  tokens: readonly Token[],
  number: NumberRead,
  hasCurrency: boolean,
): { read: NumberRead; end: number } {
  const next = tokens[number.end];
  if (!hasCurrency || next?.stem !== 'm' || !next.glued) return { read: number, end: number.end };
  return { read: { ...number, value: shift(number.value, 6), power: 6 }, end: number.end + 1 };
}

function currencyAt(
  tokens: readonly Token[],
  index: number,
  symbols: ReadonlyMap<string, string>,
  words: PhraseTable<string> | undefined,
): { code: string; end: number } | undefined {
  const token = tokens[index];
  if (!token) return undefined;
  if (token.kind === 'currency') {
    const code = symbols.get(token.text);
    return code === undefined ? undefined : { code, end: index + 1 };
  }
  const upper = token.text.toUpperCase();
  const isCode = token.text === upper || SMALL_CODES.has(token.text.toLowerCase());
  if (isCode && /^[A-Z]{3}$/.test(upper) && isAsset(upper)) return { code: upper, end: index + 1 };
  const phrase = words && phraseAt(words, tokens, index);
  return phrase && { code: phrase.value, end: phrase.end };
}
