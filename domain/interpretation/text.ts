/** A sentence as tokens. Offsets point into the normalised sentence. */

export type TokenKind = 'word' | 'number' | 'currency' | 'dash' | 'mark';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Lower case, without accents, apostrophes and plural endings. */
  readonly stem: string;
  readonly start: number;
  readonly end: number;
  /** No space before it. */
  readonly glued: boolean;
}

export function normalise(sentence: string): string {
  return sentence
    .normalize('NFKC')
    .replace(/[’‘ʼ]/g, "'")
    .replace(/[‐‑–—−]/g, '-')
    .replace(/\s+/gu, ' ')
    .trim();
}

const PERSONAL =
  /[^\s@]+@[^\s@]+|@\w{1,64}|(?:https?:\/\/|www\.)\S+|\+?\(?\d{2,4}\)?(?:[\s./-]\(?\d{2,5}\)?){2,5}(?!\d)/giu;

/**
 * Blanks addresses, links, handles and telephone numbers, keeping every offset: "sony.fan@example.com" says nothing
 * about Sony. Dates and grouped amounts look like telephone numbers and stay.
 */
export function maskPersonal(sentence: string): string {
  return sentence.replace(PERSONAL, (found) =>
    DATE_OR_AMOUNT.test(found) ? found : `;${' '.repeat(found.length - 1)}`,
  );
}

const DATE_OR_AMOUNT = /^\d{4}-\d\d-\d\d$|^\d{1,3}(?:[., ]\d{3})+(?:[.,]\d{1,2})?$/;

const PATTERN = new RegExp(
  [
    String.raw`(?<currency>(?:US|CA|AU|NZ|HK|MX|[ACSR])?\$|zł|[€£¥₹₩₺₪])`,
    // Model names such as WH-1000XM5 and codes such as ipx4 are one word.
    String.raw`(?<word>\p{L}+(?:-?\d+[\p{L}\d]*)+|\p{L}+(?:'\p{L}+)*)`,
    String.raw`(?<number>\d{1,3}(?:[., ']\d{3})+(?:[.,]\d{1,2})?(?![\d])|\d+(?:[.,]\d+)?)`,
    String.raw`(?<dash>-)`,
    String.raw`(?<mark>[^\s])`,
  ].join('|'),
  'gu',
);
const KINDS = ['currency', 'word', 'number', 'dash', 'mark'] as const;
const MAX_TOKENS = 1_000;

/** Tokens of a normalised sentence; beyond a thousand it stops reading. */
export function tokenize(sentence: string): Token[] {
  const tokens: Token[] = [];
  for (const match of sentence.matchAll(PATTERN)) {
    if (tokens.length >= MAX_TOKENS) break;
    const [text] = match;
    const start = match.index;
    const kind = KINDS.find((name) => match.groups?.[name] !== undefined) ?? 'mark';
    const glued = start > 0 && sentence[start - 1] !== ' ';
    tokens.push({ kind, text, stem: stemOf(text), start, end: start + text.length, glued });
  }
  return tokens;
}

export function stemOf(word: string): string {
  const plain = word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/['-]/g, '');
  if (plain.length <= 3 || /\d/.test(plain) || /(ss|us|is)$/.test(plain)) return plain;
  if (plain.endsWith('ies') && plain.length > 4) return `${plain.slice(0, -3)}y`;
  if (/(x|ch|sh|ss)es$/.test(plain)) return plain.slice(0, -2);
  return plain.endsWith('s') ? plain.slice(0, -1) : plain;
}

/** The tokens that words of a vocabulary are matched on: joining marks don't count. */
export function isJoiner({ kind, text }: Token): boolean {
  return kind === 'dash' || text === '&';
}

/** Stems of a text, joiners and punctuation left out. */
export function stemsOf(text: string): string[] {
  return tokenize(normalise(text))
    .filter(({ kind }) => kind === 'word' || kind === 'number')
    .map(({ stem }) => stem);
}

export function isCapitalised(token: Token): boolean {
  return /^\p{Lu}/u.test(token.text);
}

export function between(sentence: string, from: Token | undefined, to: Token | undefined): string {
  return from && to ? sentence.slice(from.start, to.end) : '';
}
