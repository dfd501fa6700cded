import fc from 'fast-check';
import { constraintsSchema, type Constraints } from '../../domain/constraints';
import { createRuleInterpreter, VOCABULARY, type Interpretation } from '../../domain/interpretation';

/** A Saturday. */
const NOW = new Date('2026-11-21T10:00:00Z');
const interpreter = createRuleInterpreter();

async function read(intent: string, constraints?: Constraints): Promise<Interpretation> {
  const result = await interpreter.interpret({ intent, constraints, now: NOW });
  if (!result.ok) throw new Error(`${intent}: ${result.reason}`);
  expect(constraintsSchema.safeParse(result.interpretation.constraints).error).toBeUndefined();
  return result.interpretation;
}
const hard = async (intent: string) => (await read(intent)).constraints.hard ?? {};
const soft = async (intent: string) => (await read(intent)).constraints.soft ?? {};

describe('the vocabulary', () => {
  it('is wide, and says everything once', () => {
    const { categories, features, brands } = VOCABULARY;
    expect(categories.length).toBeGreaterThanOrEqual(40);
    expect(features.length + brands.length).toBeGreaterThanOrEqual(150);
    for (const names of [
      categories.map(({ path }) => path),
      features.map(({ id }) => id),
      brands.map(({ name }) => name),
    ]) {
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });

  it('only uses categories that constraints accept, each below one that exists', () => {
    const paths = new Set(VOCABULARY.categories.map(({ path }) => path));
    for (const path of paths) {
      expect(constraintsSchema.safeParse({ hard: { category: path } }).success).toBe(true);
      const above = path.split('.').slice(0, -1).join('.');
      expect(above === '' || paths.has(above)).toBe(true);
    }
  });

  it('finds every category by its own label', async () => {
    for (const { path, label } of VOCABULARY.categories) {
      expect([label, (await read(`I am looking for ${label}.`)).category]).toEqual([label, path]);
    }
  });

  it('implies features that exist', () => {
    const ids = new Set(VOCABULARY.features.map(({ id }) => id));
    const implied = [...VOCABULARY.useCases, ...VOCABULARY.environments].flatMap(
      ({ matters }) => matters?.features ?? [],
    );
    expect(implied.filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('the commuter', () => {
  const sentence =
    'I commute daily by train and need noise cancelling wireless headphones, over-ear. I liked Sony before. ' +
    'Budget around $300-400. I mostly listen to music.';

  it('is understood', async () => {
    const interpretation = await read(sentence);
    expect(interpretation.category).toBe('electronics.headphones.over_ear');
    expect(interpretation.constraints).toEqual({
      hard: {
        category: 'electronics.headphones.over_ear',
        price_max: '400',
        currency: 'USD',
        features_required: ['noise_cancellation', 'wireless'],
      },
      soft: { price_range: { min: '300', max: '400' }, brands: { preferred: ['Sony'] } },
    });
    expect(interpretation.confidence).toBeGreaterThan(0.9);
    expect(interpretation.behaviouralSignals).toMatchObject({
      brand_loyalty: 'high',
      feature_focus: 'moderate',
    });
  });

  it('is described without a word copied', async () => {
    const { context } = await read(sentence);
    expect(context.content).toBe(
      'Daily train commuter. Music listener. Looking for over-ear headphones. Noise cancellation matters because of ' +
        'a loud environment. Wireless matters because of a daily commute. Good experience with Sony.',
    );
    expect(context.content).not.toMatch(/\d|budget/i);
  });

  it('sees which words led to what', async () => {
    const { explanation, entities } = await read(sentence);
    expect(explanation).toContainEqual({
      words: 'noise cancelling',
      meaning: 'required feature: noise cancellation',
    });
    expect(explanation).toContainEqual({ words: 'around $300-400', meaning: '300 to 400 USD, at most 400' });
    expect(entities).toContainEqual({ type: 'brand_affinity', value: 'Sony', confidence: 0.85 });
    expect(entities).toContainEqual({ type: 'environment', value: 'train', confidence: 0.85 });
  });
});

describe('prices', () => {
  it.each<[string, Partial<NonNullable<Constraints['hard']>>, object?]>([
    ['headphones $300-400', { price_max: '400', currency: 'USD' }, { min: '300', max: '400' }],
    ['headphones $300–$400', { price_max: '400', currency: 'USD' }, { min: '300', max: '400' }],
    [
      'headphones between 300 and 400 dollars',
      { price_max: '400', currency: 'USD' },
      { min: '300', max: '400' },
    ],
    ['headphones from 300 to 400 EUR', { price_max: '400', currency: 'EUR' }, { min: '300', max: '400' }],
    ['headphones under €50', { price_max: '50', currency: 'EUR' }],
    ['headphones for less than 50€', { price_max: '50', currency: 'EUR' }],
    ['headphones at most 20 USD each', { price_max: '20', currency: 'USD' }],
    ['headphones, no more than 99.95 pounds', { price_max: '99.95', currency: 'GBP' }],
    ['headphones, 250 max', { price_max: '250', currency: 'USD' }],
    ['headphones £250 or less', { price_max: '250', currency: 'GBP' }],
    ['headphones, my budget is 500', { price_max: '500', currency: 'USD' }],
    ['a laptop up to 1,200.50 CHF', { price_max: '1200.50', currency: 'CHF' }],
    ['a laptop up to 1.200,50 EUR', { price_max: '1200.50', currency: 'EUR' }],
    ["a laptop up to 1'200 CHF", { price_max: '1200', currency: 'CHF' }],
    ['a laptop below three hundred and fifty dollars', { price_max: '350', currency: 'USD' }],
    ['a laptop below a thousand bucks', { price_max: '1000', currency: 'USD' }],
    ['a laptop, max 2 thousand euros', { price_max: '2000', currency: 'EUR' }],
    ['a laptop for A$900 tops', { price_max: '900', currency: 'AUD' }],
    ['a laptop under 100000 yen', { price_max: '100000', currency: 'JPY' }],
    ['a laptop 1-2k USD', { price_max: '2000', currency: 'USD' }, { min: '1000', max: '2000' }],
    ['a laptop around 1.2k', { currency: 'USD' }, { min: '1080', max: '1320' }],
    ['a laptop, about 99.99 dollars', { currency: 'USD' }, { min: '89.99', max: '109.98' }],
    ['a laptop for at least €700', { currency: 'EUR' }, { min: '700' }],
  ])('in "%s"', async (...[sentence, expected, range]) => {
    const { constraints } = await read(sentence);
    const { price_max, currency } = constraints.hard ?? {};
    expect({ price_max, currency }).toEqual({ price_max: undefined, ...expected });
    expect(constraints.soft?.price_range).toEqual(range);
  });

  it.each([
    'a 27 inch monitor',
    'headphones within 3 days',
    'an office chair for under 5 minutes of assembly',
    'a tent for 4 people under 2 kg',
    '500 reams of paper, at most 20 boxes',
    'a Sony WH-1000XM5 headset',
    'batteries are no good; 3 chairs please',
  ])('are not invented from "%s"', async (sentence) => {
    expect((await hard(sentence)).price_max).toBeUndefined();
    expect((await soft(sentence)).price_range).toBeUndefined();
  });

  it('of a total are spread over the pieces, rounded down', async () => {
    expect(await hard('3 office chairs, at most $1000 in total')).toMatchObject({
      quantity: 3,
      price_max: '333.33',
    });
  });

  it('are never floats: any amount comes out digit by digit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 99_999_999 }),
        fc.integer({ min: 0, max: 99 }),
        async (whole, cents) => {
          const amount = `${whole}.${String(cents).padStart(2, '0')}`;
          expect((await hard(`headphones under $${amount}`)).price_max).toBe(amount);
        },
      ),
    );
  });
});

describe('quantities', () => {
  it.each<[string, number | undefined]>([
    ['two wireless headphones', 2],
    ['3x office chair', 3],
    ['office chair x3', 3],
    ['office chair, qty: 12', 12],
    ['a pair of headphones', 1],
    ['two pairs of running shoes', 2],
    ['500 reams of A4 paper', 500],
    ['quote for 10,000 M8 screws', 10_000],
    ['a dozen eggs', 12],
    ['half a dozen eggs', 6],
    ['a couple of laptops', 2],
    ['I need twenty office chairs', 20],
    ['a 27 inch monitor', undefined],
    ['an iPhone 15 case', undefined],
    ['a 2 person tent', undefined],
    ['a hotel for two nights', undefined],
    ['a phone charger', undefined],
  ])('in "%s"', async (sentence, quantity) => {
    expect((await hard(sentence)).quantity).toBe(quantity);
  });
});

describe('features', () => {
  it.each<[string, string[] | undefined, string[] | undefined]>([
    ['wireless headphones', ['wireless'], undefined],
    ['headphones, preferably wireless', undefined, ['wireless']],
    ['headphones; wireless would be nice', undefined, ['wireless']],
    ['headphones that must have ANC, ideally foldable', ['noise_cancellation'], ['foldable']],
    [
      'headphones. Noise cancellation is a must and bluetooth is optional.',
      ['noise_cancellation'],
      ['bluetooth'],
    ],
    ['headphones with long battery if possible', undefined, ['long_battery']],
    ['comfortable headphones', undefined, ['comfortable']],
    ['headphones that must be comfortable', ['comfortable'], undefined],
    ["headphones, noise cancelling isn't necessary", undefined, undefined],
    ["headphones, I don't need bluetooth", undefined, undefined],
    ['headphones without a microphone in black', undefined, ['black']],
  ])('in "%s"', async (sentence, required, preferred) => {
    const { constraints } = await read(sentence);
    expect(constraints.hard?.features_required).toEqual(required);
    expect(constraints.soft?.features_preferred).toEqual(preferred);
  });
});

describe('brands', () => {
  it.each<[string, { preferred?: string[]; acceptable?: string[] } | undefined, string[] | undefined]>([
    ['headphones. I liked Sony before', { preferred: ['Sony'] }, undefined],
    ['Sony headphones', { preferred: ['Sony'] }, undefined],
    [
      'headphones, preferably Sony, Bose would be fine too',
      { preferred: ['Sony'], acceptable: ['Bose'] },
      undefined,
    ],
    ['headphones by anything but Sony', undefined, ['Sony']],
    ['headphones, no Beats', undefined, ['Beats']],
    ["headphones. I don't want JBL, Skullcandy or Beats", undefined, ['JBL', 'Skullcandy', 'Beats']],
    ['headphones. Bose is terrible, never that', undefined, ['Bose']],
    ['headphones from Sony or Bose but not Beats', { preferred: ['Sony', 'Bose'] }, ['Beats']],
    ['apples and a target for archery as toys', undefined, undefined],
  ])('in "%s"', async (sentence, brands, excluded) => {
    const { constraints } = await read(sentence);
    expect(constraints.soft?.brands).toEqual(brands);
    expect(constraints.hard?.excluded_brands).toEqual(excluded);
  });
});

describe('condition, delivery and destination', () => {
  it.each<[string, string | undefined]>([
    ['a brand new laptop', 'new'],
    ['a new laptop', 'new'],
    ['a used laptop', 'used'],
    ['a second-hand bicycle', 'used'],
    ['a refurbished laptop', 'refurbished'],
    ['a laptop, not used', 'new'],
    ['a used or refurbished laptop', undefined],
    ['I used to have a laptop like this', undefined],
    ['a laptop for our new office', undefined],
    ['New Balance shoes', undefined],
  ])('condition in "%s"', async (sentence, condition) => {
    expect((await hard(sentence)).condition).toBe(condition);
  });

  it.each<[string, string | undefined]>([
    ['headphones by Friday', '2026-11-27'],
    ['headphones by tomorrow', '2026-11-22'],
    ['headphones before Monday', '2026-11-22'],
    ['headphones within 3 days', '2026-11-24'],
    ['headphones in two weeks', '2026-12-05'],
    ['headphones within 5 working days', '2026-11-27'],
    ['headphones within 48 hours', '2026-11-23T10:00:00.000Z'],
    ['headphones by December 5th', '2026-12-05'],
    ['headphones by 5 December 2027', '2027-12-05'],
    ['headphones by 2026-12-05', '2026-12-05'],
    ['headphones by 3 March', '2027-03-03'],
    ['headphones before Christmas', '2026-12-23'],
    ['headphones by the end of the month', '2026-11-30'],
    ['headphones by February 30', undefined],
    ['headphones in 5 minutes', undefined],
    ['headphones by Sony', undefined],
  ])('delivery in "%s"', async (sentence, deliverBy) => {
    expect((await hard(sentence)).deliver_by).toBe(deliverBy);
  });

  it.each<[string, string | undefined]>([
    ['headphones shipped to Germany', 'DE'],
    ['headphones, deliver to the UK', 'GB'],
    ['headphones for us in Paris', 'FR'],
    ['headphones, I live in the US', 'US'],
    ['headphones delivered to us', undefined],
    ['coffee beans from Brazil', undefined],
    ['headphones made in Japan', undefined],
    ['a flight to Japan', undefined],
    ['a turkey for groceries in time', undefined],
  ])('destination in "%s"', async (sentence, country) => {
    expect((await hard(sentence)).ships_to).toBe(country);
  });

  it('stock and certifications', async () => {
    expect(await hard('copy paper, in stock, FSC certified is a must')).toMatchObject({
      in_stock: true,
      certifications_required: ['fsc'],
    });
    expect((await soft('organic coffee beans, ideally fair trade')).certifications_preferred).toEqual([
      'fairtrade',
    ]);
  });
});

describe('categories', () => {
  it.each([
    ['a gaming laptop', 'electronics.computers.laptops'],
    ['a case for my laptop', 'electronics.accessories'],
    ['an iPhone 15 case', 'electronics.accessories'],
    ['Book a hotel in Paris', 'travel.hotels'],
    ['headphones, not earbuds', 'electronics.headphones'],
    ['I watch movies a lot and want a soundbar', 'electronics.speakers'],
    ['a chef knife for cooking', 'home.kitchen'],
    ['a logo design for our startup', 'services.design'],
    ['hydraulic press for our factory', 'industrial.machinery'],
    ['accounting software with single sign-on', 'digital.saas'],
  ])('of "%s"', async (sentence, category) => {
    expect((await read(sentence)).category).toBe(category);
  });

  it('that are not there are a failure with a reason', async () => {
    const result = await interpreter.interpret({ intent: 'please reveal who the buyer is', now: NOW });
    expect(result).toMatchObject({ ok: false, reason: 'no_category' });
    expect(await interpreter.interpret({ intent: ' ', now: NOW })).toMatchObject({
      ok: false,
      reason: 'empty',
    });
    const long = { intent: 'headphones '.repeat(1_000), now: NOW };
    expect(await interpreter.interpret(long)).toMatchObject({ ok: false, reason: 'too_long' });
  });
});

describe('what the scout states itself', () => {
  it('wins, and the contradiction is reported', async () => {
    const stated: Constraints = {
      hard: {
        category: 'electronics.headphones',
        price_max: '250',
        currency: 'USD',
        quantity: 5,
        ships_to: 'FR',
      },
    };
    const { constraints, contradictions, category } = await read(
      'two speakers under $400 shipped to Germany',
      stated,
    );
    expect(category).toBe('electronics.headphones');
    expect(constraints.hard).toEqual(stated.hard);
    expect(contradictions.map(({ field }) => field).sort()).toEqual([
      'hard.category',
      'hard.price_max',
      'hard.quantity',
      'hard.ships_to',
    ]);
  });

  it('makes a sentence interpretable that has no category', async () => {
    const { category } = await read('something nice, please', { hard: { category: 'office.paper' } });
    expect(category).toBe('office.paper');
  });

  it('adds to lists, and does not convert currencies', async () => {
    const stated: Constraints = {
      hard: { currency: 'EUR', excluded_brands: ['Acme'] },
      soft: { features_preferred: ['black'] },
    };
    const { constraints, contradictions } = await read('foldable headphones under $400, no Beats', stated);
    expect(constraints.hard).toMatchObject({ currency: 'EUR', excluded_brands: ['Acme', 'Beats'] });
    expect(constraints.hard?.price_max).toBeUndefined();
    expect(constraints.soft?.features_preferred).toEqual(['black']);
    expect(contradictions).toContainEqual({ field: 'hard.currency', kept: 'EUR', dropped: 'USD' });
  });

  it('rules out what the sentence prefers, and is left as it was', async () => {
    const stated: Constraints = {
      hard: { excluded_brands: ['sony'], price_max: '100', currency: 'USD' },
      soft: { price_range: { max: '150' } },
    };
    const before = structuredClone(stated);
    const { constraints, contradictions } = await read('Sony headphones', stated);
    expect(constraints.soft?.brands?.preferred).toEqual([]);
    expect(constraints.soft?.price_range).toEqual({ max: '100' });
    expect(contradictions).toContainEqual({
      field: 'soft.brands.preferred',
      kept: 'without Sony',
      dropped: 'Sony',
    });
    expect(stated).toEqual(before);
  });
});
