/** A merchant with a webhook is asked during the commit, and nothing is committed without its word. */
import { existsSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readReply } from '../../api/confirmation/answer';
import { verifyWebhook } from '../../domain/webhook-signature';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, type Market, type TestBuyer, type TestSeller } from '../support/market';
import { merchantWebhook, says, type MerchantWebhook } from '../support/merchant-webhook';
import { describeOnServer } from '../support/on-server';
import { signedRequest, textOf, type Answered } from '../support/agent-request';
import { consentGiven } from '../support/consent';

jest.setTimeout(120_000);

const TIMEOUT_MS = 1_000;
const PRELOAD = resolve(__dirname, '../support/crash-at.cjs');

describe("a merchant's answer", () => {
  const answered = (status: number, body = '') => readReply({ kind: 'answered', status, body });

  test.each([
    ['an empty 200', 200, ''],
    ['204', 204, ''],
    ['a word that is not JSON', 200, 'OK'],
    ['JSON that says nothing of the order', 202, '{"received":true}'],
    ['a list', 200, '[false]'],
  ])('confirms without a number: %s', (_what, status, body) => {
    expect(answered(status, body)).toEqual({ kind: 'confirmed', merchantOrderId: null });
  });

  test('confirms with a number', () => {
    expect(answered(200, '{"confirmed":true,"merchant_order_id":" ORD-ACME-12345 "}')).toEqual({
      kind: 'confirmed',
      merchantOrderId: 'ORD-ACME-12345',
    });
  });

  test.each([
    [200, '{"confirmed":false,"reason":"sold out"}', 'sold out'],
    [409, '{"reason":"sold\\u0000\\u202e\\n  out"}', 'sold out'],
    [410, '', 'no reason given'],
    [422, '{"reason":{"code":7}}', 'no reason given'],
    [422, JSON.stringify({ reason: '😀'.repeat(500) }), '😀'.repeat(200)],
  ])('declines with %i %s', (status, body, reason) => {
    expect(answered(status, body)).toEqual({ kind: 'declined', reason });
  });

  test.each([
    [200, '{"confirmed":"false"}'],
    [200, '{"confirmed":true,"merchant_order_id":7}'],
    [200, `{"confirmed":true,"merchant_order_id":"${'7'.repeat(101)}"}`],
    [200, '{"confirmed":true,"merchant_order_id":"  "}'],
    [200, '{"confirmed":true,"merchant_order_id":"1\\u0007"}'],
    [404, ''],
    [429, ''],
    [500, '{"confirmed":true}'],
  ])('that is none: %i %s', (status, body) => {
    expect(answered(status, body)).toMatchObject({ kind: 'unavailable' });
  });
});

