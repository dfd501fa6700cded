/** A crowd of deals over every rail while every network misbehaves: whatever happens to them, the laws hold. */
import { MIXED_ENV, runMixed } from '../../bin/demo/mixed';
import { RAILS } from '../../domain/settlement';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';

const DEALS = 18;
const SEED = 3;
const REST_WITHIN_MS = 240_000;

describeOnServer('deals over rails that misbehave', () => {
  let env: TestEnvironment;
  const said: string[] = [];
  beforeAll(async () => {
    env = await testEnvironment(MIXED_ENV, { rails: RAILS });
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  it('all come to rest where they may stay, and break no law', async () => {
    const { fine, figures } = await runMixed({
      environment: env,
      deals: DEALS,
      misbehavePercent: 20,
      seed: SEED,
      restWithinMs: REST_WITHIN_MS,
      say: (text = '') => void said.push(text),
    });
    // What was said explains a failure.
    expect({ fine, figures, said: fine ? [] : said.slice(-80) }).toMatchObject({
      fine: true,
      figures: { violations: 0, restless: 0 },
      said: [],
    });
    expect(figures.made).toBeGreaterThan(DEALS / 2);
    expect(figures.executed).toBeGreaterThan(0);
    expect(figures.exceptions).toBeGreaterThan(0);
  }, 500_000);
});
