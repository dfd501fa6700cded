/** How the words around a mention change its meaning: wanted, required, nice to have, acceptable, or not wanted. */
import type { Mention } from './lexicon';
import { stemsOf, type Token } from './text';

export type Role = 'exclude' | 'unneeded' | 'require' | 'prefer' | 'accept' | 'liked' | 'plain';

interface Cue {
  readonly stems: readonly string[];
  readonly role: Role;
  readonly where: 'before' | 'after' | 'either';
  /** A stronger cue wins over a nearer one. */
  readonly strength: 1 | 2 | 3;
}

const cues = (role: Role, where: Cue['where'], strength: Cue['strength'], words: string): Cue[] =>
  words.split(', ').map((phrase) => ({ stems: stemsOf(phrase), role, where, strength }));

const CUES: readonly Cue[] = [
  ...cues(
    'exclude',
    'before',
    3,
    "anything but, anything except, everything but, anyone but, other than, except, except for, excluding, exclude, avoid, no, not, not from, never, without, don't want, do not want, don't like, do not like, dislike, hate, can't stand, instead of, rather than, nothing from, skip, stay away from, tired of, fed up with, disappointed by, disappointed with",
  ),
  ...cues(
    'exclude',
    'after',
    3,
    'is terrible, is awful, is bad, are terrible, are awful, was terrible, was awful, never again, is out, is not an option, are not an option, is a no go, never that',
  ),
  ...cues(
    'unneeded',
    'before',
    3,
    "don't need, do not need, no need for, doesn't need, need not, doesn't have to, don't care about, not necessarily, doesn't matter, not sure",
  ),
  ...cues(
    'unneeded',
    'after',
    3,
    "doesn't matter, is not important, isn't important, is not needed, isn't needed, is not necessary, isn't necessary",
  ),
  ...cues(
    'prefer',
    'before',
    2,
    'preferably, ideally, nice to have, would be nice, prefer, would prefer, hopefully, bonus for, bonus if, a plus if, if possible, optionally, maybe, perhaps',
  ),
  ...cues(
    'prefer',
    'after',
    2,
    'preferred, would be nice, would be great, would be good, would be a plus, is a plus, is a bonus, would be a bonus, if possible, if available, is nice to have, nice to have, optional, is optional, not required, is not required, is not a must, ideally',
  ),
  ...cues(
    'require',
    'before',
    2,
    'must, must have, must be, needs to, needs to be, has to, has to have, has to be, have to be, require, requires, required, requirement, essential, mandatory, only, strictly, important that, insist on, crucial, definitely',
  ),
  ...cues(
    'require',
    'after',
    3,
    'is a must, are a must, a must, must have, is required, are required, required, is essential, essential, is mandatory, mandatory, is important, is crucial, is key, is non negotiable, only, needed, is needed',
  ),
  ...cues(
    'require',
    'before',
    1,
    'need, with, that is, that are, that has, that have, which has, featuring, including',
  ),
  ...cues(
    'accept',
    'before',
    2,
    'would also accept, also accept, also consider, would consider, open to, fine with, ok with, okay with, happy with, alternatively, or maybe, could also be, also ok with, or even, otherwise, failing that',
  ),
  ...cues(
    'accept',
    'after',
    2,
    'is fine, is fine too, are fine, is ok, is okay, are ok, are okay, is acceptable, are acceptable, would be fine, would be ok, would be okay, would be acceptable, would do, works too, work too, is also fine, also works, acceptable',
  ),
  ...cues(
    'liked',
    'before',
    3,
    'liked, loved, like my, love my, love, big fan of, fan of, happy with my, satisfied with, good experience with, good experiences with, have always used, have always bought, my old, my last, my previous, my current, used to have, trust, loyal to',
  ),
  ...cues(
    'liked',
    'after',
    2,
    'before, in the past, last time, has been good, have been good, was great, were great, always worked',
  ),
];

/** Words that end the reach of a cue. */
const BREAKS: ReadonlySet<string> = new Set([
  'but',
  'however',
  'although',
  'though',
  'while',
  'whereas',
  'because',
  'since',
]);
const END_MARKS: ReadonlySet<string> = new Set(['.', '!', '?', ';', ':', '(', ')', ',']);
const LIST_WORDS: ReadonlySet<string> = new Set(['or', 'and', 'nor', 'any', 'the', 'a']);

interface CueMatch {
  readonly cue: Cue;
  readonly start: number;
  readonly end: number;
}

export interface MentionRole {
  readonly role: Role;
  /** 1 a hint such as "with", 3 an explicit word such as "is a must"; 0 without a cue. */
  readonly strength: number;
}

