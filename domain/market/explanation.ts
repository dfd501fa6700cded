/** One sentence on why an offer stands where it stands: AURA's word, so nothing that a seller wrote is in it. */
import type { ScoreInput, StructuredMatch } from './ranking';

export function explainOffer(match: StructuredMatch, score: ScoreInput): string {
  const met = match.parts
    .filter((part) => part.met === 1)
    .map((part) => part.preference.replaceAll('_', ' '));
  const partly = match.parts
    .filter((part) => part.met > 0 && part.met < 1)
    .map((part) => part.preference.replaceAll('_', ' '));
  const missed = match.parts
    .filter((part) => part.met === 0)
    .map((part) => part.preference.replaceAll('_', ' '));
  const parts = [
    met.length ? `meets ${met.join(', ')}` : '',
    partly.length ? `partly ${partly.join(', ')}` : '',
    missed.length ? `misses ${missed.join(', ')}` : '',
    `${score.semanticSimilarity >= 60 ? 'fits' : 'only loosely fits'} the request's context`,
    `seller reputation ${Math.round(score.baseReputation)}`,
  ].filter(Boolean);
  const sentence = parts.join('; ');
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
