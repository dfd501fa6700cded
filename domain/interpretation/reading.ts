/** A sentence read with the vocabulary: every finding, before it is merged with what the scout states itself. */
import type { AmountReader } from './amounts';
import {
  findConditions,
  findDestination,
  findInStock,
  findTones,
  type ConditionFinding,
  type Tone,
} from './attributes';
import { chooseCategory, type CategoryChoice } from './category-choice';
import { rolesOf, type MentionRole } from './cues';
import { findDeadline, type DeadlineFinding } from './deadlines';
import { findMentions, type Lexicon, type Mention } from './lexicon';
import { findPrices, type PriceFinding } from './prices';
import { findQuantity, type QuantityFinding } from './quantities';
import { maskPersonal, normalise, tokenize } from './text';
import type { Vocabulary } from './vocabulary';

export interface Reading {
  readonly sentence: string;
  readonly category: CategoryChoice | undefined;
  readonly prices: readonly PriceFinding[];
  readonly quantity: QuantityFinding | undefined;
  readonly deadline: DeadlineFinding | undefined;
  readonly conditions: readonly ConditionFinding[];
  readonly inStock: string | undefined;
  readonly destination: (Mention & { kind: 'country' }) | undefined;
  readonly tones: ReadonlyMap<Tone, string>;
  readonly mentions: readonly Mention[];
  readonly roles: readonly MentionRole[];
}

export interface Reader {
  readonly vocabulary: Vocabulary;
  readonly lexicon: Lexicon;
  readonly amounts: AmountReader;
}

/** Money, dates and counts are read first: their words can't mean anything else then. */
export function readSentence(reader: Reader, intent: string, now: Date): Reading {
  const sentence = normalise(intent);
  const tokens = tokenize(maskPersonal(sentence));
  const taken = new Set<number>();
  const deadline = findDeadline(sentence, tokens, now, taken);
  const prices = findPrices(sentence, tokens, reader.amounts, taken);
  const inStock = findInStock(sentence, tokens, taken);
  const drafts = findMentions(reader.lexicon, sentence, tokens, taken);
  const conditions = findConditions(sentence, tokens, drafts, taken);
  const quantity = findQuantity(sentence, tokens, drafts, taken, reader.vocabulary);
  const mentions = findMentions(reader.lexicon, sentence, tokens, taken);
  const roles = rolesOf(tokens, mentions, taken);
  const category = chooseCategory(tokens, mentions, roles);
  const destination = findDestination(tokens, mentions, category?.path);
  const tones = findTones(tokens);
  return {
    sentence,
    category,
    prices,
    quantity,
    deadline,
    conditions,
    inStock,
    destination,
    tones,
    mentions,
    roles,
  };
}
