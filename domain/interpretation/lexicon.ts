/** A vocabulary compiled for matching: the longest phrase at each place wins. */
import { endOfStems } from './spans';
import { between, isCapitalised, stemsOf, type Token } from './text';
import { COUNTRY_CODES_IN_TEXT } from './vocabulary/places-and-units';
import type {
  BrandTerm,
  CategoryTerm,
  ContextTerm,
  CountryTerm,
  FeatureTerm,
  NamedTerm,
  Vocabulary,
} from './vocabulary';

export type Term =
  | { kind: 'category'; term: CategoryTerm }
  | { kind: 'feature'; term: FeatureTerm }
  | { kind: 'brand'; term: BrandTerm }
  | { kind: 'use_case'; term: ContextTerm }
  | { kind: 'environment'; term: ContextTerm }
  | { kind: 'recipient'; term: NamedTerm }
  | { kind: 'certification'; term: NamedTerm }
  | { kind: 'country'; term: CountryTerm };

export type Mention = Term & {
  /** Token indexes; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly words: string;
};

interface Phrase {
  readonly stems: readonly string[];
  readonly term: Term;
}

export interface Lexicon {
  readonly byFirstStem: ReadonlyMap<string, readonly Phrase[]>;
}

export function compileLexicon(vocabulary: Vocabulary): Lexicon {
  const terms: Term[] = [
    ...vocabulary.categories.map((term) => ({ kind: 'category', term }) as const),
    ...vocabulary.features.map((term) => ({ kind: 'feature', term }) as const),
    ...vocabulary.brands.map((term) => ({ kind: 'brand', term }) as const),
    ...vocabulary.useCases.map((term) => ({ kind: 'use_case', term }) as const),
    ...vocabulary.environments.map((term) => ({ kind: 'environment', term }) as const),
    ...vocabulary.recipients.map((term) => ({ kind: 'recipient', term }) as const),
    ...vocabulary.certifications.map((term) => ({ kind: 'certification', term }) as const),
    ...vocabulary.countries.map((term) => ({ kind: 'country', term }) as const),
  ];
  const byFirstStem = new Map<string, Phrase[]>();
  for (const term of terms) {
    const seen = new Set<string>();
    for (const words of term.term.words) {
      const stems = stemsOf(words);
      const [first] = stems;
      if (first === undefined || seen.has(stems.join(' '))) continue;
      seen.add(stems.join(' '));
      byFirstStem.set(first, [...(byFirstStem.get(first) ?? []), { stems, term }]);
    }
  }
  return { byFirstStem };
}

/** Everything of the vocabulary in a sentence. Tokens in `taken` already mean something else. */
export function findMentions(
  lexicon: Lexicon,
  sentence: string,
  tokens: readonly Token[],
  taken: ReadonlySet<number>,
): Mention[] {
  const mentions: Mention[] = [];
  for (let at = 0; at < tokens.length;) {
    const found = longestAt(lexicon, tokens, at, taken);
    const [first] = found;
    if (!first || isOverrun(lexicon, tokens, at, first.end, taken)) {
      at += 1;
      continue;
    }
    const words = between(sentence, tokens[at], tokens[first.end - 1]);
    for (const { phrase, end } of found) mentions.push({ ...phrase.term, start: at, end, words });
    at = first.end;
  }
  return mentions;
}

/** In "for running shoes" the shoes win over "for running". */
function isOverrun(
  lexicon: Lexicon,
  tokens: readonly Token[],
  start: number,
  end: number,
  taken: ReadonlySet<number>,
): boolean {
  for (let at = start + 1; at < end; at += 1) {
    if (longestAt(lexicon, tokens, at, taken).some((other) => other.end > end)) return true;
  }
  return false;
}

function isFree(taken: ReadonlySet<number>, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (taken.has(index)) return false;
  return true;
}

function longestAt(
  lexicon: Lexicon,
  tokens: readonly Token[],
  at: number,
  taken: ReadonlySet<number>,
): { phrase: Phrase; end: number }[] {
  const phrases = lexicon.byFirstStem.get(tokens[at]?.stem ?? '') ?? [];
  const found = phrases.flatMap((phrase) => {
    const end = endOfStems(phrase.stems, tokens, at);
    return end !== undefined && isFree(taken, at, end) && isMeant(phrase, tokens, at, end)
      ? [{ phrase, end }]
      : [];
  });
  const longest = Math.max(...found.map(({ end }) => end));
  return found.filter(({ end }) => end === longest);
}

/** Nouns that are verbs as well: "book a hotel", "watch the game". */
const VERBS: ReadonlySet<string> = new Set(
  'book watch ring table drill paint saw suit train pack plate pool food drone light study run bolt pump'.split(
    ' ',
  ),
);
const AFTER_A_VERB: ReadonlySet<string> = new Set(
  'a an the my our me us it them him her this that these two'.split(' '),
);

function isMeant({ stems, term }: Phrase, tokens: readonly Token[], at: number, end: number): boolean {
  const token = tokens[at] as Token;
  const [only] = stems;
  if (
    stems.length === 1 &&
    only !== undefined &&
    VERBS.has(only) &&
    AFTER_A_VERB.has(tokens[end]?.stem ?? '')
  ) {
    return false;
  }
  // "a case of wine", "just in case".
  if (only === 'case' && (tokens[end]?.stem === 'of' || tokens[at - 1]?.stem === 'in')) return false;
  if (term.kind === 'brand' && term.term.everyday) return isCapitalised(token) && at > 0;
  if (term.kind !== 'country') return true;
  const isCode = COUNTRY_CODES_IN_TEXT.has(only?.toUpperCase() ?? '');
  return isCode && stems.length === 1 ? token.text === token.text.toUpperCase() : isCapitalised(token);
}
