/**
 * The context a seller is shown. It is composed of labels of the vocabulary and the fixed words below; nothing is
 * ever copied from the sentence, so neither a name nor an instruction in it can pass.
 */
import type { Condition } from '../constraints';
import type { Tone } from './attributes';
import { stemsOf } from './text';
import type { Vocabulary } from './vocabulary';
import type { Wish, Wishes } from './wishes';

export interface ContextParts {
  readonly categoryLabel: string | undefined;
  readonly condition: Condition | undefined;
  readonly tones: ReadonlyMap<Tone, string>;
  readonly wishes: Wishes;
}

const list = (labels: readonly string[]): string =>
  labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1) ?? ''}`;
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
const labelsOf = (wishes: readonly Wish<{ label: string }>[]) => wishes.map(({ term }) => term.label);

export function composeContext(parts: ContextParts): string {
  const { wishes, tones, condition } = parts;
  return [
    recipientSentence(wishes, tones),
    ...situationSentences(wishes),
    parts.categoryLabel && `Looking for ${parts.categoryLabel}.`,
    condition && `${capital(condition)} condition.`,
    ...featureSentences(wishes),
    tones.has('premium') && 'Interested in premium options.',
    ...brandSentences(wishes),
    certificationSentence(wishes),
  ]
    .filter((sentence) => typeof sentence === 'string' && sentence.length > 0)
    .join(' ');
}

function recipientSentence({ recipient }: Wishes, tones: ReadonlyMap<Tone, string>): string | undefined {
  if (recipient?.term.id === 'team') return 'Buys for a team.';
  if (recipient && tones.has('gift')) return `Looking for a gift for ${recipient.term.label}.`;
  if (recipient) return `Buys for ${recipient.term.label}.`;
  return tones.has('gift') ? 'Looking for a gift.' : undefined;
}

function situationSentences({ useCases, environments }: Wishes): string[] {
  const means = environments.filter(({ term }) => ['train', 'subway', 'bus', 'plane'].includes(term.id));
  const others = environments.filter((wish) => !means.includes(wish));
  const [by] = means;
  const commutes = useCases.some(({ term }) => term.id === 'daily_commute');
  const sentences = useCases.map(({ term }) =>
    term.id === 'daily_commute' && by ? `Daily ${by.term.label} commuter.` : `${term.label}.`,
  );
  const rest = [...(commutes ? means.slice(1) : means), ...others];
  return rest.length ? [...sentences, `Used in: ${list(labelsOf(rest))}.`] : sentences;
}

function featureSentences({ featuresRequired, featuresPreferred, environments, useCases }: Wishes): string[] {
  const reasons = [...environments, ...useCases].flatMap(({ term }) => term.matters ?? []);
  const sentences: string[] = [];
  const plainRequired: string[] = [];
  const plainPreferred: string[] = [];
  for (const [wishes, plain] of [
    [featuresRequired, plainRequired],
    [featuresPreferred, plainPreferred],
  ] as const) {
    for (const { term } of wishes) {
      const reason = reasons.find(({ features }) => features.includes(term.id));
      if (reason) sentences.push(`${capital(term.label)} matters because of ${reason.because}.`);
      else plain.push(term.label);
    }
  }
  if (plainRequired.length) sentences.push(`Needs: ${list(plainRequired)}.`);
  if (plainPreferred.length) sentences.push(`Would like: ${list(plainPreferred)}.`);
  return sentences;
}

function brandSentences({
  brandsLiked,
  brandsPreferred,
  brandsAcceptable,
  brandsExcluded,
}: Wishes): string[] {
  const names = (wishes: readonly Wish<string>[]) => list(wishes.map(({ term }) => term));
  return [
    brandsLiked.length ? `Good experience with ${names(brandsLiked)}.` : '',
    brandsPreferred.length ? `Prefers ${names(brandsPreferred)}.` : '',
    brandsAcceptable.length ? `Would accept ${names(brandsAcceptable)}.` : '',
    brandsExcluded.length ? `Prefers alternatives to ${names(brandsExcluded)}.` : '',
  ];
}

function certificationSentence({
  certificationsRequired,
  certificationsPreferred,
}: Wishes): string | undefined {
  const labels = labelsOf([...certificationsRequired, ...certificationsPreferred]);
  return labels.length ? `Certifications matter: ${list(labels)}.` : undefined;
}

const FIXED =
  'Looking for a gift for Buys for a team Daily commuter Used in and condition new used refurbished matters because ' +
  'of Needs Would like Interested in premium options Good experience with Prefers Would accept Prefers alternatives ' +
  'to Certifications matter';

/** Every word (stemmed) that a composed context can contain. */
export function contextWords(vocabulary: Vocabulary): ReadonlySet<string> {
  const contexts = [...vocabulary.useCases, ...vocabulary.environments];
  const labels = [
    ...[
      ...vocabulary.categories,
      ...vocabulary.features,
      ...vocabulary.recipients,
      ...vocabulary.certifications,
    ],
    ...contexts,
  ].map(({ label }) => label);
  const reasons = contexts.flatMap(({ matters }) => matters?.because ?? []);
  const names = vocabulary.brands.map(({ name }) => name);
  return new Set([FIXED, ...labels, ...reasons, ...names].flatMap(stemsOf));
}
