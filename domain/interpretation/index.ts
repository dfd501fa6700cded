/** Interpretation: from a buyer's sentence to constraints, and to a context that is safe to show to sellers. */
export type * from './types';
export { createRuleInterpreter, type RuleInterpreterOptions } from './rule-interpreter';
export { contextWords } from './compose';
export { VOCABULARY, type Vocabulary } from './vocabulary';
