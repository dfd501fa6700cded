/** The market as a client of protocol 1.0.0 sees it: the protocol's own examples, sent as they stand there. */
import { newId } from '../../domain/ids';
import { offerSigningBytes1 } from '../../domain/market/offer-1';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { register1, until, type Client1 } from '../support/version1-client';

jest.setTimeout(120_000);

const QUERY = {
  natural_language_query:
    'I need wireless headphones for my daily commute. Noise cancellation is important because the train is loud. ' +
    "Budget around $300-400. I've had good experiences with Sony before but open to other brands.",
  structured_hints: {
    category_hint: 'electronics.headphones',
    price_range_usd: { min: 300, max: 400 },
    required_features: ['noise_cancellation', 'wireless'],
  },
  context: {
    use_case: 'daily_commute',
    previous_purchases: ['sct_txn_prev123'],
    location: { country: 'US', region: 'CA' },
  },
  preferences: { max_offers: 10, offer_timeout_seconds: 30, include_reputation_data: true },
};

interface OfferChange {
  offerId?: string;
  price?: number | string;
  more?: Record<string, unknown>;
}

function exampleOffer({ offerId = newId('offer'), price = 349.99, more }: OfferChange = {}) {
  return {
    offer_id: offerId,
    product: {
      product_id: 'prod_sony_wh1000xm5',
      name: 'Sony WH-1000XM5 Wireless Noise Canceling Headphones',
      category: 'electronics.headphones.over_ear',
      structured_attributes: {
        brand: 'Sony',
        model: 'WH-1000XM5',
        features: ['noise_cancellation', 'wireless', 'foldable', 'multipoint', 'speak_to_chat'],
        battery_hours: 30,
        weight_grams: 250.5,
      },
      natural_language_description: {
        content: 'Our flagship noise-canceling headphones, perfect for commuters who demand the best.',
        language: 'en',
      },
    },
    pricing: {
      currency: 'USD',
      list_price: 399.99,
      offer_price: price,
      discount_percentage: 12.5,
      price_valid_until: '2099-01-14T22:00:00Z',
      price_rationale: 'Loyal customer appreciation pricing',
    },
    availability: {
      in_stock: true,
      quantity_available: 45,
      estimated_ship_date: '2026-01-15',
      delivery_estimate_days: { min: 2, max: 5 },
      shipping_options: [
        { method: 'standard', days: '3-5', price_usd: 0 },
        { method: 'express', days: '1-2', price_usd: 14.99 },
      ],
    },
    terms: {
      return_policy: '30-day free returns, no questions asked',
      warranty: '1-year',
      price_match: true,
    },
    valid_until: '2099-01-14T22:00:00Z',
    // Ignored: what is said of a seller is AURA's to say.
    reputation: { beacon_score: 100, merchant_rating: 5, total_transactions: 1_000_000 },
    ...more,
  };
}
type ExampleOffer = ReturnType<typeof exampleOffer>;