const PLAIN: MentionRole = { role: 'plain', strength: 0 };

/** The role of each mention, by index. Tokens in `taken` mean something else (a price, a date). */
export function rolesOf(
  tokens: readonly Token[],
  mentions: readonly Mention[],
  taken: ReadonlySet<number>,
): MentionRole[] {
  const clauseOf = clauses(tokens);
  const matches = findCues(tokens, mentions, taken);
  const roles: MentionRole[] = [];
  for (const [index, mention] of mentions.entries()) {
    const inClause = matches.filter(({ start }) => clauseOf[start] === clauseOf[mention.start]);
    const role = strongest(inClause, mention, mentions, tokens);
    roles.push(role ?? carried(tokens, mentions, roles, index));
  }
  return roles;
}

function clauses(tokens: readonly Token[]): number[] {
  let clause = 0;
  return tokens.map((token, index) => {
    const previous = tokens[index - 1]?.stem;
    // "anything but X" is one cue, and its "but" ends nothing.
    const breaks =
      BREAKS.has(token.stem) && !['anything', 'everything', 'anyone', 'nothing'].includes(previous ?? '');
    if (breaks || (token.kind === 'mark' && END_MARKS.has(token.text))) clause += 1;
    return clause;
  });
}

function findCues(
  tokens: readonly Token[],
  mentions: readonly Mention[],
  taken: ReadonlySet<number>,
): CueMatch[] {
  const inside = new Set([...taken, ...mentions.flatMap(({ start, end }) => range(start, end))]);
  const found: CueMatch[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (inside.has(at)) continue;
    for (const cue of CUES) {
      const end = at + cue.stems.length;
      if (cue.stems.every((stem, offset) => tokens[at + offset]?.stem === stem && !inside.has(at + offset))) {
        found.push({ cue, start: at, end });
      }
    }
  }
  // A longer cue covers the shorter ones inside it: "don't need" is not "need".
  return found.filter(
    (one) =>
      !found.some((other) => other.start <= one.start && other.end >= one.end && width(other) > width(one)),
  );
}

const width = ({ start, end }: CueMatch): number => end - start;
const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, offset) => start + offset);

function strongest(
  matches: readonly CueMatch[],
  mention: Mention,
  mentions: readonly Mention[],
  tokens: readonly Token[],
): MentionRole | undefined {
  const reaching = matches.flatMap(({ cue, start, end }) => {
    if (end <= mention.start && cue.where !== 'after' && !isSpent(cue, end, mention, mentions, tokens)) {
      return [{ cue, distance: mention.start - end }];
    }
    if (start >= mention.end && cue.where !== 'before' && !separated(mention, start, mentions)) {
      return [{ cue, distance: start - mention.end }];
    }
    return [];
  });
  const [best] = reaching.sort((a, b) => b.cue.strength - a.cue.strength || a.distance - b.distance);
  return best && { role: best.cue.role, strength: best.cue.strength };
}

/** A "no" reaches its first object and what is listed with it: "without a microphone in black" is black. */
function isSpent(
  { role }: Cue,
  cueEnd: number,
  mention: Mention,
  mentions: readonly Mention[],
  tokens: readonly Token[],
): boolean {
  if (role !== 'exclude' && role !== 'unneeded') return false;
  const chain = mentions.filter(({ start, end }) => start >= cueEnd && end <= mention.start);
  return chain.some(({ end }, index) => {
    const next = chain[index + 1] ?? mention;
    return next.start >= end && !isListGap(tokens.slice(end, next.start));
  });
}

function isListGap(gap: readonly Token[]): boolean {
  return gap.every(({ text, stem, kind }) => text === ',' || kind === 'dash' || LIST_WORDS.has(stem));
}

/** A cue behind another mention of the same kind speaks of that one. */
function separated(mention: Mention, cueStart: number, mentions: readonly Mention[]): boolean {
  return mentions.some(
    ({ kind, start }) => kind === mention.kind && start >= mention.end && start < cueStart,
  );
}

/** In a list the role of the item before goes on: "no Beats, JBL or Skullcandy". */
function carried(
  tokens: readonly Token[],
  mentions: readonly Mention[],
  roles: readonly MentionRole[],
  index: number,
): MentionRole {
  const mention = mentions[index];
  const previous = mentions[index - 1];
  if (!mention || !previous || previous.kind !== mention.kind) return PLAIN;
  return isListGap(tokens.slice(previous.end, mention.start)) ? (roles[index - 1] ?? PLAIN) : PLAIN;
}
