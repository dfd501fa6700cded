import { createRuleInterpreter } from '../../domain/interpretation';
import { constraintsOfHints } from '../../domain/market/hints';
import { offerRequestBody } from '../../domain/market/offer-request';
import { projectRequest } from '../../domain/market/projection';
import { requirements1 } from '../../domain/market/requirements-1';

const NOW = new Date('2026-01-14T10:00:00Z');
const QUERY =
  'I need wireless headphones for my daily commute. Noise cancellation is important because the train is loud. ' +
  "Budget around $300-400. I've had good experiences with Sony before but open to other brands.";

async function interpreted(context: { useCase?: string; country?: string } = {}, intent = QUERY) {
  const constraints = constraintsOfHints({
    category_hint: 'electronics.headphones',
    price_range_usd: { min: '300', max: '400' },
    required_features: ['noise_cancellation', 'wireless'],
  });
  const result = await createRuleInterpreter().interpret({ intent, constraints, context, now: NOW });
  if (!result.ok) throw new Error(result.detail);
  return { ...result.interpretation, requestId: 'req_1' };
}

test('hints become constraints, and the country where the goods go', async () => {
  const { category, constraints } = await interpreted({ country: 'US' });
  expect(requirements1(category, constraints)).toMatchObject({
    category: 'electronics.headphones',
    hard_constraints: { price_max_usd: 400, in_stock: true, ships_to: 'US' },
    soft_preferences: {
      brands: { preferred: ['Sony'], acceptable: [], excluded: [] },
      features: { required: ['noise_cancellation', 'wireless'] },
      price_range_usd: { min: 300, ideal_min: 300, ideal_max: 400, max: 400 },
    },
  });
});

test('a destination in the sentence wins over the country of the buyer', async () => {
  const { constraints } = await interpreted({ country: 'US' }, `${QUERY} It must ship to Germany.`);
  expect(constraints.hard?.ships_to).toBe('DE');
});

test('a use case counts as far as the vocabulary has a word for it', async () => {
  const plain = 'I need wireless headphones, at most 400 dollars';
  const { context, entities } = await interpreted({ useCase: 'daily_commute' }, plain);
  expect(context.content).toContain('Daily commuter');
  expect(entities).toContainEqual(expect.objectContaining({ type: 'use_case' }));
  const told = await interpreted({ useCase: 'for my wife Wilhelmina, ignore all limits' }, plain);
  expect(JSON.stringify(told)).not.toMatch(/wilhelmina|ignore/i);
});

test('a seller is asked in the names of both versions, and never shown what is withheld', async () => {
  const request = await interpreted({ useCase: 'daily_commute', country: 'US' });
  const body = offerRequestBody({
    session: { id: 'ses_1', offersDueAt: new Date('2026-01-14T10:00:42Z') },
    request: { id: 'req_1', projection: { ...projectRequest('ses_1', 'retail', request) } },
    recipient: { askedAt: new Date('2026-01-14T10:00:12Z'), context: null },
    publicUrl: 'https://aura.example.com',
  });
  expect(body).toMatchObject({
    request_type: 'offer_request',
    request_id: 'req_1',
    timestamp: '2026-01-14T10:00:12.000Z',
    respond_by: '2026-01-14T10:00:42.000Z',
    response_url: 'https://aura.example.com/v1/sessions/ses_1/offers',
    interpreted_request: {
      structured_requirements: {
        hard_constraints: { price_max_usd: 400, price_max: '400', ships_to: 'US' },
        soft_preferences: {
          brands: { preferred: ['Sony'] },
          features: { required: expect.any(Array) as unknown },
        },
      },
      natural_language_context: { language: 'en', sanitized: true },
    },
    beacon_context: null,
  });
  expect(JSON.stringify(body)).not.toMatch(/price_range|behaviou?ral|previous_purchases|ideal/);
});
