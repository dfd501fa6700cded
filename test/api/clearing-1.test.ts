/** Commit, transactions and cancellation as protocol 1.0.0 has them. */
import { cancellationOf } from '../../store/cancellations';
import { SANDBOX_USDC } from '../../domain/rail-terms';
import { amount1, amounts1 } from '../../api/views/amounts-1';
import { estimatedDelivery } from '../../domain/market/delivery';
import type { Beacon, Scout } from '../../sdk';
import { signedRequest, textOf, type Json } from '../support/agent-request';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, type Market, type TestBuyer, type TestSeller } from '../support/market';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(120_000);

const VERSION_1 = { 'aura-version': '2026-01-01' };
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

describe('amounts', () => {
  const minor = { subtotalMinor: 34_999n, shippingMinor: 0n, taxMinor: 3_150n, totalMinor: 38_149n };

  test('are numbers under the names of dollars', () => {
    expect(amounts1({ asset: 'USD', ...minor })).toEqual({
      currency: 'USD',
      subtotal_usd: 349.99,
      shipping_usd: 0,
      tax_usd: 31.5,
      total_usd: 381.49,
    });
    expect(amount1('total', 381_490_000n, SANDBOX_USDC)).toEqual({ total_usd: 381.49 });
  });

  test('of another currency do not pose as dollars', () => {
    expect(amounts1({ asset: 'JPY', ...minor })).toMatchObject({ currency: 'JPY', total_jpy: 38149 });
  });

  test('keep digits that a float would lose', () => {
    expect(amount1('total', 12_345_678_901_234_567n, 'USD')).toEqual({ total_usd: '123456789012345.67' });
  });
});

describe('the estimated delivery', () => {
  const { availability } = anOffer();
  const offer = { ...anOffer(), availability };
  const ordered = new Date('2026-01-14T10:35:00Z');

  test('counts from the order, then from the shipment, until the seller names a day', () => {
    expect(estimatedDelivery(offer, null, ordered)).toBe('2026-01-17');
    expect(estimatedDelivery(offer, null, ordered, { shippedAt: new Date('2026-01-15T23:00:00Z') })).toBe(
      '2026-01-18',
    );
    expect(estimatedDelivery(offer, null, ordered, { estimatedDelivery: '2026-01-20' })).toBe('2026-01-20');
  });

  test("is that of the chosen shipping, and nobody's guess where nobody said", () => {
    const shipping_options = [
      { method: 'express', price: '14.99', days_min: 1, days_max: 2 },
      { method: 'standard', price: '0' },
    ];
    const both = { ...offer, availability: { ...availability, shipping_options } };
    expect(estimatedDelivery(both, 'express', ordered)).toBe('2026-01-16');
    expect(estimatedDelivery(both, 'standard', ordered)).toBe('2026-01-17');
    expect(estimatedDelivery({ ...offer, availability: { in_stock: true } }, null, ordered)).toBeNull();
  });
});

