/** An interpreter of rules and a vocabulary: exact, explainable and without a model. It reads English. */
import type { Constraints } from '../constraints';
import { createAmountReader } from './amounts';
import { composeContext } from './compose';
import { compileLexicon } from './lexicon';
import { mergeConstraints } from './merge';
import { readSentence, type Reader, type Reading } from './reading';
import type {
  BehaviouralSignals,
  EntityType,
  Explanation,
  ExtractedEntity,
  InterpretationInput,
  InterpretationResult,
  Interpreter,
} from './types';
import { VOCABULARY, type Vocabulary } from './vocabulary';
import { wishesOf, type Wish, type Wishes } from './wishes';

export interface RuleInterpreterOptions {
  /** What a price without a currency is read as; USD by default. */
  readonly defaultCurrency?: string;
}

const MAX_INTENT = 2_000;

export function createRuleInterpreter(
  vocabulary: Vocabulary = VOCABULARY,
  options: RuleInterpreterOptions = {},
): Interpreter {
  const reader: Reader = {
    vocabulary,
    lexicon: compileLexicon(vocabulary),
    amounts: createAmountReader(vocabulary),
  };
  const defaults = { currency: options.defaultCurrency ?? 'USD' };
  const name = `rules-${vocabulary.version}`;
  return {
    interpret: async (input) => interpretWith(reader, defaults, name, input),
  };
}

function interpretWith(
  reader: Reader,
  defaults: { currency: string },
  name: string,
  input: InterpretationInput,
): InterpretationResult {
  if (input.intent.trim() === '') return { ok: false, reason: 'empty', detail: 'the intent is empty' };
  if (input.intent.length > MAX_INTENT) {
    return { ok: false, reason: 'too_long', detail: `the intent has more than ${MAX_INTENT} characters` };
  }
  const reading = readSentence(reader, input.intent, input.now);
  const stated: Constraints = input.constraints ?? {};
  const category = stated.hard?.category ?? reading.category?.path;
  if (category === undefined) {
    const detail = 'no known category was found; name what is wanted, or state constraints.hard.category';
    return { ok: false, reason: 'no_category', detail };
  }
  const wishes = withUse(wishesOf(reading), reader, input);
  const merged = mergeConstraints(reading, wishes, stated, defaults);
  const constraints = withDestination(merged.constraints, input.context?.country);
  const label = reader.vocabulary.categories.find(({ path }) => path === category)?.label;
  const content = composeContext({
    categoryLabel: label,
    condition: merged.constraints.hard?.condition,
    tones: reading.tones,
    wishes,
  });
  return {
    ok: true,
    interpretation: {
      category,
      constraints,
      context: { content, language: 'en' },
      entities: entitiesOf(reading, wishes, category),
      behaviouralSignals: signalsOf(reading, wishes),
      confidence: confidenceOf(reading, stated, merged.contradictions.length),
      explanation: [...merged.explanation, ...explainWishes(reading, wishes)],
      contradictions: merged.contradictions,
      interpreter: name,
    },
  };
}

/** A use that the scout names counts like one in the sentence, as far as the vocabulary has a word for it. */
function withUse(wishes: Wishes, reader: Reader, { context, now }: InterpretationInput): Wishes {
  if (context?.useCase === undefined) return wishes;
  const words = context.useCase.replace(/[_-]+/g, ' ');
  const id = words.trim().toLowerCase().replace(/\s+/g, '_');
  const named = reader.vocabulary.useCases.filter((term) => term.id === id).map((term) => ({ term, words }));
  const said = wishesOf(readSentence(reader, words, now));
  const unite = <T extends { id: string }>(...lists: (readonly Wish<T>[])[]) => [
    ...new Map(lists.flat().map((wish) => [wish.term.id, wish])).values(),
  ];
  return {
    ...wishes,
    useCases: unite(named, said.useCases, wishes.useCases),
    environments: unite(said.environments, wishes.environments),
  };
}

/** It is sent to where the buyer is, unless something else was said. */
function withDestination(constraints: Constraints, country: string | undefined): Constraints {
  if (country === undefined || constraints.hard?.ships_to !== undefined) return constraints;
  return { ...constraints, hard: { ...constraints.hard, ships_to: country } };
}

