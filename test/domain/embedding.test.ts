import fc from 'fast-check';
import {
  cosineSimilarity,
  createEmbedder,
  EMBEDDING_DIMENSIONS,
  similarityScore,
} from '../../domain/embedding';
import { createRuleInterpreter } from '../../domain/interpretation';

const embedder = createEmbedder();
const score = (a: string, b: string) =>
  similarityScore(cosineSimilarity(embedder.embed(a), embedder.embed(b)));

describe('the local embedder', () => {
  it('makes unit vectors of its dimensions, the same every time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const vector = embedder.embed(text);
        expect(vector).toHaveLength(EMBEDDING_DIMENSIONS);
        expect(vector).toEqual(createEmbedderOnce().embed(text));
        const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
        expect(length === 0 || Math.abs(length - 1) < 1e-9).toBe(true);
      }),
    );
    expect(embedder.dimensions).toBe(EMBEDDING_DIMENSIONS);
  });

  it('ranks a description for commuters clearly above a generic one', async () => {
    const intent =
      'I commute daily by train and need noise cancelling wireless headphones, over-ear. I liked Sony before.';
    const result = await createRuleInterpreter().interpret({ intent, now: new Date() });
    const wanted = result.ok ? result.interpretation.context.content : '';
    const focused = score(
      wanted,
      'Best-in-class noise cancelling for commuters: silence on a loud train, and a battery that lasts the week.',
    );
    const generic = score(
      wanted,
      'Good headphones for everyone at a fair price. Ships fast from our warehouse.',
    );
    const unrelated = score(wanted, 'Stainless steel kettle, 1.7 litre, with automatic switch-off.');
    expect(focused).toBeGreaterThan(generic + 20);
    expect(generic).toBeGreaterThan(unrelated);
  });

  it('knows synonyms as one concept', () => {
    expect(score('ANC', 'noise cancelling')).toBeGreaterThan(80);
    expect(score('ANC', 'wireless')).toBeLessThan(20);
    expect(score('cordless earbuds', 'wireless in-ear headphones')).toBeGreaterThan(70);
    expect(score('over-ear headphones', 'in-ear headphones')).toBeGreaterThan(
      score('over-ear headphones', 'office chair'),
    );
  });

  it('gains little from stuffing a description with words', () => {
    const wanted = 'Looking for wireless headphones.';
    const honest = 'Wireless headphones with a case.';
    const stuffed = `${honest} ${'noise cancelling commuter train gaming music running '.repeat(20)}`;
    expect(score(wanted, stuffed)).toBeLessThan(score(wanted, honest));
    expect(score(wanted, honest.repeat(50))).toBeLessThan(score(wanted, honest) + 10);
  });
});

describe('the similarity score', () => {
  it('is 0 to 100', () => {
    expect([-1, 0, 0.5, 1, 1.0000001, Number.NaN].map(similarityScore)).toEqual([0, 0, 50, 100, 100, 0]);
  });
});

/** A second instance shows that nothing depends on the first one's memory. */
const second = createEmbedder();
const createEmbedderOnce = () => second;
