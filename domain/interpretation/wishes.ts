/** What the mentions of a sentence amount to: features, brands, certifications, and the buyer's situation. */
import type { Reading } from './reading';
import type { MentionRole } from './cues';
import type { Mention } from './lexicon';
import type { ContextTerm, FeatureTerm, NamedTerm } from './vocabulary';

export interface Wish<T> {
  readonly term: T;
  readonly words: string;
}

export interface Wishes {
  readonly featuresRequired: readonly Wish<FeatureTerm>[];
  readonly featuresPreferred: readonly Wish<FeatureTerm>[];
  readonly featuresUnwanted: readonly Wish<FeatureTerm>[];
  readonly certificationsRequired: readonly Wish<NamedTerm>[];
  readonly certificationsPreferred: readonly Wish<NamedTerm>[];
  readonly brandsLiked: readonly Wish<string>[];
  readonly brandsPreferred: readonly Wish<string>[];
  readonly brandsAcceptable: readonly Wish<string>[];
  readonly brandsExcluded: readonly Wish<string>[];
  readonly useCases: readonly Wish<ContextTerm>[];
  readonly environments: readonly Wish<ContextTerm>[];
  readonly recipient: Wish<NamedTerm> | undefined;
}

/** A feature this close before the category describes the thing itself: "wireless headphones". */
const MODIFIER_REACH = 6;
const EXPLICIT = 2;

type Kind<K extends Mention['kind']> = Extract<Mention, { kind: K }>;

export function wishesOf(reading: Reading): Wishes {
  const pick = <K extends Mention['kind']>(kind: K, keep: (role: MentionRole, mention: Kind<K>) => boolean) =>
    reading.mentions.flatMap((mention, index) => {
      const role = reading.roles[index] ?? { role: 'plain', strength: 0 };
      return mention.kind === kind && keep(role, mention as Kind<K>) ? [mention as Kind<K>] : [];
    });
  const wanted = ({ role }: MentionRole) => role !== 'exclude' && role !== 'unneeded';
  const termed = <T>(mentions: readonly { term: T; words: string }[]) =>
    distinct(mentions, (term) => JSON.stringify(term));
  const brands = (keep: (role: MentionRole) => boolean) =>
    distinct(
      pick('brand', keep).map(({ term, words }) => ({ term: term.name, words })),
      (name) => name,
    );
  const isRequired = (role: MentionRole, mention: Kind<'feature'>) => requiresFeature(role, mention, reading);

  const excluded = brands(({ role }) => role === 'exclude');
  const notExcluded = (list: readonly Wish<string>[]) =>
    list.filter(({ term }) => !excluded.some((other) => other.term === term));
  const required = termed(pick('feature', isRequired));
  const recipients = termed(pick('recipient', wanted));
  return {
    featuresRequired: required,
    featuresPreferred: termed(
      pick('feature', (role, mention) => wanted(role) && !isRequired(role, mention)),
    ).filter(({ term }) => !required.some((other) => other.term.id === term.id)),
    featuresUnwanted: termed(pick('feature', ({ role }) => role === 'exclude')),
    certificationsRequired: termed(pick('certification', ({ role }) => role === 'require')),
    certificationsPreferred: termed(pick('certification', (role) => wanted(role) && role.role !== 'require')),
    brandsLiked: notExcluded(brands(({ role }) => role === 'liked')),
    brandsPreferred: notExcluded(brands(({ role }) => ['plain', 'prefer', 'require'].includes(role))),
    brandsAcceptable: notExcluded(brands(({ role }) => role === 'accept')),
    brandsExcluded: excluded,
    useCases: termed(pick('use_case', ({ role }) => role !== 'exclude')),
    environments: termed(pick('environment', ({ role }) => role !== 'exclude')),
    recipient: recipients[0],
  };
}

function requiresFeature(
  { role, strength }: MentionRole,
  mention: Kind<'feature'>,
  reading: Reading,
): boolean {
  const isOpinion = mention.term.subjective ?? false;
  if (role === 'require') return !isOpinion || strength >= EXPLICIT;
  if (role !== 'plain' || isOpinion || !reading.category) return false;
  const gap = reading.category.at - mention.end;
  return gap >= 0 && gap <= MODIFIER_REACH;
}

function distinct<T>(mentions: readonly { term: T; words: string }[], keyOf: (term: T) => string): Wish<T>[] {
  const found = new Map<string, Wish<T>>();
  for (const { term, words } of mentions) {
    if (!found.has(keyOf(term))) found.set(keyOf(term), { term, words });
  }
  return [...found.values()];
}