describeOnServer('version 1', () => {
  let env: TestEnvironment;
  let market: Market;
  let buyer: TestBuyer;
  let seller: TestSeller;

  beforeAll(async () => {
    env = await testEnvironment();
    market = createMarket(env);
    [buyer, seller] = await Promise.all([market.aBuyer(), market.aSeller()]);
    await env.db('agents').where({ id: seller.beacon.agentId }).update({ merchant_name: 'Acme Electronics' });
  });
  afterAll(() => env?.stop());

  const ask = (agent: Scout | Beacon, ...request: [method: string, path: string, body?: unknown]) =>
    signedRequest(env.http.baseUrl, agent, request, VERSION_1);

  const shipping_options = [
    { method: 'standard', price: '0.00', days_min: 3, days_max: 5 },
    { method: 'express', price: '14.99', days_min: 1, days_max: 2 },
  ];

  /** The protocol's own example, with our offer and a mandate of ours. */
  const example = (offerId: string) => ({
    offer_id: offerId,
    quantity: 1,
    shipping_preference: 'standard',
    buyer_identity: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+1-555-123-4567' },
    shipping_address: {
      line1: '123 Main Street',
      line2: 'Apt 4B',
      city: 'San Francisco',
      state: 'CA',
      postal_code: '94102',
      country: 'US',
    },
    payment_method: { type: 'rtp', mandate_id: buyer.mandateId },
    consent: {
      share_identity_with_merchant: true,
      share_email_for_order_updates: true,
      share_phone_for_delivery: true,
      marketing_opt_in: false,
      consent_timestamp: new Date().toISOString(),
      consent_method: 'explicit_user_action',
    },
  });

  const opened = async () => {
    const offer = anOffer({ more: { shipping_options } });
    offer.pricing.tax_rate_bps = 900;
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [offer]]]);
    return { sessionId, body: example(offers[0]?.offer_id ?? '') };
  };
  const committed = async () => {
    const { sessionId, body } = await opened();
    const { status, json } = await ask(buyer.scout, 'POST', `/v1/sessions/${sessionId}/commit`, body);
    expect([status, json.error]).toEqual([201, undefined]);
    return { id: textOf(json.transaction_id), sessionId, json };
  };
  const read = async (id: string, agent: Scout | Beacon = buyer.scout): Promise<Json> =>
    (await ask(agent, 'GET', `/v1/transactions/${id}`)).json;
  const until = async (id: string, reached: (deal: Json) => boolean): Promise<Json> => {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const deal = await read(id);
      if (reached(deal)) return deal;
      if (Date.now() > deadline) throw new Error(`${id} is still ${JSON.stringify(deal.status)}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  const is = (status: string) => (deal: Json) => textOf(deal.status) === status;
  const statusesOf = (deal: Json) =>
    (deal.status_history as unknown as { status: string }[]).map(({ status }) => status);

  const amounts = {
    currency: 'USD',
    subtotal_usd: 349.99,
    shipping_usd: 0,
    tax_usd: 31.5,
    total_usd: 381.49,
  };

  test("takes the protocol's example of a commit and answers in its shape", async () => {
    const { json, id, sessionId } = await committed();
    expect(json).toEqual({
      transaction_id: id,
      session_id: sessionId,
      offer_id: expect.stringMatching(/^ofr_/) as string,
      status: expect.stringMatching(/^(pending|payment_authorized|confirmed)$/) as string,
      created_at: expect.stringMatching(INSTANT) as string,
      amounts,
      next_steps: {
        action: expect.stringMatching(/^await_/) as string,
        expected_by: expect.stringMatching(/^\d{4}-\d\d-\d\d/) as string,
      },
      status_url: `/v1/transactions/${id}`,
      order: { merchant_order_id: null },
    });
  });

  test('shows a deal from its first day to its last, to the seller with the buyer that consented', async () => {
    const { id } = await committed();
    const confirmed = await until(id, is('confirmed'));
    expect(statusesOf(confirmed)).toEqual(['pending', 'payment_authorized', 'confirmed']);
    expect(confirmed).toMatchObject({
      order: {
        merchant_order_id: null,
        merchant_name: 'Acme Electronics',
        items: [{ product_name: 'Sony WH-1000XM5', quantity: 1, unit_price_usd: 349.99 }],
        shipping: {
          method: 'standard',
          estimated_delivery: expect.stringMatching(DAY) as string,
          tracking_available: false,
        },
      },
      amounts,
      payment: { status: 'captured', method: 'bank_transfer' },
    });
    expect(confirmed).not.toHaveProperty('refund');
    expect(confirmed).not.toHaveProperty('buyer');

    const shipped = await ask(seller.beacon, 'POST', `/v1/transactions/${id}/fulfillment`, {
      status: 'shipped',
      tracking_number: '1Z999',
      carrier: 'UPS',
      estimated_delivery: '2026-12-01',
    });
    expect([shipped.status, shipped.json.order?.shipping]).toEqual([
      200,
      {
        method: 'standard',
        estimated_delivery: '2026-12-01',
        tracking_available: true,
        tracking_number: '1Z999',
        carrier: 'UPS',
        shipped_at: expect.stringMatching(INSTANT) as string,
      },
    ]);
    expect(shipped.json.buyer).toEqual({
      identity: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+1-555-123-4567' },
      shipping_address: example('').shipping_address,
      marketing_opt_in: false,
    });
    await ask(seller.beacon, 'POST', `/v1/transactions/${id}/fulfillment`, { status: 'delivered' });
    const completed = await until(id, is('completed'));
    expect(statusesOf(completed).slice(-2)).toEqual(['fulfilled', 'completed']);

    const listed = await ask(seller.beacon, 'GET', `/v1/beacons/${seller.beacon.agentId}/transactions`);
    const mine = (listed.json.transactions as unknown as Json[]).find(
      ({ transaction_id: listedId }) => textOf(listedId) === id,
    );
    expect(mine).toMatchObject({ status: 'completed', amounts, order: { merchant_order_id: null } });
    expect(mine).not.toHaveProperty('clearing_status');
  });

  test('keeps the status of before while a deal is disputed', async () => {
    const { id } = await committed();
    await until(id, is('confirmed'));
    await ask(seller.beacon, 'POST', `/v1/transactions/${id}/fulfillment`, { status: 'delivered' });
    await until(id, is('completed'));
    const { status } = await ask(buyer.scout, 'POST', `/v1/transactions/${id}/disputes`, {
      reason: 'not_as_described',
      description: 'These are not the headphones of the offer.',
      remedy_requested: 'refund',
    });
    expect(status).toBe(201);
    expect(await read(id)).toMatchObject({ status: 'completed' });
    const { json } = await ask(seller.beacon, 'GET', `/v1/beacons/${seller.beacon.agentId}/transactions`);
    expect((json.transactions as unknown as Json[])[0]).toMatchObject({
      transaction_id: id,
      status: 'completed',
    });
    expect(await buyer.scout.transaction(id)).toMatchObject({ status: 'disputed' });
  });

  describe('a cancellation', () => {
    const comments = 'Found a better deal elsewhere, call me at +1-555-123-4567';

    test("takes the protocol's example, and gives the money back", async () => {
      const { id, sessionId } = await committed();
      await until(id, is('confirmed'));
      const { status, json } = await ask(buyer.scout, 'DELETE', `/v1/transactions/${id}`, {
        reason: 'changed_mind',
        comments,
      });
      expect([status, json]).toEqual([
        200,
        {
          transaction_id: id,
          status: 'cancelled',
          refund: {
            status: expect.stringMatching(/^(processing|completed)$/) as string,
            currency: 'USD',
            amount_usd: 381.49,
            expected_by: json.refund?.expected_by,
          },
        },
      ]);
      const back = await until(id, (deal) => textOf(deal.refund?.status) === 'completed');
      expect(back).toMatchObject({ status: 'cancelled', refund: { amount_usd: 381.49, expected_by: null } });
      expect(statusesOf(back).filter((one) => one === 'cancelled')).toHaveLength(1);
      expect(back.payment).toMatchObject({ status: 'refunded' });

      const kept = await cancellationOf(env.db, id);
      expect(kept?.comments).toBe(comments);
      const told = await env.db('outbox').where({ correlation_id: sessionId });
      const audited = await env.db('audit').whereIn('subject', [id, sessionId]);
      const seen = await read(id, seller.beacon);
      expect(JSON.stringify([told, audited, seen])).not.toContain('better deal');
    });

    test.each([
      ['a reason in the query', '?reason=too+late', undefined, 'too late'],
      ['no body and no reason', '', undefined, 'not wanted any more'],
      ['an empty object', '', {}, 'not wanted any more'],
    ])('takes %s', async (_what, query, body, reason) => {
      const { id } = await committed();
      await until(id, is('confirmed'));
      const { status } = await ask(buyer.scout, 'DELETE', `/v1/transactions/${id}${query}`, body);
      expect(status).toBe(200);
      const kept = await cancellationOf(env.db, id);
      expect(kept?.reason).toBe(reason);
    });

    test('comes too late after fulfilment, and a wrong reason is told', async () => {
      const { id } = await committed();
      await until(id, is('confirmed'));
      const wrong = await ask(buyer.scout, 'DELETE', `/v1/transactions/${id}`, { reason: 7 });
      expect([wrong.status, wrong.json.error?.details?.field]).toEqual([400, 'reason']);
      await ask(seller.beacon, 'POST', `/v1/transactions/${id}/fulfillment`, { status: 'delivered' });
      await until(id, is('completed'));
      const late = await ask(buyer.scout, 'DELETE', `/v1/transactions/${id}`, { reason: 'changed_mind' });
      expect([late.status, late.json.error?.code]).toEqual([409, 'SESSION_STATE_CONFLICT']);
      const given = await ask(seller.beacon, 'DELETE', `/v1/transactions/${id}`, { reason: 'recalled' });
      expect([given.status, given.json.refund]).toMatchObject([200, { amount_usd: 381.49 }]);
      expect(await until(id, is('cancelled'))).toMatchObject({ refund: { amount_usd: 381.49 } });
    });
  });

  describe('consent', () => {
    const refused = async (change: Record<string, unknown>) => {
      const { sessionId, body } = await opened();
      const consent = { ...body.consent, ...change };
      return ask(buyer.scout, 'POST', `/v1/sessions/${sessionId}/commit`, { ...body, consent });
    };

    test.each([
      ['share_identity_with_merchant', undefined, 'required'],
      ['share_email_for_order_updates', undefined, 'required'],
      ['marketing_opt_in', undefined, 'required'],
      ['consent_timestamp', undefined, 'required'],
      ['consent_method', undefined, 'required'],
      ['consent_timestamp', new Date(Date.now() - 16 * 60_000).toISOString(), 'stale'],
      ['consent_timestamp', new Date(Date.now() + 10 * 60_000).toISOString(), 'in_the_future'],
    ])('%s: %s is refused as %s', async (field, value, reason) => {
      const { status, json } = await refused({ [field]: value });
      expect([status, json.error?.code]).toEqual([403, 'BUSINESS_RULE_VIOLATION']);
      expect(json.error?.details).toMatchObject({
        step: 'consent_and_authority',
        field: `consent.${field}`,
        reason,
      });
    });

    test('by a method that is none', async () => {
      const { status, json } = await refused({ consent_method: 'assumed' });
      expect([status, json.error?.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect(json.error?.details).toMatchObject({ field: 'consent.consent_method' });
    });

    test('that is refused withholds its field from the merchant', async () => {
      const { sessionId, body } = await opened();
      const consent = {
        ...body.consent,
        share_identity_with_merchant: false,
        share_phone_for_delivery: undefined,
        marketing_opt_in: true,
      };
      const { json } = await ask(buyer.scout, 'POST', `/v1/sessions/${sessionId}/commit`, {
        ...body,
        consent,
      });
      const id = textOf(json.transaction_id);
      await until(id, is('confirmed'));
      const seen = await read(id, seller.beacon);
      expect(seen.buyer).toMatchObject({ marketing_opt_in: true });
      expect(seen.buyer?.identity).toEqual({ email: 'jane.doe@example.com' });
    });
  });

  test('2.2 shows the order and how its payment was negotiated, too', async () => {
    const { id } = await committed();
    const deal = await buyer.scout.transaction(id);
    expect(deal.order).toMatchObject({
      merchant_order_id: null,
      merchant_name: 'Acme Electronics',
      items: [{ product_name: 'Sony WH-1000XM5', quantity: 1, unit_price: '349.99' }],
    });
    expect(deal.payment).toMatchObject({ method: 'bank_transfer', negotiated_method: 'bank_transfer' });
  });
});
