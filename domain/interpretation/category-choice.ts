/** Which category a sentence is about: the most wanted, most specific mention. */
import type { MentionRole } from './cues';
import type { Mention } from './lexicon';
import type { Token } from './text';

export interface CategoryChoice {
  readonly path: string;
  readonly label: string;
  readonly words: string;
  /** 0–1: how far ahead of the runner-up it is. */
  readonly certainty: number;
  /** Index of the mention's first token. */
  readonly at: number;
}

type CategoryMention = Mention & { kind: 'category' };

const WISHES: ReadonlySet<string> = new Set(
  'need want buy order get purchase find seeking looking recommend book rent hire source procure quote'.split(
    ' ',
  ),
);
const PLAIN_SCORE = 4;
/** What something is for is not what is wanted: "a case for my laptop". */
const PURPOSES: ReadonlySet<string> = new Set(
  'for with my our at in using while on via during their'.split(' '),
);
const OWNERS: ReadonlySet<string> = new Set('my our his her their'.split(' '));

export function chooseCategory(
  tokens: readonly Token[],
  mentions: readonly Mention[],
  roles: readonly MentionRole[],
): CategoryChoice | undefined {
  const candidates = mentions.flatMap((mention, index) =>
    mention.kind === 'category' && roles[index]?.role !== 'exclude' ? [mention] : [],
  );
  const scored = candidates.map((mention) => ({ mention, score: scoreOf(mention, candidates, tokens) }));
  const [best, ...others] = scored.sort((a, b) => b.score - a.score || a.mention.start - b.mention.start);
  if (!best) return undefined;
  // "headphones, over-ear if possible": what lies below the best refines it.
  const refined = scored
    .filter(({ mention }) => isBelow(mention.term.path, best.mention.term.path))
    .sort((a, b) => a.mention.start - b.mention.start)[0];
  const { mention } = refined ?? best;
  const rival = others.find(({ mention: other }) => !isRelated(other.term.path, mention.term.path));
  const ahead = rival ? best.score / (best.score + rival.score) : 1;
  // Something that is only mentioned as a purpose may not be what is wanted at all.
  const certainty = ahead * Math.min(1, best.score / PLAIN_SCORE);
  return {
    path: mention.term.path,
    label: mention.term.label,
    words: mention.words,
    certainty,
    at: mention.start,
  };
}

function scoreOf(
  mention: CategoryMention,
  all: readonly CategoryMention[],
  tokens: readonly Token[],
): number {
  const before = tokens.slice(Math.max(0, mention.start - 6), mention.start).map(({ stem }) => stem);
  let score = PLAIN_SCORE + 0.5 * (mention.end - mention.start) + 0.25 * mention.term.path.split('.').length;
  if (before.some((stem) => WISHES.has(stem))) score += 2;
  const near = before.slice(-3);
  if (near.some((stem) => PURPOSES.has(stem)) && !near.includes('looking')) score -= 2;
  if (OWNERS.has(near.at(-1) ?? '')) score -= 1;
  // In "gaming laptop" and "iPhone 15 case" the last noun is the thing.
  const next = tokens[mention.end]?.kind === 'number' ? mention.end + 1 : mention.end;
  if (all.some(({ start }) => start === next)) score -= 3;
  score +=
    0.5 * all.filter((other) => other !== mention && isRelated(other.term.path, mention.term.path)).length;
  return Math.max(0.1, score);
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(`${above}.`);
}

/** Whether one category contains the other. */
export function isRelated(a: string, b: string): boolean {
  return a === b || isBelow(a, b) || isBelow(b, a);
}