const SURE = 0.95;
const LIKELY = 0.85;

function entitiesOf(reading: Reading, wishes: Wishes, category: string): ExtractedEntity[] {
  const entities: ExtractedEntity[] = [];
  const add = (type: EntityType, values: readonly string[], confidence: number) =>
    entities.push(...values.map((value) => ({ type, value, confidence })));
  const labels = (list: readonly Wish<{ label: string }>[]) => list.map(({ term }) => term.label);
  const names = (list: readonly Wish<string>[]) => list.map(({ term }) => term);
  add('category', [category], round(reading.category?.certainty ?? 1));
  add('use_case', labels(wishes.useCases), SURE);
  add('environment', labels(wishes.environments), LIKELY);
  add('feature', labels(wishes.featuresRequired), SURE);
  add('feature', labels(wishes.featuresPreferred), LIKELY);
  add('brand_affinity', names(wishes.brandsLiked), LIKELY);
  add('brand', names([...wishes.brandsPreferred, ...wishes.brandsAcceptable]), SURE);
  add('brand_excluded', names(wishes.brandsExcluded), SURE);
  add('certification', labels([...wishes.certificationsRequired, ...wishes.certificationsPreferred]), SURE);
  add('recipient', wishes.recipient ? [wishes.recipient.term.label] : [], LIKELY);
  add('quality', reading.tones.has('premium') ? ['premium'] : [], LIKELY);
  return entities;
}

/** Guesses about the buyer. They never leave for a seller. */
function signalsOf({ tones, prices, deadline }: Reading, wishes: Wishes): BehaviouralSignals {
  const features = wishes.featuresRequired.length + wishes.featuresPreferred.length;
  const limited = prices.some(({ kind }) => kind === 'upper' || kind === 'range');
  return {
    price_sensitivity: tones.has('cheap') ? 'high' : tones.has('premium') && !limited ? 'low' : 'moderate',
    brand_loyalty: wishes.brandsLiked.length ? 'high' : wishes.brandsPreferred.length ? 'moderate' : 'low',
    feature_focus: features >= 3 ? 'high' : features > 0 ? 'moderate' : 'low',
    decision_speed: tones.has('urgent') || deadline ? 'fast' : tones.has('unhurried') ? 'slow' : 'moderate',
  };
}

/** How sure: of the category above all, a little less for guessed currencies and contradictions. */
function confidenceOf({ category, prices }: Reading, stated: Constraints, contradictions: number): number {
  const base = stated.hard?.category ? 0.95 : 0.5 + 0.45 * (category?.certainty ?? 0);
  const guessed = prices.length > 0 && !stated.hard?.currency && prices.every(({ currency }) => !currency);
  return round(Math.max(0.1, base - (guessed ? 0.05 : 0) - 0.1 * Math.min(3, contradictions)));
}

function explainWishes(reading: Reading, wishes: Wishes): Explanation[] {
  const explain = (list: readonly Wish<{ label: string } | string>[], meaning: string) =>
    list.map(({ term, words }) => ({
      words,
      meaning: `${meaning}: ${typeof term === 'string' ? term : term.label}`,
    }));
  return [
    ...explain(wishes.featuresRequired, 'required feature'),
    ...explain(wishes.featuresPreferred, 'preferred feature'),
    ...explain(wishes.featuresUnwanted, "not wanted, which only a seller's description can show"),
    ...explain(wishes.certificationsRequired, 'required certification'),
    ...explain(wishes.certificationsPreferred, 'preferred certification'),
    ...explain([...wishes.brandsLiked, ...wishes.brandsPreferred], 'preferred brand'),
    ...explain(wishes.brandsAcceptable, 'acceptable brand'),
    ...explain(wishes.brandsExcluded, 'excluded brand'),
    ...explain(wishes.useCases, 'use'),
    ...explain(wishes.environments, 'surroundings'),
    ...explain(wishes.recipient ? [wishes.recipient] : [], 'for'),
    ...[...reading.tones].map(([tone, words]) => ({ words, meaning: `tone: ${tone}` })),
  ];
}

const round = (value: number): number => Math.round(value * 100) / 100;