describeOnServer("the merchant's confirmation", () => {
  let env: TestEnvironment;
  let market: Market;
  let merchant: MerchantWebhook;
  let buyer: TestBuyer;
  let seller: TestSeller;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_CONFIRMATION_TIMEOUT_MS: String(TIMEOUT_MS) });
    market = createMarket(env);
    merchant = await merchantWebhook();
    [buyer, seller] = await Promise.all([market.aBuyer(), market.aSeller()]);
    await listen(seller, merchant.url);
  });
  afterAll(async () => {
    await merchant?.close();
    await env?.stop();
  });
  beforeEach(() => merchant.reset());

  const listen = async ({ beacon }: TestSeller, url: string | null) => {
    await env.db('agents').where({ id: beacon.agentId }).update({ webhook_url: url });
  };

  interface Opened {
    sessionId: string;
    offerId: string;
  }
  const anOpenSession = async (from = seller): Promise<Opened> => {
    const { sessionId, offers } = await market.rankedSession(buyer, [[from, [anOffer()]]]);
    return { sessionId, offerId: offers[0]?.offer_id ?? '' };
  };

  const orderFor = (offerId: string, more: Record<string, unknown> = {}) => ({
    offer_id: offerId,
    quantity: 2,
    buyer_identity: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+1-555-123-4567' },
    payment_method: { type: 'rtp', mandate_id: buyer.mandateId },
    consent: consentGiven(),
    ...more,
  });
  type Order = ReturnType<typeof orderFor>;
  const commit = (sessionId: string, order: Order, key: string): Promise<Answered> =>
    signedRequest(env.http.baseUrl, buyer.scout, ['POST', `/v1/sessions/${sessionId}/commit`, order], {
      'x-idempotency-key': key,
    });

  const dealsOf = async (sessionId: string) => env.db('transactions').where({ session_id: sessionId });
  const released = async (sessionId: string) =>
    (await env.db('outbox').where({ correlation_id: sessionId, type: 'order.released' })).map(
      ({ payload }: { payload: Record<string, unknown> }) => payload,
    );
  const expectNothingDone = async ({ sessionId }: Opened) => {
    expect(await dealsOf(sessionId)).toEqual([]);
    expect((await buyer.scout.session(sessionId)).status).toBe('offers_available');
    const kept = await env.db('idempotency_keys').whereNotNull('request');
    expect(kept).toEqual([]);
  };

  test('with a number shows it in the order; the question is signed and does not show the buyer', async () => {
    merchant.answers(says(200, { confirmed: true, merchant_order_id: 'ORD-ACME-12345' }));
    const { sessionId, offerId } = await anOpenSession();
    const { status, json } = await commit(sessionId, orderFor(offerId), 'numbered');
    expect([status, json.order?.merchant_order_id]).toEqual([201, 'ORD-ACME-12345']);
    expect(merchant.questions).toHaveLength(1);
    const [question] = merchant.questions;
    if (!question) throw new Error('nothing was asked');
    expect(verifyWebhook(question, [env.platform.auraPublicKey])).toEqual({
      valid: true,
      id: question.json.event_id,
    });
    const { payload, ...envelope } = question.json;
    expect(envelope).toMatchObject({ event_type: 'order_confirmation', beacon_id: seller.beacon.agentId });
    expect(payload).toEqual({
      transaction_id: json.transaction_id,
      session_id: sessionId,
      offer_id: offerId,
      quantity: 2,
      amounts: { currency: 'USD', subtotal: '699.98', shipping: '0.00', tax: '0.00', total: '699.98' },
      shipping_method: null,
      respond_by: expect.any(String) as string,
      hold_until: expect.any(String) as string,
    });
    expect(question.body).not.toMatch(/Jane|example\.com|555|rtp/);
    const read = await seller.beacon.transaction(textOf(json.transaction_id));
    expect(read.order.merchant_order_id).toBe('ORD-ACME-12345');
  });

  test('with an empty answer commits without a number', async () => {
    const { sessionId, offerId } = await anOpenSession();
    const { status, json } = await commit(sessionId, orderFor(offerId), 'wordless');
    expect([status, json.order?.merchant_order_id]).toEqual([201, null]);
  });

  test('is asked of no beacon without a webhook', async () => {
    await listen(seller, null);
    const { sessionId, offerId } = await anOpenSession();
    expect((await commit(sessionId, orderFor(offerId), 'unasked')).status).toBe(201);
    await listen(seller, merchant.url);
    expect(merchant.questions).toEqual([]);
    expect(await env.db('order_confirmations').where({ offer_id: offerId })).toEqual([]);
  });

  test('shows a beacon of version 1 the amounts by its names', async () => {
    await env.db('agents').where({ id: seller.beacon.agentId }).update({ api_version: '2026-01-01' });
    const { sessionId, offerId } = await anOpenSession();
    await commit(sessionId, orderFor(offerId), 'version-1');
    await env.db('agents').where({ id: seller.beacon.agentId }).update({ api_version: '2026-04-01' });
    expect(merchant.questions[0]?.json.payload?.amounts).toEqual({
      currency: 'USD',
      subtotal_usd: 699.98,
      shipping_usd: 0,
      tax_usd: 0,
      total_usd: 699.98,
    });
  });

  test.each([
    ['in words', 200, { confirmed: false, reason: 'sold out' }, 'sold out'],
    ['by 409', 409, { reason: 'gone to another' }, 'gone to another'],
  ])('refused %s is a refusal for good', async (_how, status, body, reason) => {
    merchant.answers(says(status, body));
    const opened = await anOpenSession();
    const order = orderFor(opened.offerId);
    const key = `declined-${status}`;
    for (let attempt = 0; attempt < 2; attempt++) {
      const refused = await commit(opened.sessionId, order, key);
      expect([refused.status, refused.json.error?.code]).toEqual([403, 'BUSINESS_RULE_VIOLATION']);
      expect(refused.json.error?.details).toEqual({ step: 'merchant', rule: 'merchant_declined', reason });
    }
    expect(merchant.questions).toHaveLength(1);
    await expectNothingDone(opened);
    expect(await released(opened.sessionId)).toEqual([]);
    merchant.answers(says(200));
    expect((await commit(opened.sessionId, order, `${key}-again`)).status).toBe(201);
  });

  test.each([
    ['500', says(500), 502, 'BEACON_UNAVAILABLE'],
    ['a redirect', says(302), 502, 'BEACON_UNAVAILABLE'],
    ['a broken answer', says(200, { confirmed: 'perhaps' }), 502, 'BEACON_UNAVAILABLE'],
    ['silence', () => undefined, 504, 'BEACON_TIMEOUT'],
  ])('%s commits nothing, and the same key may try again', async (what, answer, status, code) => {
    merchant.answers(answer);
    const opened = await anOpenSession();
    const order = orderFor(opened.offerId);
    const key = `retry-${what.replaceAll(' ', '-')}`;
    const started = Date.now();
    const failed = await commit(opened.sessionId, order, key);
    expect([failed.status, failed.json.error?.code]).toEqual([status, code]);
    expect(failed.json.error?.details).toMatchObject({ step: 'merchant' });
    expect(Date.now() - started).toBeLessThan(TIMEOUT_MS + 1_500);
    await expectNothingDone(opened);
    merchant.answers(says(200, { confirmed: true, merchant_order_id: 'ORD-2' }));
    const done = await commit(opened.sessionId, order, key);
    expect([done.status, done.json.order?.merchant_order_id]).toEqual([201, 'ORD-2']);
    const [first, second] = merchant.questions.map(({ json }) => json.event_id);
    expect(merchant.questions).toHaveLength(2);
    expect(second).toBe(first);
  });

  test('a webhook that cannot be reached', async () => {
    const closed = createServer();
    await new Promise<void>((done) => void closed.listen(0, '127.0.0.1', done));
    const { port } = closed.address() as AddressInfo;
    await new Promise((done) => closed.close(done));
    await listen(seller, `http://127.0.0.1:${port}/`);
    const opened = await anOpenSession();
    const refused = await commit(opened.sessionId, orderFor(opened.offerId), 'unreachable');
    await listen(seller, merchant.url);
    expect([refused.status, refused.json.error?.code]).toEqual([502, 'BEACON_UNAVAILABLE']);
    await expectNothingDone(opened);
  });

  test('asks nothing about an order that the gate will refuse anyway', async () => {
    const { sessionId, offerId } = await anOpenSession();
    const order = orderFor(offerId);
    const { marketing_opt_in: _left, ...consent } = order.consent;
    const unsaid = await commit(sessionId, { ...order, consent } as never, 'no-consent');
    expect(unsaid.json.error?.details).toMatchObject({
      field: 'consent.marketing_opt_in',
      reason: 'required',
    });
    const dear = await commit(sessionId, orderFor(offerId, { expected_total: '1.00' }), 'dear');
    expect(dear.json.error?.details).toMatchObject({ rule: 'expected_total' });
    expect(merchant.questions).toEqual([]);
  });

  test('given for a deal that the gate then refuses: the merchant is told', async () => {
    const opened = await anOpenSession();
    const order = orderFor(opened.offerId, {
      payment_method: { type: 'fednow', mandate_id: 'mnd_01HZZZZZZZZZZZZZZZZZZZZZZZ' },
    });
    const refused = await commit(opened.sessionId, order, 'gate-refuses');
    expect([refused.status, refused.json.error?.code]).toEqual([403, 'BUSINESS_RULE_VIOLATION']);
    expect(merchant.questions).toHaveLength(1);
    const about = merchant.questions[0]?.json.payload?.transaction_id;
    expect(await released(opened.sessionId)).toEqual([
      {
        transaction_id: about,
        session_id: opened.sessionId,
        offer_id: opened.offerId,
        beacon_id: seller.beacon.agentId,
        reason: 'not_committed',
      },
    ]);
    await expectNothingDone(opened);
  });

  test('of fifty commits at once one is asked about and wins; the others get 409', async () => {
    merchant.answers((_question, response) => void setTimeout(() => response.writeHead(200).end(), 300));
    const { sessionId, offerId } = await anOpenSession();
    const order = orderFor(offerId);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_none, index) => commit(sessionId, order, `crowd-${index}`)),
    );
    const outcomes = answers.map(({ status, json }) => json.error?.code ?? status).sort();
    expect(outcomes).toEqual([201, ...Array<string>(49).fill('OFFER_ALREADY_COMMITTED')]);
    expect(await dealsOf(sessionId)).toHaveLength(1);
    expect(merchant.questions).toHaveLength(1);
    expect(merchant.mostAtOnce()).toBe(1);
  });

  test('of the same commit sent five times at once is asked for once', async () => {
    merchant.answers((_question, response) => void setTimeout(() => response.writeHead(200).end(), 300));
    const { sessionId, offerId } = await anOpenSession();
    const order = orderFor(offerId);
    const answers = await Promise.all(Array.from({ length: 5 }, () => commit(sessionId, order, 'twins')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ json }) => json.transaction_id)).size).toBe(1);
    expect(merchant.questions).toHaveLength(1);
  });

  test('that was asked for is released when another commit wins', async () => {
    const opened = await anOpenSession();
    const order = orderFor(opened.offerId);
    merchant.answers(says(503));
    expect((await commit(opened.sessionId, order, 'first')).status).toBe(502);
    merchant.answers(says(200));
    expect((await commit(opened.sessionId, order, 'second')).status).toBe(201);
    for (let attempt = 0; attempt < 2; attempt++) {
      const lost = await commit(opened.sessionId, order, 'first');
      expect([lost.status, lost.json.error?.code]).toEqual([409, 'OFFER_ALREADY_COMMITTED']);
    }
    const [lost, won] = merchant.questions.map(({ json }) => json.payload?.transaction_id);
    expect(lost).not.toBe(won);
    expect((await released(opened.sessionId)).map((payload) => payload.transaction_id)).toEqual([lost]);
  });

  test('lapses with its hold: then it is another question', async () => {
    const opened = await anOpenSession();
    const order = orderFor(opened.offerId);
    merchant.answers(says(500));
    await commit(opened.sessionId, order, 'lapsing');
    const about = { transaction_id: textOf(merchant.questions[0]?.json.payload?.transaction_id) };
    const past = new Date(Date.now() - 60_000);
    await env
      .db('order_confirmations')
      .where(about)
      .update({
        asked_at: new Date(past.getTime() - 60_000),
        hold_until: past,
        answered_at: past,
        merchant_order_id: 'ORD-OLD',
      });
    merchant.answers(says(200, { confirmed: true, merchant_order_id: 'ORD-NEW' }));
    const done = await commit(opened.sessionId, order, 'lapsing');
    expect([done.status, done.json.order?.merchant_order_id]).toEqual([201, 'ORD-NEW']);
    const ids = merchant.questions.map(({ json }) => json.event_id);
    expect(new Set(ids).size).toBe(2);
  });

  describe('and kill -9 of the API', () => {
    const marks = mkdtempSync(join(tmpdir(), 'aura-confirmation-'));

    /** As a client would that keeps its key. */
    const commitAtLast = async (opened: Opened, key: string): Promise<Answered> => {
      const order = orderFor(opened.offerId);
      const deadline = Date.now() + 60_000;
      for (;;) {
        const answered = await commit(opened.sessionId, order, key).catch(() => undefined);
        if (answered && answered.status < 500) return answered;
        if (Date.now() > deadline) throw new Error(`${key}: no answer but ${answered?.status}`);
        await new Promise((done) => setTimeout(done, 200));
      }
    };

    test('after the answer and before the commit: not asked again, committed once', async () => {
      merchant.answers(says(200, { confirmed: true, merchant_order_id: 'ORD-KILLED' }));
      const opened = await anOpenSession();
      const mark = join(marks, 'start');
      const armed = await env.platform.restart('api', {
        NODE_OPTIONS: `--require ${PRELOAD}`,
        CRASH_AT: 'startAndAsk:before',
        CRASH_MARK: mark,
      });
      const died = armed.exited.then(() => env.platform.restart('api'));
      const committed = await commitAtLast(opened, 'killed-after');
      await died;
      expect(existsSync(mark)).toBe(true);
      expect([committed.status, committed.json.order?.merchant_order_id]).toEqual([201, 'ORD-KILLED']);
      expect(merchant.questions).toHaveLength(1);
      expect(await dealsOf(opened.sessionId)).toHaveLength(1);
    });

    test('while the question is open: asked again under the same event id', async () => {
      const opened = await anOpenSession();
      let died: Promise<unknown> | undefined;
      merchant.answers((_question, response) => {
        if (died) return says(200)(_question, response);
        died = env.platform.processes
          .get('api')
          ?.kill()
          .then(() => env.platform.restart('api'));
      });
      const committed = await commitAtLast(opened, 'killed-during');
      await died;
      const ids = merchant.questions.map(({ json }) => json.event_id);
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
      expect((await dealsOf(opened.sessionId)).map(({ id }: { id: string }) => id)).toEqual([
        committed.json.transaction_id,
      ]);
    });
  });
});
