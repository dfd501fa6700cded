/** What an interpreter is asked and what it answers. A language model can stand behind the same interface later. */
import type { Constraints } from '../constraints';

export interface InterpretationInput {
  /** The buyer's sentence. Never shown to a seller. */
  readonly intent: string;
  /** What the scout states itself. It wins over the sentence. */
  readonly constraints?: Constraints;
  /** What it says of itself: words for what the thing is for, and the ISO 3166 country it buys from. */
  readonly context?: { readonly useCase?: string; readonly country?: string };
  /** "By Friday" depends on it. */
  readonly now: Date;
}

export interface ExtractedEntity {
  type: EntityType;
  /** A word of the vocabulary, never of the sentence. */
  value: string;
  /** 0–1. */
  confidence: number;
}

export type EntityType =
  | 'category'
  | 'feature'
  | 'brand_affinity'
  | 'brand'
  | 'brand_excluded'
  | 'use_case'
  | 'environment'
  | 'recipient'
  | 'condition'
  | 'certification'
  | 'quality'
  | 'country';

/** Withheld from sellers. */
export interface BehaviouralSignals {
  price_sensitivity: 'low' | 'moderate' | 'high';
  brand_loyalty: 'low' | 'moderate' | 'high';
  feature_focus: 'low' | 'moderate' | 'high';
  decision_speed: 'slow' | 'moderate' | 'fast';
}

/** Which words led to what. For the scout's own eyes: it quotes the sentence. */
export interface Explanation {
  words: string;
  meaning: string;
}

/** Where the sentence and the stated constraints, or two parts of the sentence, say different things. */
export interface Contradiction {
  /** A path into the constraints, such as `hard.price_max`. */
  field: string;
  kept: string;
  dropped: string;
}

export interface Interpretation {
  category: string;
  constraints: Constraints;
  /** Composed of vocabulary only: safe to show to a seller and to a model behind one. */
  context: { content: string; language: string };
  entities: ExtractedEntity[];
  behaviouralSignals: BehaviouralSignals;
  /** 0–1. */
  confidence: number;
  explanation: Explanation[];
  contradictions: Contradiction[];
  /** Name and version of what interpreted. */
  interpreter: string;
}

export type InterpretationFailure = 'empty' | 'too_long' | 'no_category';

export type InterpretationResult =
  { ok: true; interpretation: Interpretation } | { ok: false; reason: InterpretationFailure; detail: string };

export interface Interpreter {
  interpret(input: InterpretationInput): Promise<InterpretationResult>;
}
