/**
 * A deal from registration to delivery by protocol 1.0.0 alone: the bodies of its examples, its signatures, its polling,
 * and every field of its example answers by name and type. The tests are the steps of one walk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import {
  BEACON,
  BEACON_CAPABILITIES,
  BEACON_METADATA,
  BEACON_POLICIES,
  exampleCommit,
  exampleOffers,
  PERIOD,
  QUERY,
  SCOUT,
  SCOUT_CAPABILITIES,
  SCOUT_POLICIES,
} from '../support/literal-bodies';
import {
  literalClient,
  literalFetch,
  literalKeys,
  type Answered,
  type Body,
  type LiteralClient,
} from '../support/literal-client';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(120_000);

const like = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const id = (prefix: string) => like(new RegExp(`^${prefix}_[0-9A-Z]{26}$`));
const INSTANT = like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const DAY = like(/^\d{4}-\d\d-\d\d$/);
const TEXT = like(/./);
const NUMBER = expect.any(Number) as number;

const CARD = {
  type: 'card',
  card: { number: '4242424242424242', exp_month: 12, exp_year: 2099, cvc: '123' },
};

interface Offer1 {
  rank: number;
  offer_id: string;
}
interface Session1 {
  status: string;
  interpreted_request: Body | null;
}
interface Transaction1 {
  status: string;
  status_history: { status: string; timestamp: string }[];
  refund?: { status: string };
}

describeOnServer('protocol 1.0.0, to the letter', () => {
  let env: TestEnvironment;
  let url: string;
  const answers: Answered<unknown>[] = [];
  const seen = (answered: Answered<unknown>) => void answers.push(answered);
  const keys = { scout: literalKeys(), beacon: literalKeys() };
  let scout: LiteralClient;
  let beacon: LiteralClient;
  let scoutId: string;
  let beaconId: string;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_INQUIRY_LAST_MS: '500' }, { rails: ['rtp', 'card', 'x402'] });
    url = env.platform.apiUrl;
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  const until = async <Json>(
    read: () => Promise<Answered<Json>>,
    holds: (json: Json) => boolean,
  ): Promise<Json> => {
    let last: Json | undefined;
    for (let tries = 0; tries < 300; tries++) {
      const { json } = await read();
      if (holds(json)) return json;
      last = json;
      await sleep(tries < 20 ? 100 : 300);
    }
    throw new Error(`it did not come to that: ${JSON.stringify(last)}`);
  };
  const register = (kind: string, body: Body) =>
    literalFetch<Record<string, string>>(`${url}/v1/agents/${kind}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });

  test('both register with a key in PEM, and get an API key and a secret', async () => {
    const { pem } = keys.scout;
    const asScout = await register('scouts', {
      ...SCOUT,
      public_key: pem,
      callback_url: 'https://myapp.example.com/aura/callbacks',
    });
    expect([asScout.status, asScout.json]).toEqual([
      201,
      {
        scout_id: id('sct'),
        api_key: like(/^sk_test_/),
        api_secret: like(/^ss_/),
        registered_at: INSTANT,
        rate_limits: { requests_per_minute: NUMBER, sessions_per_hour: NUMBER },
      },
    ]);
    const asBeacon = await register('beacons', { ...BEACON, public_key: keys.beacon.pem });
    expect([asBeacon.status, asBeacon.json]).toEqual([
      201,
      {
        beacon_id: id('bcn'),
        api_key: like(/^bk_test_/),
        api_secret: like(/^bs_/),
        registered_at: INSTANT,
        verification_status: like(/^(pending|verified)$/),
        rate_limits: { offer_responses_per_minute: NUMBER },
      },
    ]);
    [asScout, asBeacon].forEach(seen);
    scoutId = asScout.json.scout_id ?? '';
    beaconId = asBeacon.json.beacon_id ?? '';
    scout = literalClient(url, { apiKey: asScout.json.api_key ?? '', keys: keys.scout }, seen);
    beacon = literalClient(url, { apiKey: asBeacon.json.api_key ?? '', keys: keys.beacon }, seen);
  });

  test('both declare their policies', async () => {
    const scoutPath = `/v1/agents/scouts/${scoutId}/policies`;
    const beaconPath = `/v1/agents/beacons/${beaconId}/policies`;
    const accepted = (agentId: string) => ({
      policy_id: id('pol'),
      agent_id: agentId,
      status: 'active',
      effective_from: INSTANT,
      effective_until: null,
      validated_at: INSTANT,
    });
    const byScout = await scout.ask('PUT', scoutPath, { policies: SCOUT_POLICIES, ...PERIOD });
    expect([byScout.status, byScout.json]).toEqual([200, accepted(scoutId)]);
    const byBeacon = await beacon.ask('PUT', beaconPath, { policies: BEACON_POLICIES, ...PERIOD });
    expect([byBeacon.status, byBeacon.json]).toEqual([200, accepted(beaconId)]);
    // A country is told by its ISO code.
    const geographic_restrictions = { ships_from: ['US', 'CA', 'GB'], ships_to: ['US'] };
    expect((await scout.ask('GET', scoutPath)).json).toMatchObject({
      policies: { ...SCOUT_POLICIES, geographic_restrictions },
    });
    expect((await beacon.ask('GET', beaconPath)).json).toMatchObject({ policies: BEACON_POLICIES });
  });

  test('both declare how they pay and are paid', async () => {
    const scoutPath = `/v1/agents/scouts/${scoutId}/payment-capabilities`;
    const beaconPath = `/v1/agents/beacons/${beaconId}/payment-capabilities`;
    await scout.ask('PUT', scoutPath, { payment_capabilities: SCOUT_CAPABILITIES });
    await beacon.ask('PUT', beaconPath, { payment_capabilities: BEACON_CAPABILITIES });
    expect(await scout.ask('GET', scoutPath)).toMatchObject({
      status: 200,
      json: { scout_id: scoutId, payment_capabilities: SCOUT_CAPABILITIES },
    });
    expect(await beacon.ask('GET', beaconPath)).toMatchObject({
      status: 200,
      json: { beacon_id: beaconId, payment_capabilities: BEACON_CAPABILITIES },
    });
  });

  /** From the query to ranked offers, by polling on both sides. */
  async function ranked(): Promise<{ sessionId: string; path: string; offers: Offer1[] }> {
    const opened = await scout.ask<{ session_id: string }>('POST', '/v1/sessions', QUERY);
    const sessionId = opened.json.session_id;
    const path = `/v1/sessions/${sessionId}`;
    expect([opened.status, opened.json]).toEqual([
      201,
      {
        session_id: id('ses'),
        status: like(/^(created|interpreting|discovering|collecting_offers)$/),
        created_at: INSTANT,
        estimated_offers_at: INSTANT,
        poll_url: path,
        websocket_url: like(new RegExp(`^ws://.+/ws/sessions/${sessionId}$`)),
      },
    ]);
    const requestId = await pending(sessionId);
    const offers = exampleOffers().map((offer) => ({
      ...offer,
      signature: keys.beacon.sign(
        offer.offer_id + beaconId + offer.product.product_id + offer.pricing.offer_price + offer.valid_until,
      ),
    }));
    const answered = await beacon.signed('POST', `${path}/offers`, {
      request_id: requestId,
      beacon_id: beaconId,
      offers,
      beacon_metadata: BEACON_METADATA,
    });
    expect([answered.status, answered.json]).toEqual([
      201,
      {
        session_id: sessionId,
        accepted: offers.map(({ offer_id, product }) => ({ offer_id, product_id: product.product_id })),
      },
    ]);
    await until(
      () => scout.ask<Session1>('GET', path),
      ({ status }) => status === 'offers_ready',
    );
    const { json } = await scout.ask<{ offers: Offer1[] }>('GET', `${path}/offers`);
    return { sessionId, path, offers: json.offers };
  }

  /** The request that waits for the seller, as the protocol's webhook would have brought it. */
  async function pending(sessionId: string): Promise<string> {
    const { requests } = await until(
      () => beacon.ask<{ requests: Body[] }>('GET', `/v1/beacons/${beaconId}/requests`),
      (json) => json.requests.some(({ session_id: each }) => each === sessionId),
    );
    const [request] = requests.filter(({ session_id: each }) => each === sessionId);
    expect(request).toEqual({
      request_type: 'offer_request',
      request_id: id('req'),
      session_id: sessionId,
      timestamp: INSTANT,
      respond_by: INSTANT,
      response_url: `${url}/v1/sessions/${sessionId}/offers`,
      interpreted_request: {
        structured_requirements: expect.objectContaining({
          category: like(/^electronics\.headphones/),
          hard_constraints: expect.objectContaining({
            price_max_usd: 400,
            in_stock: true,
            ships_to: 'US',
          }) as Body,
          soft_preferences: expect.objectContaining({
            brands: expect.objectContaining({ preferred: ['Sony'], acceptable: [] }) as Body,
            features: expect.objectContaining({ required: ['noise_cancellation', 'wireless'] }) as Body,
          }) as Body,
        }) as Body,
        natural_language_context: { content: TEXT, language: 'en', sanitized: true },
      },
      beacon_context: {
        your_categories: BEACON.categories,
        matching_reason: 'category_match',
        recommended_products: [TEXT],
      },
    });
    return String(request?.request_id);
  }

  let market: Awaited<ReturnType<typeof ranked>>;

  test('a query becomes ranked offers, with the API key and by polling alone', async () => {
    market = await ranked();
    expect(market.offers.map(({ rank }) => rank)).toEqual([1, 2]);
  });

  test('the session shows what was understood', async () => {
    const { json } = await scout.ask<Session1>('GET', market.path);
    expect(json).toMatchObject({
      session_id: market.sessionId,
      status: 'offers_ready',
      created_at: INSTANT,
      updated_at: INSTANT,
      offers_count: 2,
      offers_url: `${market.path}/offers`,
    });
    expect(json.interpreted_request).toEqual({
      request_id: id('req'),
      session_id: market.sessionId,
      interpreted_at: INSTANT,
      interpretation_version: TEXT,
      structured_requirements: {
        category: like(/^electronics\.headphones/),
        hard_constraints: expect.objectContaining({
          price_max_usd: 400,
          in_stock: true,
          ships_to: 'US',
        }) as Body,
        soft_preferences: expect.objectContaining({
          brands: { preferred: ['Sony'], acceptable: [], excluded: [] },
          features: {
            required: ['noise_cancellation', 'wireless'],
            preferred: expect.any(Array) as string[],
            excluded: [],
          },
          price_range_usd: { min: 300, max: 400, ideal_min: 300, ideal_max: 400 },
        }) as Body,
        certifications_required: [],
        certifications_preferred: [],
      },
      natural_language_context: {
        content: TEXT,
        language: 'en',
        sanitized: true,
        extracted_entities: expect.arrayContaining([
          { type: 'use_case', value: TEXT, confidence: NUMBER },
          { type: 'brand_affinity', value: 'Sony', confidence: NUMBER },
        ]) as Body[],
      },
      behavioral_signals: {
        price_sensitivity: TEXT,
        brand_loyalty: 'high',
        feature_focus: TEXT,
        decision_speed: TEXT,
      },
      interpretation_confidence: NUMBER,
    });
  });

  test('the ranked offers have every field of the example', async () => {
    const { json } = await scout.ask<{ offers: Offer1[] }>('GET', `${market.path}/offers`);
    expect(json).toMatchObject({
      session_id: market.sessionId,
      status: 'offers_ready',
      total_offers: 2,
      ranking_metadata: { algorithm_version: 'cwr_v2', computed_at: INSTANT },
    });
    for (const [index, offer] of json.offers.entries())
      expect(offer).toMatchObject({
        rank: index + 1,
        offer_id: id('ofr'),
        cwr_score: NUMBER,
        beacon_id: beaconId,
        product: { name: TEXT, category: 'electronics.headphones.over_ear' },
        pricing: { currency: 'USD', offer_price: NUMBER, list_price: 399.99 },
        availability: { in_stock: true, delivery_estimate_days: { min: 2, max: 5 } },
        merchant: { name: 'Acme Electronics', reputation_score: NUMBER },
        match_explanation: {
          summary: TEXT,
          structured_match_score: NUMBER,
          semantic_similarity_score: NUMBER,
        },
        detail_url: `/v1/offers/${offer.offer_id}`,
      });
  });

  test('one offer is the complete object, with its signature', async () => {
    const { json } = await scout.ask('GET', `/v1/offers/${market.offers[0]?.offer_id}`);
    const [example] = exampleOffers();
    expect(json).toMatchObject({
      offer_id: market.offers[0]?.offer_id,
      beacon_id: beaconId,
      created_at: INSTANT,
      valid_until: INSTANT,
      product: {
        product_id: TEXT,
        name: example?.product.name,
        category: example?.product.category,
        structured_attributes: { brand: 'Sony', model: 'WH-1000XM5', color: TEXT, weight_grams: 250 },
        natural_language_description: { content: TEXT, language: 'en', sanitized: false },
        images: example?.product.images,
      },
      pricing: {
        currency: 'USD',
        list_price: 399.99,
        offer_price: NUMBER,
        discount_percentage: 12.5,
        price_valid_until: INSTANT,
        price_rationale: TEXT,
      },
      availability: {
        in_stock: true,
        quantity_available: 45,
        estimated_ship_date: '2026-01-15',
        delivery_estimate_days: { min: 2, max: 5 },
        shipping_options: example?.availability.shipping_options,
      },
      merchant: { name: 'Acme Electronics', return_policy: TEXT, warranty: TEXT },
      certifications: BEACON_METADATA.certifications,
      reputation: { beacon_score: NUMBER, merchant_rating: NUMBER, total_transactions: 0 },
      signature: like(/^sig_[A-Za-z0-9+/=]+$/),
    });
  });

  const amounts = {
    currency: 'USD',
    subtotal_usd: 349.99,
    shipping_usd: 0,
    tax_usd: 0,
    total_usd: 349.99,
  };

  /** The offer of the example's price, committed to. */
  async function committed({ sessionId, path }: typeof market, paymentMethod: Body): Promise<string> {
    const { json: listed } = await scout.ask<{ offers: (Offer1 & { pricing: { offer_price: number } })[] }>(
      'GET',
      `${path}/offers`,
    );
    const offerId = listed.offers.find(({ pricing }) => pricing.offer_price === 349.99)?.offer_id ?? '';
    const made = await scout.signed<{ transaction_id: string }>(
      'POST',
      `${path}/commit`,
      exampleCommit(offerId, paymentMethod),
    );
    const { transaction_id } = made.json;
    expect([made.status, made.json]).toEqual([
      201,
      {
        transaction_id: id('txn'),
        session_id: sessionId,
        offer_id: offerId,
        status: like(/^(pending|payment_authorized|confirmed)$/),
        created_at: INSTANT,
        amounts,
        next_steps: { action: TEXT, expected_by: TEXT },
        order: { merchant_order_id: null },
        status_url: `/v1/transactions/${transaction_id}`,
      },
    ]);
    return transaction_id;
  }
  const transaction = (transactionId: string) => () =>
    scout.signed<Transaction1>('GET', `/v1/transactions/${transactionId}`);

  test('the commit becomes a transaction that is confirmed, and completed once it is delivered', async () => {
    const transactionId = await committed(market, CARD);
    const confirmed = await until(transaction(transactionId), ({ status }) => status === 'confirmed');
    expect(confirmed).toMatchObject({
      transaction_id: transactionId,
      order: {
        merchant_order_id: null,
        merchant_name: 'Acme Electronics',
        items: [{ product_name: TEXT, quantity: 1, unit_price_usd: 349.99 }],
        shipping: { method: 'standard', estimated_delivery: DAY, tracking_available: false },
      },
      amounts,
      payment: {
        status: 'captured',
        method: 'card',
        last_four: '4242',
        negotiated_method: 'card',
        currency: 'USD',
        // The commit names the card itself.
        scout_preference_match: true,
        beacon_preference_match: false,
      },
    });
    const history = confirmed.status_history;
    expect(history.map(({ status }) => status)).toEqual(['pending', 'payment_authorized', 'confirmed']);
    for (const { timestamp } of history) expect(timestamp).toEqual(INSTANT);
    expect((await scout.ask<Session1>('GET', market.path)).json.status).toBe('transaction_pending');

    const mine = await beacon.signed('GET', `/v1/beacons/${beaconId}/transactions`);
    expect(mine.json).toMatchObject({
      transactions: [{ transaction_id: transactionId, status: 'confirmed', amounts }],
    });
    const delivered = await beacon.signed('POST', `/v1/transactions/${transactionId}/fulfillment`, {
      status: 'delivered',
    });
    expect(delivered.status).toBe(200);
    // The rail's statement comes on its schedule; an operator may ask for it.
    await env.operator.reconcile('card');
    const done = await until(transaction(transactionId), ({ status }) => status === 'completed');
    expect(done.status_history.map(({ status }) => status).slice(-2)).toEqual(['fulfilled', 'completed']);
    await until(
      () => scout.ask<Session1>('GET', market.path),
      ({ status }) => status === 'completed',
    );
  });

  test('the event of the commit has every field of the example', async () => {
    const { json } = await scout.ask<{ events: { payload: Body }[] }>(
      'GET',
      '/v1/events?types=session.committed',
    );
    const [event] = json.events;
    expect(event).toEqual({
      event_id: id('evt'),
      event_type: 'session.committed',
      event_version: '1.0',
      timestamp: INSTANT,
      source: 'aura_core',
      correlation_id: market.sessionId,
      payload: {
        session_id: market.sessionId,
        scout_id: scoutId,
        beacon_id: beaconId,
        offer_id: id('ofr'),
        transaction_id: id('txn'),
        category: like(/^electronics\.headphones/),
        amount_usd: 349.99,
        payment_method: 'card',
        cwr_score: NUMBER,
        offer_rank: NUMBER,
        total_offers: 2,
        session_duration_ms: NUMBER,
      },
      metadata: { environment: 'sandbox', region: TEXT, aura_version: TEXT },
    });
  });

  test('a deal paid by the example’s x402 object is cancelled before fulfilment, and refunded', async () => {
    const other = await ranked();
    const transactionId = await committed(other, {
      type: 'x402',
      x402_payment: {
        facilitator: 'stripe',
        payment_token: `pm_tok_test_${other.sessionId}`,
        currency: 'USD',
        amount: 349.99,
        idempotency_key: `idem_${other.sessionId}`,
      },
    });
    const confirmed = await until(transaction(transactionId), ({ status }) => status === 'confirmed');
    expect(confirmed).toMatchObject({
      payment: {
        negotiated_method: 'x402',
        facilitator: 'stripe',
        currency: 'USD',
        scout_preference_match: true,
        beacon_preference_match: true,
      },
    });
    const { status, json } = await scout.signed('DELETE', `/v1/transactions/${transactionId}`, {
      reason: 'changed_mind',
      comments: 'Found a better deal elsewhere',
    });
    expect([status, json]).toEqual([
      200,
      {
        transaction_id: transactionId,
        status: 'cancelled',
        refund: {
          status: like(/^(processing|completed)$/),
          currency: 'USD',
          amount_usd: 349.99,
          expected_by: (json.refund as Body).expected_by === null ? null : DAY,
        },
      },
    ]);
    const back = await until(transaction(transactionId), ({ refund }) => refund?.status === 'completed');
    expect(back.status).toBe('cancelled');
  });

  test.each<[field: string, change: Body]>([
    ['natural_language_query', { natural_language_query: 'x'.repeat(9) }],
    ['natural_language_query', { natural_language_query: 'x'.repeat(2_001) }],
    ['preferences.max_offers', { preferences: { max_offers: 0 } }],
    ['preferences.max_offers', { preferences: { max_offers: 51 } }],
    ['preferences.offer_timeout_seconds', { preferences: { offer_timeout_seconds: 9 } }],
    ['preferences.offer_timeout_seconds', { preferences: { offer_timeout_seconds: 121 } }],
    ['context.location.country', { context: { location: { country: 'us' } } }],
    ['structured_hints.price_range_usd.min', { structured_hints: { price_range_usd: { min: -1 } } }],
    ['structured_hints.price_range_usd.max', { structured_hints: { price_range_usd: { max: 0.001 } } }],
    ['structured_hints.price_range_usd', { structured_hints: { price_range_usd: { min: 2, max: 1 } } }],
  ])('a session beyond the protocol’s bounds is refused: %s %j', async (field, change) => {
    const { status, json } = await scout.ask('POST', '/v1/sessions', { ...QUERY, ...change });
    expect([status, json]).toMatchObject([400, { error: { code: 'INVALID_PARAMETER', details: { field } } }]);
  });

  test('a session at the protocol’s bounds is taken, with extensions that nobody knows', async () => {
    const start = String(QUERY.natural_language_query);
    const { status, json } = await scout.ask('POST', '/v1/sessions', {
      ...QUERY,
      natural_language_query: start.padEnd(2_000, ' please'),
      preferences: { max_offers: 50, offer_timeout_seconds: 120 },
      extensions: { 'com.example.loyalty': { tier: 3 } },
    });
    expect(status).toBe(201);
    expect(JSON.stringify(json)).not.toContain('loyalty');
    const cancelled = await scout.signed('DELETE', `/v1/sessions/${String(json.session_id)}`);
    expect(cancelled).toMatchObject({ status: 200, json: { status: 'cancelled' } });
  });

  test('a refusal has the protocol’s five fields', async () => {
    const missing = await scout.ask('POST', '/v1/sessions', { structured_hints: {} });
    expect([missing.status, missing.json]).toEqual([
      400,
      {
        error: {
          code: 'INVALID_REQUEST',
          message: like(/natural_language_query/),
          details: { field: 'natural_language_query', reason: 'required' },
          request_id: id('req'),
          documentation_url: `${url}/errors/INVALID_REQUEST`,
        },
      },
    ]);
    const unsigned = await scout.ask('GET', '/v1/transactions/txn_01HXYZ');
    expect([unsigned.status, unsigned.json]).toMatchObject([
      401,
      { error: { code: 'AUTHENTICATION_REQUIRED', details: { field: 'X-AURA-Signature' } } },
    ]);
    const unknown = await scout.signed('GET', '/v1/transactions/txn_01HXYZ');
    expect([unknown.status, unknown.json]).toMatchObject([404, { error: { code: 'TRANSACTION_NOT_FOUND' } }]);
  });

  test('every answer tells the version and what is left of the rate limit', () => {
    expect(answers.length).toBeGreaterThan(20);
    for (const { headers, status } of answers) {
      expect(headers.get('X-RateLimit-Limit')).toMatch(/^\d+$/);
      expect(headers.get('X-RateLimit-Remaining')).toMatch(/^\d+$/);
      expect(headers.get('X-RateLimit-Reset')).toEqual(INSTANT);
      expect(headers.get('X-Request-ID')).toEqual(id('req'));
      // Who is not known has no version.
      if (status !== 401) expect(headers.get('AURA-Version')).toBe('2026-01-01');
    }
  });
});
