/** Numbers in digits and words, exact: decimal strings, never floats. */
import type { Token } from './text';

const WORDS: Readonly<Record<string, number>> = {
  zero: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
};
const POWERS: Readonly<Record<string, number>> = {
  hundred: 2,
  thousand: 3,
  grand: 3,
  k: 3,
  million: 6,
  mio: 6,
};
const MAX_DIGITS = 15;

export interface NumberRead {
  /** A decimal string in plain form: `1200`, `99.95`. */
  readonly value: string;
  /** Index after the last token. */
  readonly end: number;
  /** Powers of ten that a word such as "k" or "thousand" gave. */
  readonly power: number;
  readonly inWords: boolean;
}

/** Reads the number that begins at `index`. */
export function numberAt(tokens: readonly Token[], index: number): NumberRead | undefined {
  const token = tokens[index];
  if (token?.kind === 'number') return digitsAt(tokens, index, token);
  return token?.kind === 'word' ? wordsAt(tokens, index) : undefined;
}

function digitsAt(tokens: readonly Token[], index: number, token: Token): NumberRead | undefined {
  const decimal = decimalOf(token.text);
  if (decimal === undefined) return undefined;
  const next = tokens[index + 1];
  const power = next?.kind === 'word' && Object.hasOwn(POWERS, next.stem) ? (POWERS[next.stem] ?? 0) : 0;
  // "4 k" with a space is no thousand; "4k" is, and so is "4 thousand".
  if (power === 0 || (next?.stem === 'k' && !next.glued)) {
    return { value: decimal, end: index + 1, power: 0, inWords: false };
  }
  return { value: shift(decimal, power), end: index + 2, power, inWords: false };
}

/** "three hundred and fifty", "a thousand", "twenty-five". */
function wordsAt(tokens: readonly Token[], index: number): NumberRead | undefined {
  let total = 0;
  let current = 0;
  let end = index;
  let power = 0;
  for (let at = index; at < tokens.length && at < index + 10; at += 1) {
    const word = tokens[at]?.stem ?? '';
    if (Object.hasOwn(WORDS, word)) {
      current += WORDS[word] ?? 0;
    } else if (word === 'hundred' || word === 'thousand') {
      power = POWERS[word] ?? 0;
      current = (current || 1) * 10 ** power;
      if (word === 'thousand') [total, current] = [total + current, 0];
    } else if (at === index && word === 'a' && ['hundred', 'thousand'].includes(tokens[at + 1]?.stem ?? '')) {
      continue;
    } else if (end === at && at > index && joins(word, tokens[at], tokens[at + 1])) {
      end = at + 1;
      continue;
    } else break;
    end = at + 1;
  }
  // A trailing "and" belongs to what follows.
  while (end > index && !isNumberWord(tokens[end - 1]?.stem ?? '')) end -= 1;
  return end > index ? { value: String(total + current), end, power, inWords: true } : undefined;
}

function joins(word: string, token: Token | undefined, next: Token | undefined): boolean {
  return (word === 'and' || token?.kind === 'dash') && Object.hasOwn(WORDS, next?.stem ?? '');
}

function isNumberWord(word: string): boolean {
  return Object.hasOwn(WORDS, word) || word === 'hundred' || word === 'thousand';
}

/** Reads grouping and decimal marks of either convention. Undefined where a number is not plausible. */
export function decimalOf(text: string): string | undefined {
  const compact = text.replace(/[ ']/g, '');
  const marks = compact.replace(/\d/g, '');
  const last = marks.at(-1);
  const tail = last === undefined ? '' : compact.slice(compact.lastIndexOf(last) + 1);
  const mixed = new Set(marks).size > 1;
  const isDecimal = last !== undefined && (mixed || (marks.length === 1 && tail.length !== 3));
  const whole = (isDecimal ? compact.slice(0, compact.lastIndexOf(last)) : compact).replace(/[.,]/g, '');
  const value = plain(isDecimal ? `${whole}.${tail}` : whole);
  return value.length > MAX_DIGITS ? undefined : value;
}

/** `decimal` times ten to the `power`. */
export function shift(decimal: string, power: number): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  const digits = fraction.padEnd(power, '0');
  return plain(`${whole}${digits.slice(0, power)}${digits.length > power ? `.${digits.slice(power)}` : ''}`);
}

function plain(decimal: string): string {
  return decimal.replace(/^0+(?=\d)/, '');
}