describeOnServer('the market of version 1', () => {
  let env: TestEnvironment;
  let scout: Client1;
  let beacon: Client1;
  beforeAll(async () => {
    env = await testEnvironment({ AURA_MAX_OFFERS_PER_BEACON: '20' });
    [scout, beacon] = await Promise.all([
      register1(env.platform.apiUrl, 'scout'),
      register1(env.platform.apiUrl, 'beacon'),
    ]);
  });
  afterAll(() => env?.stop());

  /** A session that collects offers, and the request that this seller was asked by. */
  async function aSession(body: unknown = QUERY) {
    const opened = await scout.send('POST', '/v1/sessions', body);
    expect(opened).toMatchObject({ status: 201 });
    const sessionId = opened.json.session_id as unknown as string;
    const path = `/v1/beacons/${beacon.id}/requests`;
    let requestId = '';
    await until(async () => {
      const { json } = await beacon.send('GET', path);
      const requests = json.requests as unknown as { session_id: string; request_id: string }[];
      requestId = requests.find(({ session_id }) => session_id === sessionId)?.request_id ?? '';
      return requestId !== '';
    });
    return { opened, sessionId, requestId };
  }

  const sign = (offer: ExampleOffer, price = String(offer.pricing.offer_price)) =>
    `sig_${beacon.key.sign(
      offerSigningBytes1({
        offerId: offer.offer_id,
        beaconId: beacon.id,
        productId: offer.product.product_id,
        offerPrice: price,
        validUntil: offer.valid_until,
      }),
    )}`;

  const bodyOf = (requestId: string, offers: object[], more: Record<string, unknown> = {}) => ({
    request_id: requestId,
    beacon_id: beacon.id,
    offers,
    beacon_metadata: {
      merchant_name: 'Acme Electronics',
      merchant_url: 'https://acme-electronics.example.com',
      support_email: 'support@acme-electronics.example.com',
      certifications: ['bbb_accredited', 'google_trusted_store'],
    },
    ...more,
  });

  test('goes from the query to ranked offers by the examples of the protocol', async () => {
    const { opened, sessionId, requestId } = await aSession({
      ...QUERY,
      preferences: { ...QUERY.preferences, offer_timeout_seconds: 10 },
    });
    expect(opened.json).toEqual({
      session_id: sessionId,
      status: expect.stringMatching(/interpreting|collecting_offers|created/) as unknown,
      created_at: expect.any(String) as unknown,
      estimated_offers_at: expect.any(String) as unknown,
      poll_url: `/v1/sessions/${sessionId}`,
      websocket_url: expect.stringMatching(new RegExp(`^ws://.+/ws/sessions/${sessionId}$`)) as unknown,
    });

    const asked = await beacon.send('GET', `/v1/beacons/${beacon.id}/requests`);
    const [request] = asked.json.requests as unknown as Record<string, unknown>[];
    expect(request).toMatchObject({
      request_type: 'offer_request',
      request_id: requestId,
      response_url: `${env.platform.apiUrl}/v1/sessions/${sessionId}/offers`,
      interpreted_request: {
        structured_requirements: { hard_constraints: { price_max_usd: 400, in_stock: true, ships_to: 'US' } },
      },
    });
    expect(JSON.stringify(request)).not.toMatch(/prev123|"CA"|price_range|behavioral|train is loud/);

    const offer = exampleOffer();
    const envelope = bodyOf(requestId, [offer], { signature: sign(offer) });
    const answered = await beacon.send('POST', `/v1/sessions/${sessionId}/offers`, envelope);
    expect(answered).toMatchObject({ status: 201, json: { accepted: [{ offer_id: offer.offer_id }] } });

    await until(async () => (await statusOf(sessionId)) === 'offers_ready');
    expect(await session(sessionId)).toMatchObject({
      status: 'offers_ready',
      interpreted_request: {
        interpretation_version: expect.any(String) as unknown,
        structured_requirements: {
          category: 'electronics.headphones',
          hard_constraints: { price_max_usd: 400, in_stock: true, ships_to: 'US' },
          soft_preferences: {
            brands: { preferred: ['Sony'], acceptable: [], excluded: [] },
            features: { required: ['noise_cancellation', 'wireless'] },
            price_range_usd: { min: 300, max: 400, ideal_min: 300, ideal_max: 400 },
          },
        },
        natural_language_context: { language: 'en', sanitized: true },
        behavioral_signals: { brand_loyalty: 'high' },
      },
      offers_count: 1,
      offers_url: `/v1/sessions/${sessionId}/offers`,
    });

    const ranked = await scout.send('GET', `/v1/sessions/${sessionId}/offers`);
    expect(ranked.json).toMatchObject({
      status: 'offers_ready',
      total_offers: 1,
      offers: [
        {
          rank: 1,
          offer_id: offer.offer_id,
          beacon_id: beacon.id,
          cwr_score: expect.any(Number) as unknown,
          pricing: { currency: 'USD', offer_price: 349.99, list_price: 399.99 },
          availability: { in_stock: true, delivery_estimate_days: { min: 2, max: 5 } },
          merchant: { name: expect.any(String) as unknown, reputation_score: expect.any(Number) as unknown },
          match_explanation: { structured_match_score: 100 },
          detail_url: `/v1/offers/${offer.offer_id}`,
        },
      ],
      ranking_metadata: { algorithm_version: 'cwr_v2', computed_at: expect.any(String) as unknown },
    });

    const { json: whole } = await scout.send('GET', `/v1/offers/${offer.offer_id}`);
    const { reputation: _claimed, terms, ...sent } = offer;
    expect(whole).toMatchObject({
      ...sent,
      valid_until: '2099-01-14T22:00:00.000Z',
      merchant: { return_policy: terms.return_policy, warranty: terms.warranty },
      certifications: ['bbb_accredited', 'google_trusted_store'],
      reputation: { total_transactions: 0, beacon_score: expect.any(Number) as unknown },
      signature: sign(offer),
    });
    expect(whole).not.toMatchObject({ reputation: { beacon_score: 100 } });
    const row: unknown = await env.db('offers').where({ id: offer.offer_id }).first();
    expect(row).toMatchObject({
      signed_form: '2026-01-01',
      request_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
  });

  const statusOf = async (id: string) => (await session(id)).status as unknown;
  const session = async (id: string) => (await scout.send('GET', `/v1/sessions/${id}`)).json;

  test('keeps the digits of a price as they were signed', async () => {
    const { sessionId, requestId } = await aSession();
    const path = `/v1/sessions/${sessionId}/offers`;
    const offer = exampleOffer({ price: '349.990' });
    const wrong = { ...offer, signature: sign(offer, '349.99') };
    expect(await beacon.send('POST', path, bodyOf(requestId, [wrong]))).toMatchObject({
      status: 401,
      json: { error: { code: 'INVALID_SIGNATURE', details: { field: 'offers.0.signature' } } },
    });
    const right = { ...offer, signature: sign(offer, '349.990') };
    const big = exampleOffer({ price: '12345678901234567.89' });
    // In one body: with the answer of the only seller the session takes no more.
    const both = bodyOf(requestId, [right, { ...big, signature: sign(big) }]);
    expect(await beacon.send('POST', path, both)).toMatchObject({ status: 201 });
    const priceOf = async (id: string) => (await scout.send('GET', `/v1/offers/${id}`)).json.pricing;
    expect(await priceOf(offer.offer_id)).toMatchObject({ offer_price: 349.99 });
    expect(await priceOf(big.offer_id)).toMatchObject({ offer_price: '12345678901234567.89' });
  });

  test('refuses what was tampered with, is signed too little, or is not its seller\u2019s', async () => {
    const { sessionId, requestId } = await aSession();
    const path = `/v1/sessions/${sessionId}/offers`;
    const refused = async (body: unknown, status: number, code: string, field: string) =>
      expect(await beacon.send('POST', path, body)).toMatchObject({
        status,
        json: { error: { code, details: { field } } },
      });
    const offer = exampleOffer();
    const signature = sign(offer);
    for (const tampered of [
      { ...offer, offer_id: newId('offer') },
      { ...offer, product: { ...offer.product, product_id: 'prod_other' } },
      { ...offer, pricing: { ...offer.pricing, offer_price: 349.98 } },
      { ...offer, valid_until: '2099-01-15T22:00:00Z' },
    ])
      await refused(
        bodyOf(requestId, [{ ...tampered, signature }]),
        401,
        'INVALID_SIGNATURE',
        'offers.0.signature',
      );
    const two = [offer, exampleOffer()];
    await refused(bodyOf(requestId, two, { signature }), 400, 'INVALID_REQUEST', 'offers.0.signature');
    await refused(bodyOf(requestId, [offer]), 400, 'INVALID_REQUEST', 'signature');
    const whole = [{ ...offer, signature }];
    const other = newId('beacon');
    await refused(bodyOf(requestId, whole, { beacon_id: other }), 400, 'INVALID_PARAMETER', 'beacon_id');
    await refused(bodyOf(newId('request'), whole), 400, 'INVALID_PARAMETER', 'request_id');
    const bounds: [Record<string, unknown>, string][] = [
      [{ product: { ...offer.product, name: 'x'.repeat(201) } }, 'offers.0.product.name'],
      [{ pricing: { ...offer.pricing, currency: 'usd' } }, 'offers.0.pricing.currency'],
      [
        { availability: { in_stock: true, delivery_estimate_days: { min: 5, max: 2 } } },
        'offers.0.availability.delivery_estimate_days',
      ],
    ];
    for (const [more, field] of bounds)
      await refused(bodyOf(requestId, [{ ...offer, ...more, signature }]), 400, 'INVALID_PARAMETER', field);
  });

  test('gives an offer id once, and takes the same offer again', async () => {
    const { sessionId, requestId } = await aSession();
    const path = `/v1/sessions/${sessionId}/offers`;
    const offer = exampleOffer();
    const signed = { ...offer, signature: sign(offer) };
    const body = bodyOf(requestId, [signed]);
    expect(await beacon.send('POST', path, body)).toMatchObject({ status: 201 });
    expect(await beacon.send('POST', path, body)).toMatchObject({
      status: 201,
      json: { accepted: [{ offer_id: offer.offer_id }] },
    });
    const taken = { error: { code: 'INVALID_PARAMETER', details: { field: 'offers.0.offer_id' } } };
    const changed = { ...signed, terms: { return_policy: 'none' } };
    expect(await beacon.send('POST', path, bodyOf(requestId, [changed]))).toMatchObject({
      status: 400,
      json: taken,
    });
    const next = await aSession();
    const dearer = exampleOffer({ offerId: offer.offer_id, price: 350 });
    const again = bodyOf(next.requestId, [{ ...dearer, signature: sign(dearer) }]);
    expect(await beacon.send('POST', `/v1/sessions/${next.sessionId}/offers`, again)).toMatchObject({
      status: 400,
      json: taken,
    });
  });

  test('names the field that is missing, wrong, or one too many', async () => {
    const refused = async (body: unknown, code: string, field: string, headers = {}) =>
      expect((await scout.send('POST', '/v1/sessions', body, headers)).json).toMatchObject({
        error: { code, details: { field } },
      });
    await refused({}, 'INVALID_REQUEST', 'natural_language_query');
    await refused({}, 'INVALID_REQUEST', 'intent', { 'aura-version': '2026-04-01' });
    await refused(
      { ...QUERY, intent: 'I need wireless headphones' },
      'INVALID_REQUEST',
      'natural_language_query',
    );
    await refused({ structured_hints: {} }, 'INVALID_REQUEST', 'natural_language_query');
    await refused(
      { ...QUERY, natural_language_query: 'short' },
      'INVALID_PARAMETER',
      'natural_language_query',
    );
    const range = { price_range_usd: { min: 400, max: 300 } };
    await refused(
      { ...QUERY, structured_hints: range },
      'INVALID_PARAMETER',
      'structured_hints.price_range_usd',
    );
    const fine = { price_range_usd: { max: 300.001 } };
    await refused(
      { ...QUERY, structured_hints: fine },
      'INVALID_PARAMETER',
      'structured_hints.price_range_usd.max',
    );
    const nonsense = { natural_language_query: 'qwrt zxcv plmk njhb vgfc' };
    await refused(nonsense, 'INTERPRETATION_FAILED', 'natural_language_query');
  });

  test("another seller's requests are not there", async () => {
    const { status, json } = await beacon.send('GET', `/v1/beacons/${newId('beacon')}/requests`);
    expect([status, json]).toMatchObject([404, { error: { code: 'AGENT_NOT_FOUND' } }]);
  });
});
