/**
 * Embeddings for semantic similarity. The local one is deterministic and needs no model: words, stems and character
 * trigrams are hashed into a vector, and what the vocabulary knows as one concept is hashed as one.
 */
import { createHash } from 'node:crypto';
import { compileLexicon, findMentions, type Lexicon, type Mention } from './interpretation/lexicon';
import { normalise, tokenize, type Token } from './interpretation/text';
import { VOCABULARY, type ContextTerm, type Vocabulary } from './interpretation/vocabulary';

export interface Embedder {
  readonly dimensions: number;
  /** Name and version: vectors of different names can't be compared. */
  readonly name: string;
  /** A unit vector, or all zeros for a text without words. */
  embed(text: string): number[];
}

export const EMBEDDING_DIMENSIONS = 256;

const WEIGHTS = { concept: 4, implied: 1.5, category: 1.5, word: 1, trigram: 0.15 } as const;
const MAX_CHARACTERS = 8_000;
/** Words that say nothing about what is wanted or offered. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an the and or but of for to in on at by with from is are was were be been it its this that these those i my ' +
    'we our you your he she they them as so if then than too very can will would should could may might do does not ' +
    'no yes have has had need want like looking buy get please prefer use used make also just any some all more most ' +
    'because matter experience good'
  ).split(' '),
);

export function createEmbedder(vocabulary: Vocabulary = VOCABULARY): Embedder {
  const lexicon = compileLexicon(vocabulary);
  const place = createPlacer();
  return {
    dimensions: EMBEDDING_DIMENSIONS,
    name: `local-hash-${vocabulary.version}`,
    embed: (text) => {
      const vector = new Float64Array(EMBEDDING_DIMENSIONS);
      for (const [feature, weight] of featuresOf(lexicon, text)) {
        const { index, sign } = place(feature);
        vector[index] = (vector[index] ?? 0) + sign * weight;
      }
      return unit(vector);
    },
  };
}

/** 0–100 of a cosine; what points away is as good as unrelated. */
export function similarityScore(cosine: number): number {
  if (!Number.isFinite(cosine)) return 0;
  return Math.round(10_000 * Math.min(1, Math.max(0, cosine))) / 100;
}

/** The cosine of two unit vectors. */
export function cosineSimilarity(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function featuresOf(lexicon: Lexicon, text: string): Map<string, number> {
  const weights = new Map<string, number>();
  // Saturating: the tenth repetition of a word adds next to nothing, so stuffing a description doesn't pay.
  const add = (feature: string, weight: number) => {
    const known = weights.get(feature) ?? 0;
    weights.set(feature, known + weight / (1 + (3 * known) / weight));
  };
  const sentence = normalise(text.slice(0, MAX_CHARACTERS));
  const tokens = tokenize(sentence);
  const mentions = findMentions(lexicon, sentence, tokens, new Set());
  for (const mention of mentions) addConcepts(mention, add);
  const covered = new Set(mentions.flatMap(({ start, end }) => tokens.slice(start, end)));
  for (const token of tokens) addWord(token, covered.has(token), add);
  return weights;
}

type Add = (feature: string, weight: number) => void;

function addConcepts(mention: Mention, add: Add): void {
  switch (mention.kind) {
    case 'brand':
      return add(`brand:${mention.term.name}`, WEIGHTS.concept);
    case 'country':
      return;
    case 'category':
      // Ancestors are shared, so that siblings are closer than strangers.
      for (const path of prefixes(mention.term.path)) add(`category:${path}`, WEIGHTS.category);
      return;
    case 'use_case':
    case 'environment':
      add(`context:${mention.term.id}`, WEIGHTS.concept);
      return addImplied(mention.term, add);
    default:
      return add(`${mention.kind}:${mention.term.id}`, WEIGHTS.concept);
  }
}

/** A commute in a loud train has to do with noise cancellation, although nobody said so. */
function addImplied({ matters }: ContextTerm, add: Add): void {
  for (const id of matters?.features.slice(0, 3) ?? []) add(`feature:${id}`, WEIGHTS.implied);
  if (matters) add(`because:${matters.because}`, WEIGHTS.implied);
}

function prefixes(path: string): string[] {
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

function addWord({ kind, stem }: Token, covered: boolean, add: Add): void {
  if (kind !== 'word' || stem.length < 2 || STOP_WORDS.has(stem)) return;
  if (!covered) add(`word:${stem}`, WEIGHTS.word);
  const padded = `^${stem.slice(0, 20)}$`;
  for (let at = 0; at + 3 <= padded.length; at += 1)
    add(`trigram:${padded.slice(at, at + 3)}`, WEIGHTS.trigram);
}

const CACHE_MAX = 50_000;

/** Where a feature goes, and with which sign, so that collisions cancel rather than add up. */
function createPlacer(): (feature: string) => { index: number; sign: 1 | -1 } {
  const known = new Map<string, { index: number; sign: 1 | -1 }>();
  return (feature) => {
    const cached = known.get(feature);
    if (cached) return cached;
    const digest = createHash('sha256').update(feature).digest();
    const placed = {
      index: digest.readUInt16BE(0) % EMBEDDING_DIMENSIONS,
      sign: digest[2]! & 1 ? 1 : -1,
    } as const;
    if (known.size >= CACHE_MAX) known.clear();
    known.set(feature, placed);
    return placed;
  };
}

function unit(vector: Float64Array): number[] {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
