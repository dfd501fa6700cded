/** Webhooks as a receiver checks and handles them. They are signed by the code that AURA signs them by. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { signWebhookBody, webhookHeaders } from '../../domain/webhook-signature';
import {
  createAuraKeys,
  verifyWebhook,
  webhookHandler,
  type OrderAnswer,
  type WebhookOptions,
} from '../../sdk';
import { answers, unrulyServer } from '../support/unruly-server';

const { privateKeyPem } = generateKeyPair();
const signer = createSigner(privateKeyPem, 'aura-1');
const stranger = createSigner(generateKeyPair().privateKeyPem, 'x');
const auraKeys = [signer.publicKey];
const TARGET = '/aura/hook?shop=1';
const EVENT = 'evt_01HZZZZZZZZZZZZZZZZZZZZZZZ';
const MINUTE_MS = 60_000;

function aWebhook(content: object = {}, { by = signer, now = new Date(), target = TARGET, id = EVENT } = {}) {
  const message = { event_id: id, event_type: 'transaction_confirmed', payload: { n: 1 }, ...content };
  const body = JSON.stringify(signWebhookBody(by, message));
  return { target, body, headers: webhookHeaders(by, { id, target, body }, now) };
}

describe('a webhook', () => {
  it('is AURA’s where everything that is signed verifies', () => {
    expect(verifyWebhook({ ...aWebhook(), auraKeys })).toEqual({ valid: true, id: EVENT });
  });

  it('may have its headers in any case, or as Headers', () => {
    const { headers, ...rest } = aWebhook();
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(verifyWebhook({ ...rest, headers: upper, auraKeys })).toMatchObject({ valid: true });
    expect(verifyWebhook({ ...rest, headers: new Headers(headers), auraKeys })).toMatchObject({
      valid: true,
    });
  });

  it('is checked by the Standard Webhooks headers alone where the path is not known', () => {
    const { headers, body } = aWebhook();
    expect(verifyWebhook({ headers, body, auraKeys })).toMatchObject({ valid: true });
    expect(verifyWebhook({ headers, body, target: '/other', auraKeys })).toMatchObject({ valid: false });
  });

  it.each([4, -4])('may be %i minutes away', (minutes) => {
    const now = new Date(Date.now() + minutes * MINUTE_MS);
    expect(verifyWebhook({ ...aWebhook(), auraKeys, now })).toMatchObject({ valid: true });
  });

  const without = (...names: string[]) => {
    const { headers, ...rest } = aWebhook();
    const kept = Object.entries(headers).filter(([name]) => !names.includes(name));
    return { ...rest, headers: Object.fromEntries(kept) };
  };

  it.each([
    ['a changed body', () => ({ ...aWebhook(), body: aWebhook().body.replace('"n":1', '"n":2') })],
    ['another path', () => ({ ...aWebhook(), target: '/aura/hook?shop=2' })],
    ['a stranger’s signature', () => aWebhook({}, { by: stranger })],
    ['one from six minutes ago', () => aWebhook({}, { now: new Date(Date.now() - 6 * MINUTE_MS) })],
    ['one from the future', () => aWebhook({}, { now: new Date(Date.now() + 6 * MINUTE_MS) })],
    ['one without any signature', () => without('x-aura-signature', 'webhook-signature')],
    [
      'another event’s id',
      () => ({ ...aWebhook(), headers: { ...aWebhook().headers, 'webhook-id': 'evt_2' } }),
    ],
    ['an empty body', () => ({ ...aWebhook(), body: '' })],
  ])('is refused: %s', (_what, received) => {
    expect(verifyWebhook({ ...received(), auraKeys })).toMatchObject({ valid: false });
  });
});

describe('AURA’s keys', () => {
  it('are read once, kept, and read again for an unknown signature', async () => {
    const aura = await unrulyServer();
    const x = Buffer.from(signer.publicKey, 'base64').toString('base64url');
    aura.next(
      answers(200, { keys: [{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: 'a', x }] }),
    );
    try {
      const keys = createAuraKeys({ baseUrl: aura.baseUrl });
      expect(await Promise.all([keys.current(), keys.current(), keys.renewed()])).toEqual([
        auraKeys,
        auraKeys,
        auraKeys,
      ]);
      expect(aura.seen.map(({ target }) => target)).toEqual(['/v1/keys']);
    } finally {
      await aura.close();
    }
  });
});

describe('the handler', () => {
  let server: Server;
  let url: string;
  let options: Omit<WebhookOptions, 'aura'> = {};
  const keys = { current: async () => auraKeys, renewed: async () => auraKeys };
  beforeEach(async () => {
    const handler = webhookHandler({
      aura: keys,
      answerWithinMs: 200,
      onOfferRequest: (request) => options.onOfferRequest?.(request),
      onOrderConfirmation: (order) => options.onOrderConfirmation?.(order) ?? { confirmed: true },
      onEvent: (event) => options.onEvent?.(event),
      onError: (error) => options.onError?.(error),
    });
    server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    options = {};
    server.closeAllConnections();
    server.close();
  });

  const deliver = ({ target, headers, body }: ReturnType<typeof aWebhook>) =>
    fetch(url + target, { method: 'POST', headers, body });

  it('handles an event once, however often it comes', async () => {
    const told: string[] = [];
    options = { onEvent: ({ event_id }) => told.push(event_id) };
    const statuses = await Promise.all([deliver(aWebhook()), deliver(aWebhook())]);
    expect([...statuses, await deliver(aWebhook())].map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(told).toEqual([EVENT]);
  });

  it('has one delivered again whose handling failed', async () => {
    const told: string[] = [];
    const errors: unknown[] = [];
    options = {
      onEvent({ event_id }) {
        told.push(event_id);
        if (told.length === 1) throw new Error('the database is away');
      },
      onError: (error) => errors.push(error),
    };
    expect((await deliver(aWebhook())).status).toBe(500);
    expect((await deliver(aWebhook())).status).toBe(200);
    expect(told).toEqual([EVENT, EVENT]);
    expect(errors).toEqual([new Error('the database is away')]);
  });

  it('acknowledges in time what takes longer', async () => {
    let isDone = false;
    options = {
      onOfferRequest: async () => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        isDone = true;
      },
    };
    const started = Date.now();
    expect((await deliver(aWebhook({ event_type: 'offer_request' }))).status).toBe(202);
    expect(Date.now() - started).toBeLessThan(450);
    expect(isDone).toBe(false);
  });

  it.each<OrderAnswer>([
    { confirmed: true, merchant_order_id: 'A-17' },
    { confirmed: false, reason: 'sold out' },
  ])('answers an order with %j', async (answer) => {
    const asked: unknown[] = [];
    options = {
      onOrderConfirmation(order) {
        asked.push(order);
        return answer;
      },
    };
    const question = aWebhook({ event_type: 'order_confirmation', payload: { transaction_id: 'txn_1' } });
    const answered = await Promise.all([deliver(question), deliver(question)]);
    for (const response of answered) expect(await response.json()).toEqual(answer);
    expect(asked).toEqual([{ transaction_id: 'txn_1' }]);
  });

  it.each([
    ['401 for a tampered body', 401, () => ({ ...aWebhook(), body: `${aWebhook().body} ` })],
    ['401 for a stranger', 401, () => aWebhook({}, { by: stranger })],
    ['401 for a stale one', 401, () => aWebhook({}, { now: new Date(Date.now() - 6 * MINUTE_MS) })],
    ['413 for a flood', 413, () => ({ ...aWebhook(), body: 'x'.repeat(2_000_000) })],
  ])('answers %s, and tells nobody', async (_what, status, received) => {
    const told: unknown[] = [];
    options = { onEvent: (event) => told.push(event) };
    const answered = await deliver(received()).then(
      (response) => response.status,
      // A flood may be cut off before its sender reads the answer.
      () => 413,
    );
    expect(answered).toBe(status);
    expect(told).toEqual([]);
  });

  it('takes POST alone', async () => {
    expect((await fetch(url)).status).toBe(405);
  });
});
