/** Condition, stock, quality and destination: facts of a sentence that are no vocabulary mention of their own kind. */
import type { Condition } from '../constraints';
import type { Mention } from './lexicon';
import { phraseAt, phraseTable, take } from './spans';
import { between, type Token } from './text';

export interface ConditionFinding {
  readonly condition: Condition;
  readonly wanted: boolean;
  readonly words: string;
}

const CONDITIONS = phraseTable<Condition>([
  ['new', 'brand new, new, unused, factory sealed, sealed, mint in box'],
  ['used', 'used, second hand, secondhand, pre owned, preowned, pre loved, preloved'],
  ['refurbished', 'refurbished, refurb, renewed, reconditioned, remanufactured'],
]);
const NEGATIONS: ReadonlySet<string> = new Set('no not never without'.split(' '));
/** "I used to", "used for": a verb, not a condition. */
const AFTER_VERB_USED: ReadonlySet<string> = new Set('to for by in with as on at every daily'.split(' '));
const BEFORE_VERB_USED: ReadonlySet<string> = new Set(
  'i we he she they be been being get have has had always is are'.split(' '),
);
const NEW_THINGS_BEFORE: ReadonlySet<string> = new Set('my our your his her their the'.split(' '));

export function findConditions(
  sentence: string,
  tokens: readonly Token[],
  mentions: readonly Mention[],
  taken: Set<number>,
): ConditionFinding[] {
  const inside = new Set(
    mentions.filter(({ start, end }) => end - start > 1).flatMap(({ start, end }) => range(start, end)),
  );
  const found: ConditionFinding[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const phrase = taken.has(at) || inside.has(at) ? undefined : phraseAt(CONDITIONS, tokens, at);
    if (!phrase || !isCondition(tokens, at, phrase.end, mentions)) continue;
    take(taken, at, phrase.end);
    const wanted = ![tokens[at - 1], tokens[at - 2]].some((token) => NEGATIONS.has(token?.stem ?? ''));
    found.push({
      condition: phrase.value,
      wanted,
      words: between(sentence, tokens[at], tokens[phrase.end - 1]),
    });
    at = phrase.end - 1;
  }
  return found;
}

const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, offset) => start + offset);

function isCondition(
  tokens: readonly Token[],
  at: number,
  end: number,
  mentions: readonly Mention[],
): boolean {
  const [word, previous, next] = [tokens[at]?.stem, tokens[at - 1]?.stem ?? '', tokens[end]?.stem ?? ''];
  if (word === 'used') return !AFTER_VERB_USED.has(next) && !BEFORE_VERB_USED.has(previous);
  if (word !== 'new' || end - at > 1) return true;
  // "for our new office" says nothing of the goods; "a new laptop" does.
  if (NEW_THINGS_BEFORE.has(previous)) return false;
  const isAlone =
    !/^\p{L}/u.test(tokens[end]?.text ?? '') || ['or', 'and', 'only', 'condition'].includes(next);
  return isAlone || mentions.some(({ start }) => start >= end && start - end <= 2);
}

const IN_STOCK = phraseTable<true>([
  [true, 'in stock, available now, available immediately, ready to ship, ships today'],
]);

export function findInStock(
  sentence: string,
  tokens: readonly Token[],
  taken: Set<number>,
): string | undefined {
  for (let at = 0; at < tokens.length; at += 1) {
    const phrase = phraseAt(IN_STOCK, tokens, at);
    if (!phrase) continue;
    take(taken, at, phrase.end);
    return between(sentence, tokens[at], tokens[phrase.end - 1]);
  }
  return undefined;
}

export type Tone = 'premium' | 'cheap' | 'urgent' | 'gift' | 'unhurried';

const TONES = phraseTable<Tone>([
  [
    'premium',
    'premium, high end, luxury, luxurious, top of the line, best quality, expensive, high quality, top quality, the best, finest, deluxe',
  ],
  [
    'cheap',
    'cheap, cheapest, inexpensive, affordable, low cost, bargain, on a budget, tight budget, good deal, budget friendly, good value, value for money',
  ],
  ['urgent', 'urgent, urgently, asap, as soon as possible, right away, immediately, in a hurry'],
  ['unhurried', 'no rush, no hurry, whenever, not urgent, take your time'],
  ['gift', 'gift, present, birthday, anniversary, christmas present, valentine'],
]);

export function findTones(tokens: readonly Token[]): ReadonlyMap<Tone, string> {
  const found = new Map<Tone, string>();
  for (let at = 0; at < tokens.length; at += 1) {
    const phrase = phraseAt(TONES, tokens, at);
    if (!phrase) continue;
    const words = tokens
      .slice(at, phrase.end)
      .map(({ text }) => text)
      .join(' ');
    const negated = NEGATIONS.has(tokens[at - 1]?.stem ?? '');
    if (!negated) found.set(phrase.value, words);
    at = phrase.end - 1;
  }
  return found;
}

const TOWARDS: ReadonlySet<string> = new Set('to in near around'.split(' '));
const ORIGIN: ReadonlySet<string> = new Set(
  'from made imported origin produced manufactured grown brewed'.split(' '),
);
const SHIPPING: ReadonlySet<string> = new Set(
  'ship shipped shipping deliver delivered delivery send sent live living based located address'.split(' '),
);
const REACH = 4;

/** Where it has to go. In travel a place is where the buyer goes, unless shipping is mentioned. */
export function findDestination(
  tokens: readonly Token[],
  mentions: readonly Mention[],
  category: string | undefined,
): (Mention & { kind: 'country' }) | undefined {
  const placesAreContent = /^(travel|services\.translation|services\.tutoring|books)/.test(category ?? '');
  return mentions.find((mention): mention is Mention & { kind: 'country' } => {
    if (mention.kind !== 'country') return false;
    const before = tokens.slice(Math.max(0, mention.start - REACH), mention.start).map(({ stem }) => stem);
    if (before.slice(-2).some((stem) => ORIGIN.has(stem))) return false;
    if (before.some((stem) => SHIPPING.has(stem))) return true;
    return !placesAreContent && before.slice(-2).some((stem) => TOWARDS.has(stem));
  });
}
