/** What beacons and scouts are told by webhook, by a whole platform to real receivers. */
import { setTimeout } from 'node:timers/promises';
import type { OfferDocument } from '../../domain/market/offer';
import { verifyWebhook, verifyWebhookBody } from '../../domain/webhook-signature';
import { signedRequest } from '../support/agent-request';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, type Market, type TestBuyer, type TestSeller } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { aReceiver, type Receiver } from '../support/receiver';

jest.setTimeout(120_000);

/** The pauses add up to 1,640 first pauses with their jitter: some seconds for all ten attempts. */
const RETRY_MS = '2';

interface Delivery {
  delivery_id: string;
  agent_id: string;
  event_id: string;
  event_type: string;
  status: string;
  attempts: number;
  last_outcome: string;
}

describeOnServer('webhooks', () => {
  let env: TestEnvironment;
  let market: Market;
  let buyer: TestBuyer;
  let shop: Receiver;
  let app: Receiver;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_WEBHOOK_RETRY_MS: RETRY_MS });
    market = createMarket(env);
    [buyer, shop, app] = await Promise.all([market.aBuyer(), aReceiver(), aReceiver()]);
    await listen(buyer.scout.agentId, app.url, '2026-04-01');
  });
  afterAll(async () => {
    await Promise.all([shop?.close(), app?.close()]);
    await env?.stop();
  });
  beforeEach(() => {
    shop.answers();
    app.answers();
  });

  const listen = async (agentId: string, url: string, version = '2026-01-01') => {
    await env.db('agents').where({ id: agentId }).update({ webhook_url: url, api_version: version });
  };
  const aShop = async (): Promise<TestSeller> => {
    const seller = await market.aSeller();
    await listen(seller.beacon.agentId, shop.url);
    return seller;
  };
  const deliveries = async (agent: TestSeller['beacon'] | TestBuyer['scout'], query = '') => {
    const { status, json } = await signedRequest(env.http.baseUrl, agent, [
      'GET',
      `/v1/webhook-deliveries${query}`,
    ]);
    expect(status).toBe(200);
    return json.deliveries as unknown as Delivery[];
  };
  const until = async <T>(look: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> => {
    for (const deadline = Date.now() + timeoutMs; ; await setTimeout(50)) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error('it did not come about');
    }
  };
  const commit = async (sessionId: string, offerId = ''): Promise<number> => {
    const terms = {
      offer_id: offerId,
      quantity: 2,
      buyer_identity: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+1-555-123-4567' },
      shipping_address: { line1: '123 Main Street', city: 'San Francisco', country: 'US' },
      payment_method: { type: 'rtp', mandate_id: buyer.mandateId },
      consent: {
        share_identity_with_merchant: true,
        share_email_for_order_updates: false,
        marketing_opt_in: false,
        consent_timestamp: new Date().toISOString(),
        consent_method: 'explicit_user_action',
      },
    };
    const path = `/v1/sessions/${sessionId}/commit`;
    const headers = { 'aura-version': '2026-04-01' };
    return (await signedRequest(env.http.baseUrl, buyer.scout, ['POST', path, terms], headers)).status;
  };
  const aDeal = async (seller: TestSeller) => {
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    const status = await commit(sessionId, offers[0]?.offer_id);
    return { sessionId, status, offerId: offers[0]?.offer_id };
  };
  const about =
    (name: string, sessionId: string) =>
    ({ json }: Receiver['received'][number]) =>
      json.event_type === name && json.payload.session_id === sessionId;

  test('ask for offers in both shapes, signed in three ways', async () => {
    const seller = await aShop();
    // A request that was answered before it was told is not told any more.
    const beforeOffers = (id: string) => shop.until(about('offer_request', id));
    const { sessionId } = await market.rankedSession(buyer, [[seller, [anOffer()]]], { beforeOffers });
    const message = await shop.until(about('offer_request', sessionId));
    const { json } = message;

    expect(verifyWebhook(message, [env.platform.auraPublicKey])).toEqual({ valid: true, id: json.event_id });
    expect(message.headers['x-aura-signature']).toMatch(/^sig_[A-Za-z0-9+/]{86}==$/);
    expect(message.headers['webhook-signature']).toMatch(/^v1a,/);
    expect(verifyWebhookBody(json, [env.platform.auraPublicKey])).toBe(true);
    expect(verifyWebhookBody({ ...json, session_id: 'ses_other' }, [env.platform.auraPublicKey])).toBe(false);

    const asked = {
      request_id: expect.stringMatching(/^req_/) as string,
      session_id: sessionId,
      respond_by: expect.stringMatching(/Z$/) as string,
      response_url: `${env.http.baseUrl}/v1/sessions/${sessionId}/offers`,
      interpreted_request: expect.objectContaining({
        structured_requirements: expect.objectContaining({
          category: expect.any(String) as string,
        }) as object,
      }) as object,
    };
    expect(json).toMatchObject({
      ...asked,
      request_type: 'offer_request',
      event_id: expect.stringMatching(/^evt_/) as string,
      event_type: 'offer_request',
      beacon_id: seller.beacon.agentId,
      payload: asked,
      signature: expect.stringMatching(/^sig_/) as string,
    });
    expect(json).toHaveProperty('beacon_context');
  });

  test('are signed by a key that AURA publishes', async () => {
    const response = await fetch(`${env.http.baseUrl}/v1/keys`);
    const { keys } = (await response.json()) as { keys: { x: string; kid: string }[] };
    expect(keys).toEqual([
      {
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        kid: 'aura',
        x: Buffer.from(env.platform.auraPublicKey, 'base64').toString('base64url'),
      },
    ]);
  });

  test('tell the seller of a deal, and who the buyer is, once it is authorised and as far as consent goes', async () => {
    const seller = await aShop();
    const { sessionId, status, offerId } = await aDeal(seller);
    expect(status).toBe(201);
    const { json } = await shop.until(about('offer_accepted', sessionId));
    expect(json.payload).toMatchObject({
      offer_id: offerId,
      session_id: sessionId,
      transaction_id: expect.stringMatching(/^txn_/) as string,
      quantity: 2,
      buyer_identity: { name: 'Jane Doe' },
      shipping_address: { line1: '123 Main Street', city: 'San Francisco', country: 'US' },
      payment_pending: expect.any(Boolean) as boolean,
    });
    const confirmed = await shop.until(about('transaction_confirmed', sessionId));
    expect(confirmed.json.payload).toMatchObject({
      status: 'confirmed',
      amounts: { currency: 'USD', total_usd: 699.98 },
    });
    expect(JSON.stringify(shop.received)).not.toMatch(/jane\.doe|555-123/);

    const mine = shop.received.filter(({ json: { payload } }) => payload.session_id === sessionId);
    // The request itself is not sent any more where the seller has answered it already.
    expect(mine.map(({ json: { event_type } }) => event_type).slice(-2)).toEqual([
      'offer_accepted',
      'transaction_confirmed',
    ]);
    expect(mine.filter(({ json }) => json.event_type !== 'offer_request')).toHaveLength(2);
    const stored = await env.db.raw<{ rows: { text: string }[] }>(
      `SELECT d::text AS text FROM webhook_deliveries d UNION ALL SELECT e::text FROM agent_events e
       UNION ALL SELECT o::text FROM outbox o`,
    );
    expect(stored.rows.map(({ text }) => text).join('\n')).not.toMatch(/Jane|Main Street/);
  });

  test('tell the scout where its session stands, in its version’s words', async () => {
    const seller = await aShop();
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
    const ready = await app.until(about('offers_ready', sessionId));
    expect(ready.json).toMatchObject({
      scout_id: buyer.scout.agentId,
      payload: {
        status: 'offers_available',
        clearing_status: null,
        total_offers: 1,
        offers_url: `${env.http.baseUrl}/v1/sessions/${sessionId}/offers`,
      },
    });
    expect(verifyWebhook(ready, [env.platform.auraPublicKey])).toMatchObject({ valid: true });

    await listen(buyer.scout.agentId, app.url, '2026-01-01');
    expect(await commit(sessionId, offers[0]?.offer_id)).toBe(201);
    await app.until(about('transaction_confirmed', sessionId));
    await listen(buyer.scout.agentId, app.url, '2026-04-01');
    const told = app.received
      .filter(({ json: { payload } }) => payload.session_id === sessionId)
      .map(({ json }) => [json.event_type, json.payload.status]);
    expect(told).toEqual([
      ['status_changed', 'collecting_offers'],
      ['offers_ready', 'offers_available'],
      ['status_changed', 'committed'],
      ['transaction_payment_authorized', 'payment_authorized'],
      ['transaction_confirmed', 'confirmed'],
    ]);
  });

  test('come in order however often they fail, the same one under the same id', async () => {
    const seller = await aShop();
    let failures = 0;
    const arrived: string[] = [];
    shop.answers(({ json }, response) => {
      arrived.push(json.event_type);
      response.writeHead(json.event_type === 'offer_accepted' && failures++ < 3 ? 500 : 200).end();
    });
    const { sessionId } = await aDeal(seller);
    await shop.until(about('transaction_confirmed', sessionId));
    expect(arrived.slice(arrived.indexOf('offer_accepted'))).toEqual([
      ...Array.from({ length: 4 }, () => 'offer_accepted'),
      'transaction_confirmed',
    ]);
    const accepted = shop.received.filter(about('offer_accepted', sessionId));
    expect(new Set(accepted.map(({ json }) => json.event_id)).size).toBe(1);
  });

  test('that nobody takes are given up, listed, and sent again on demand', async () => {
    const seller = await aShop();
    shop.answers(({ json }, response) =>
      response.writeHead(json.event_type === 'offer_accepted' ? 503 : 204).end(),
    );
    const { sessionId } = await aDeal(seller);
    // The next one is sent when the one before it is given up.
    await shop.until(about('transaction_confirmed', sessionId), 40_000);
    expect(shop.received.filter(about('offer_accepted', sessionId))).toHaveLength(10);
    const [dead] = await deliveries(seller.beacon, '?status=dead');
    expect(dead).toMatchObject({
      event_type: 'offer_accepted',
      status: 'dead',
      attempts: 10,
      last_outcome: 'answered 503',
    });
    const id = dead?.delivery_id ?? '';

    const other = await market.aSeller();
    const path = `/v1/webhook-deliveries/${id}/redelivery`;
    expect((await signedRequest(env.http.baseUrl, other.beacon, ['POST', path])).status).toBe(404);
    expect(await deliveries(other.beacon, `?agent_id=${seller.beacon.agentId}`)).toEqual([]);

    shop.answers();
    const again = await signedRequest(env.http.baseUrl, seller.beacon, ['POST', path]);
    expect([again.status, again.json.status]).toEqual([200, 'pending']);
    await until(async () => (await deliveries(seller.beacon, '?status=dead')).length === 0 || undefined);
    await until(
      async () =>
        (await deliveries(seller.beacon, '?status=delivered')).some(
          ({ delivery_id }) => delivery_id === id,
        ) || undefined,
    );
  });

  test('do not wait for a receiver that is slow with others', async () => {
    const [slow, quick] = [await aShop(), await aShop()];
    const sluggish = await aReceiver();
    sluggish.answers(() => undefined);
    await listen(slow.beacon.agentId, sluggish.url);
    const both = [quick, slow].map((seller): [TestSeller, OfferDocument[]] => [seller, [anOffer()]]);
    const beforeOffers = (id: string) => shop.until(about('offer_request', id));
    await market.rankedSession(buyer, both, { beforeOffers });
    // The window is over before the slow one has been asked again: then it is not asked any more.
    const expired = await until(async () => (await deliveries(slow.beacon, '?status=expired'))[0], 30_000);
    expect(expired).toMatchObject({
      event_type: 'offer_request',
      last_outcome: 'the window for offers is over',
    });
    const path = `/v1/webhook-deliveries/${expired.delivery_id}/redelivery`;
    expect((await signedRequest(env.http.baseUrl, slow.beacon, ['POST', path])).status).toBe(409);
    await sluggish.close();
  });

  test('are sent again under the same id when the sender dies before it has noted the answer', async () => {
    const seller = await aShop();
    const killed = new Promise<void>((resolve) => {
      shop.answers(({ json }, response) => {
        if (json.event_type !== 'transaction_confirmed') return void response.writeHead(200).end();
        shop.answers();
        void env.platform.processes
          .get('api')
          ?.kill()
          .then(() => resolve());
      });
    });
    const dealt = aDeal(seller).catch(() => undefined);
    await killed;
    await dealt;
    await env.platform.restart('api');
    const isIt = ({ json }: Receiver['received'][number]) =>
      json.event_type === 'transaction_confirmed' && json.beacon_id === seller.beacon.agentId;
    await until(async () => shop.received.filter(isIt).length >= 2 || undefined, 30_000);
    expect(new Set(shop.received.filter(isIt).map(({ json }) => json.event_id)).size).toBe(1);
    await until(async () => {
      const told = await deliveries(seller.beacon, '?status=delivered');
      return told.some(({ event_type }) => event_type === 'transaction_confirmed') || undefined;
    });
  });
});
