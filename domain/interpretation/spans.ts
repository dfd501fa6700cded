/** Helpers to look for phrases among tokens. */
import { isJoiner, stemsOf, type Token } from './text';

export type PhraseTable<T> = readonly { readonly stems: readonly string[]; readonly value: T }[];

/** A table of phrases (separated by commas), longest first. */
export function phraseTable<T>(rows: readonly (readonly [value: T, phrases: string])[]): PhraseTable<T> {
  return rows
    .flatMap(([value, phrases]) => phrases.split(', ').map((phrase) => ({ stems: stemsOf(phrase), value })))
    .sort((a, b) => b.stems.length - a.stems.length);
}

/** The phrase that begins at `index`; "second-hand" matches "second hand". */
export function phraseAt<T>(
  table: PhraseTable<T>,
  tokens: readonly Token[],
  index: number,
): { value: T; end: number } | undefined {
  for (const { stems, value } of table) {
    const end = endOfStems(stems, tokens, index);
    if (end !== undefined) return { value, end };
  }
  return undefined;
}

/** The index after the last of `stems`, where they begin at `index` with nothing but joiners between them. */
export function endOfStems(
  stems: readonly string[],
  tokens: readonly Token[],
  index: number,
): number | undefined {
  let at = index;
  for (const [position, stem] of stems.entries()) {
    let token = tokens[at];
    while (position > 0 && token && isJoiner(token)) token = tokens[(at += 1)];
    if (token?.stem !== stem) return undefined;
    at += 1;
  }
  return at;
}

/** The phrase that ends right before `index`. */
export function phraseBefore<T>(
  table: PhraseTable<T>,
  tokens: readonly Token[],
  index: number,
): { value: T; start: number } | undefined {
  const found = table.find(({ stems }) => {
    const start = index - stems.length;
    return start >= 0 && stems.every((stem, offset) => tokens[start + offset]?.stem === stem);
  });
  return found && { value: found.value, start: index - found.stems.length };
}

export function isEndOfClause(token: Token | undefined): boolean {
  return token === undefined || (token.kind === 'mark' && /[.,;:!?()]/.test(token.text));
}

export function take(taken: Set<number>, start: number, end: number): void {
  for (let index = start; index < end; index += 1) taken.add(index);
}
