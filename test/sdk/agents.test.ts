/** The SDK's agents against the real API: in every form of credentials, in both versions, by feed and by WebSocket. */
import {
  apiKeyCredentials,
  Beacon,
  Beacon1,
  messageSignatureCredentials,
  newKeyPair,
  Scout,
  Scout1,
  signatureCredentials,
  type ApiCredentials,
  type Credentials,
  type SessionMessage,
  type StatedOffer1,
} from '../../sdk';
import { cuttingProxy } from '../support/cutting-proxy';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { consentGiven } from '../support/consent';

jest.setTimeout(120_000);

const SHOP = {
  agent_name: 'A seller',
  merchant_name: 'Acme',
  merchant_domain: 'acme.example.com',
  categories: ['electronics.headphones'],
};
const INTENT = 'I need wireless headphones for my commute, at most 400 dollars';

describeOnServer('agents of the SDK', () => {
  let env: TestEnvironment;
  beforeAll(async () => void (env = await testEnvironment()), 180_000);
  afterAll(() => env?.stop(), 60_000);
  // Other sellers would be waited for.
  beforeEach(() => env.db('agents').where({ role: 'beacon' }).update({ status: 'suspended' }));

  const aScout = () => Scout.registerVersion1(env.http, { agent_name: 'A buyer' });
  const aBeacon = () => Beacon.registerVersion1(env.http, SHOP);

  it.each<[string, (known: ApiCredentials) => Credentials]>([
    ['the headers of 2.2', ({ agentId, key }) => signatureCredentials({ agentId, key })],
    ['an API key and Ed25519', ({ agentId, apiKey, key }) => apiKeyCredentials({ agentId, apiKey, key })],
    [
      'an API key and HMAC',
      ({ agentId, apiKey, apiSecret }) => apiKeyCredentials({ agentId, apiKey, apiSecret }),
    ],
    ['an API key alone', ({ agentId, apiKey }) => apiKeyCredentials({ agentId, apiKey })],
    ['RFC 9421', ({ agentId, key }) => messageSignatureCredentials({ agentId, key })],
  ])('open, read and follow sessions with %s', async (_form, credentialsOf) => {
    await aBeacon();
    const { credentials } = await aScout();
    const scout = new Scout(env.http, credentialsOf(credentials));
    const { session_id: id } = await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
    expect(await scout.session(id)).toMatchObject({ session_id: id, status: 'collecting_offers' });
    for await (const message of scout.watch(id)) {
      expect(message).toMatchObject({ event: 'status_changed', session_id: id });
      break;
    }
    for await (const event of scout.events({ types: ['session.created'] })) {
      expect(event.payload).toMatchObject({ session_id: id });
      break;
    }
    expect(await scout.cancelSession(id)).toMatchObject({ status: 'cancelled' });
  });

  describe('with a clock that is wrong', () => {
    const rightNow = Date.now.bind(Date);
    const offBy = (minutes: number) =>
      jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + minutes * 60_000);
    afterEach(() => jest.restoreAllMocks());

    it.each<[string, (known: ApiCredentials) => Credentials]>([
      ['the headers of 2.2', ({ agentId, key }) => signatureCredentials({ agentId, key })],
      ['an API key and Ed25519', ({ agentId, apiKey, key }) => apiKeyCredentials({ agentId, apiKey, key })],
    ])('sign by the time that AURA tells them: %s', async (_form, credentialsOf) => {
      await aBeacon();
      const { credentials } = await aScout();
      const scout = new Scout(env.http, credentialsOf(credentials));
      for (const minutes of [8, -9, 14, 0]) {
        offBy(minutes);
        const { session_id: id } = await scout.openSession({ intent: INTENT });
        expect(await scout.cancelSession(id)).toMatchObject({ status: 'cancelled' });
        jest.restoreAllMocks();
      }
    });

    it('follow a session all the same', async () => {
      await aBeacon();
      const { credentials } = await aScout();
      const scout = new Scout(env.http, signatureCredentials(credentials));
      const { session_id: id } = await scout.openSession({ intent: INTENT });
      offBy(8);
      for await (const message of scout.watch(id)) {
        expect(message).toMatchObject({ session_id: id });
        break;
      }
    });

    it('are refused where it is wrong by more than a quarter of an hour', async () => {
      const { credentials } = await aScout();
      // What was learned of one address says nothing of another.
      const elsewhere = { ...env.http, baseUrl: env.http.baseUrl.replace('127.0.0.1', 'localhost') };
      const scout = new Scout(elsewhere, signatureCredentials(credentials));
      offBy(16);
      await expect(scout.accounts()).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    });
  });

  it('are told what a signature would have been needed for', async () => {
    const { credentials } = await aScout();
    const { agentId, apiKey } = credentials;
    const keyAlone = new Scout(env.http, apiKeyCredentials({ agentId, apiKey }));
    const commitment = { offerId: 'ofr_01HZZZZZZZZZZZZZZZZZZZZZZZ', buyer: { name: 'Jane Doe' } };
    await expect(keyAlone.commit('ses_01HZZZZZZZZZZZZZZZZZZZZZZZ', commitment)).rejects.toMatchObject({
      status: 401,
    });
    expect(() =>
      new Beacon(env.http, apiKeyCredentials({ agentId, apiKey })).submitOffers('ses_1', [anOffer()]),
    ).toThrow(/Ed25519 key/);
  });

  it('change their key, and go on with the new one', async () => {
    const { scout, credentials } = await aScout();
    const next = newKeyPair();
    await scout.replaceKey(next);
    await expect(scout.accounts()).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    const changed = new Scout(env.http, credentials.agentId, next);
    await expect(changed.accounts()).resolves.toMatchObject({ accounts: expect.any(Array) as unknown });
  });

  it('of version 1 clear a deal in its own words', async () => {
    const { scout } = await Scout1.register(env.http, { agent_name: 'A buyer' });
    const { beacon } = await Beacon1.register(env.http, SHOP);
    const { session_id: sessionId } = await scout.openSession({
      natural_language_query: INTENT,
      structured_hints: { price_range_usd: { max: 400 } },
      preferences: { offer_timeout_seconds: 10 },
    });
    const [request] = await beacon.openRequests(10);
    if (!request) throw new Error('nobody asked');
    const { accepted } = await beacon.submitOffers(request, [offer1(349.9), offer1(329)]);
    expect(accepted).toHaveLength(2);
    const offers = await scout.waitForOffers(sessionId);
    const wanted = offers.find(({ pricing }) => pricing.offer_price === 349.9);
    const committed = await scout.commit(sessionId, {
      offer_id: wanted?.offer_id ?? '',
      quantity: 1,
      buyer_identity: { name: 'Jane Doe', email: 'jane@example.com' },
      consent: consentGiven(),
      payment_method: { type: 'rtp' },
    });
    const { transaction_id: id } = committed;
    await scout.waitFor(id, ({ status }) => status === 'confirmed');
    await beacon.reportDelivery(id);
    const delivered = await scout.waitFor(id, ({ status }) => ['fulfilled', 'completed'].includes(status));
    expect(delivered.amounts).toMatchObject({ currency: 'USD', total_usd: 349.9 });
    expect(await beacon.deals()).toMatchObject([{ transaction_id: id }]);
  });

  it('follow a session through broken connections without a gap or a repetition', async () => {
    const proxy = await cuttingProxy(env.platform.apiUrl);
    try {
      const { beacon } = await aBeacon();
      const { scout, credentials } = await aScout();
      const { session_id: id } = await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
      const unlucky = new Scout({ ...env.http, baseUrl: proxy.baseUrl }, apiKeyCredentials(credentials));
      const seen = collect(unlucky, id, () => proxy.cut());
      const reference = collect(scout, id);
      await until(() => seen.messages.length > 0 && reference.messages.length > 0);
      await beacon.submitOffers(id, [anOffer(), anOffer({ price: '339.00' }), anOffer({ price: '329.00' })]);
      await Promise.all([seen.done, reference.done]);
      expect(seen.messages.map(told)).toEqual(reference.messages.map(told));
      expect(seen.messages.filter(({ event }) => event === 'offer_received')).toHaveLength(3);
      expect(proxy.connections()).toBeGreaterThan(1);
    } finally {
      await proxy.close();
    }
  });

  it('hear at once why a session cannot be followed', async () => {
    const { scout } = await aScout();
    await expect(scout.watch('ses_01HZZZZZZZZZZZZZZZZZZZZZZZ').next()).rejects.toMatchObject({
      status: 404,
      code: 'SESSION_NOT_FOUND',
    });
  });

  it('read the feed of events behind the last one, and stop when they are told to', async () => {
    await aBeacon();
    const { scout } = await aScout();
    await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
    const read = async (after?: string) => {
      const stop = new AbortController();
      const ids: string[] = [];
      for await (const { event_id } of scout.events({ after, signal: stop.signal, waitSeconds: 2 })) {
        ids.push(event_id);
        if (ids.length === 2) stop.abort();
      }
      return ids;
    };
    const first = await read();
    const second = await read(first[0]);
    expect(second[0]).toBe(first[1]);
  });
});

const offer1 = (price: number): StatedOffer1 => ({
  product: {
    product_id: `sku-${price}`,
    name: 'Sony WH-1000XM5',
    category: 'electronics.headphones.over_ear',
    structured_attributes: { features: ['wireless'] },
  },
  pricing: { currency: 'USD', offer_price: price },
  availability: { in_stock: true },
  valid_until: new Date(Date.now() + 3_600_000).toISOString(),
});

const told = (message: SessionMessage) => [message.event, message.event_id];

/** Reads until the offers are ready. */
function collect(scout: Scout, sessionId: string, afterEach: () => void = () => undefined) {
  const messages: SessionMessage[] = [];
  const done = (async () => {
    for await (const message of scout.watch(sessionId)) {
      messages.push(message);
      if (message.event === 'offers_ready') return;
      afterEach();
    }
  })();
  return { messages, done };
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
