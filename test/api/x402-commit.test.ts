/**
 * Commits paid with x402, over HTTP on the real database, by an unmodified x402 client. No worker runs here: what it
 * would do first, deciding on the commit, the test does with the worker's own activity.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from '@x402/core/http';
import type { PaymentPayload, PaymentRequired } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import Redis from 'ioredis';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { commitActivities } from '../../activities/commit';
import { createApp } from '../../api/app';
import { createRateLimiter } from '../../api/middleware/rate-limit';
import { createLiveEvents } from '../../api/live';
import { createWebhookSender } from '../../api/webhooks/sender';
import type { X402Config } from '../../api/x402';
import { readConfig } from '../../bin/config';
import { isolate, type Isolated } from '../../bin/isolation';
import { createApiKeyMint } from '../../domain/api-keys';
import { readRateLimits } from '../../domain/rate-limits';
import { createLog } from '../../bin/log';
import { setUp } from '../../bin/setup';
import { createEmbedder } from '../../domain/embedding';
import { createRuleInterpreter } from '../../domain/interpretation';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { createPolicyEngine } from '../../domain/policies';
import { PROFILES } from '../../domain/profiles';
import { RAIL_TERMS, SANDBOX_USDC } from '../../domain/rail-terms';
import { requestSigningBytes } from '../../domain/request-signature';
import { createDb, inTransaction, rows, type Db } from '../../store/db';
import { createNonceStore } from '../../store/nonces';
import { findMandate, upsertAccount } from '../../store/payment-accounts';
import {
  aBeacon,
  anOffer,
  aScout,
  aSession,
  fund,
  usd,
  type TestAgent,
  type TestOffer,
} from '../support/factories';
import { TEST_KEY_LINE, TEST_KEYS } from '../support/database';
import type { OfferWish } from '../support/offer-documents';
import { describeOnServer } from '../support/on-server';
import { consentGiven } from '../support/consent';

jest.setTimeout(60_000);

const NETWORK = 'eip155:31337';
const TOKEN = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
const PAY_TO = privateKeyToAccount(generatePrivateKey()).address;
const FACILITATOR = 'https://facilitator.test';
const X402: X402Config = {
  payTo: PAY_TO,
  token: SANDBOX_USDC,
  domain: { name: 'USD Coin', version: '2' },
  facilitators: { stripe: FACILITATOR },
};
const COMMIT_WAIT_MS = 700;

interface Answer {
  status: number;
  headers: Headers;
  json: {
    transaction_id?: string;
    payment?: { rail: string };
    error?: { code: string; details: Record<string, unknown> };
  };
}

describeOnServer('a commit paid with x402', () => {
  let isolated: Isolated;
  let db: Db;
  let redis: Redis;
  let connection: Connection;
  let closing: (() => Promise<void>)[];
  let apiUrl: string;
  let apiWithout: string;
  let clerkWorks: boolean;

  beforeAll(async () => {
    const { DATABASE_URL = '', REDIS_URL = '', TEMPORAL_ADDRESS = '' } = process.env;
    isolated = await isolate({ databaseUrl: DATABASE_URL, temporalAddress: TEMPORAL_ADDRESS, label: 'x402' });
    const { databaseUrl, namespace } = isolated;
    await setUp(
      readConfig('setup', {
        DATABASE_URL: databaseUrl,
        TEMPORAL_ADDRESS,
        TEMPORAL_NAMESPACE: namespace,
        AURA_RAIL_KEYS: `x402=${generateKeyPair().publicKey}`,
        AURA_DATA_KEYS: TEST_KEY_LINE,
        AURA_PAYLOAD_KEYS: TEST_KEY_LINE,
      }),
    );
    db = createDb({ url: databaseUrl, applicationName: 'aura-test', poolMax: 8, keys: TEST_KEYS });
    redis = new Redis(REDIS_URL);
    connection = await Connection.connect({ address: TEMPORAL_ADDRESS });
    closing = [startClerk()];
    apiUrl = await startApi(namespace, X402);
    apiWithout = await startApi(namespace, undefined);
  });
  afterAll(async () => {
    for (const close of closing ?? []) await close();
    await connection?.close();
    redis?.disconnect();
    await db?.destroy();
    await isolated?.drop();
  });
  beforeEach(() => {
    clerkWorks = true;
  });

  async function startApi(namespace: string, x402: X402Config | undefined): Promise<string> {
    const live = await createLiveEvents(redis);
    const signer = createSigner(generateKeyPair().privateKeyPem, 'aura');
    const webhooks = createWebhookSender({
      signer,
      allowPrivate: true,
      log: createLog('test', 'silent'),
    });
    const server: Server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const app = createApp({
      db,
      redis,
      temporal: new Client({ connection, namespace }),
      nonces: createNonceStore(db),
      apiKeys: createApiKeyMint({ masterSecret: randomBytes(32), deployment: 'sandbox' }),
      limits: createRateLimiter({ redis, limits: readRateLimits('all=1000000/60') }),
      embedder: createEmbedder(),
      profiles: PROFILES,
      policies: createPolicyEngine(),
      live,
      webhooks,
      signer,
      log: createLog('test', 'silent'),
      x402,
      config: {
        publicUrl: url,
        sandbox: true,
        sandboxGrantMinor: 0n,
        region: 'test',
        openWaitMs: 100,
        commitWaitMs: COMMIT_WAIT_MS,
        confirmationTimeoutMs: 1_000,
        maxOffersPerBeacon: 5,
        checkAnswers: true,
        proxies: 0,
      },
    });
    const answer = app.callback();
    server.on('request', (request, response) => void answer(request, response));
    closing.push(async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await live.close();
      await webhooks.close();
    });
    return url;
  }

  /** Decides on every commit that is waiting, as the worker does. */
  function startClerk(): () => Promise<void> {
    const activities = commitActivities({
      db,
      signer: createSigner(generateKeyPair().privateKeyPem, 'aura'),
      interpreter: createRuleInterpreter(),
      embedder: createEmbedder(),
      railTerms: RAIL_TERMS,
      profiles: PROFILES,
      policies: createPolicyEngine(),
    });
    let stopped = false;
    const work = (async () => {
      while (!stopped) {
        const waiting = clerkWorks
          ? await rows<{ id: string }>(
              db,
              `SELECT subject_id AS id FROM idempotency_keys
               WHERE request IS NOT NULL AND outcome IS NULL AND subject_id LIKE 'txn_%'`,
            )
          : [];
        for (const { id } of waiting) await activities.commitDeal({ transactionId: id });
        await sleep(50);
      }
    })();
    return async () => {
      stopped = true;
      await work;
    };
  }

  interface Market {
    scout: TestAgent;
    offer: TestOffer;
    sessionId: string;
  }

  /** A scout with an offer to commit to, of a seller that takes x402. */
  async function anOfferToCommitTo(wish: OfferWish = {}, scout?: TestAgent): Promise<Market> {
    const buyer = scout ?? (await aScout(db, { trust: 'L2' }));
    const beacon = await aBeacon(db, { trust: 'L2' });
    const session = await aSession(db, { scout: buyer, at: 'offers_available' });
    const offer = await anOffer(db, { ...wish, session, beacon });
    const address = privateKeyToAccount(generatePrivateKey()).address;
    await inTransaction(db, (trx) =>
      upsertAccount(trx, {
        id: newId('paymentAccount'),
        principalId: beacon.principal.id,
        rail: 'x402',
        asset: 'USD',
        form: 'wallet',
        identifier: address.toLowerCase(),
        details: { address },
        holderName: 'Acme',
      }),
    );
    await fund(db, beacon.principal, usd('5000.00'));
    if (!scout) await fund(db, buyer.principal, usd('5000.00'));
    return { scout: buyer, offer, sessionId: session.id };
  }

  function commitBody({ offer }: Market, more: Record<string, unknown> = {}): string {
    return JSON.stringify({
      offer_id: offer.id,
      quantity: 1,
      authority: { kind: 'owner' },
      consent: consentGiven(),
      buyer_identity: { name: 'Jane Doe', email: 'jane@example.com' },
      payment_method: { type: 'x402' },
      ...more,
    });
  }

  interface Sending {
    body?: string;
    idempotencyKey?: string;
    payment?: PaymentPayload | string;
    url?: string;
    scout?: TestAgent;
  }

  /** The request as the agent signs it, which is all that an x402 client gets to see. */
  function signedRequest(market: Market, sending: Sending = {}): [string, RequestInit] {
    const { scout = market.scout, url = apiUrl, idempotencyKey, payment } = sending;
    const body = sending.body ?? commitBody(market);
    const target = `/v1/sessions/${market.sessionId}/commit`;
    const timestamp = nextTimestamp();
    const bytes = requestSigningBytes({ method: 'POST', target, timestamp, body });
    const header = typeof payment === 'object' ? encodePaymentSignatureHeader(payment) : payment;
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'x-agent-id': scout.id,
      'x-timestamp': timestamp,
      'x-signature': scout.signer.sign(bytes),
      ...(idempotencyKey && { 'x-idempotency-key': idempotencyKey }),
      ...(header !== undefined && { 'payment-signature': header }),
    };
    return [url + target, { method: 'POST', headers, body }];
  }

  let micros = 0;
  function nextTimestamp(): string {
    micros = (micros + 1) % 1_000;
    return new Date().toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
  }

  async function read(response: Response): Promise<Answer> {
    return {
      status: response.status,
      headers: response.headers,
      json: (await response.json()) as Answer['json'],
    };
  }

  const send = async (market: Market, sending: Sending = {}) =>
    read(await fetch(...signedRequest(market, sending)));

  const codeOf = ({ status, json }: Answer) => [status, json.error?.code];

  function askedFor({ headers }: Answer): PaymentRequired {
    return decodePaymentRequiredHeader(headers.get('payment-required') ?? '');
  }

  const aWallet = () => privateKeyToAccount(generatePrivateKey());

  function clientOf(wallet = aWallet()): x402Client {
    return new x402Client().register('eip155:*', new ExactEvmScheme(wallet)).setSpendControls(false);
  }

  /** What a client signs after having been asked. */
  async function aPayment(
    market: Market,
    options: { wallet?: ReturnType<typeof aWallet>; body?: string } = {},
  ) {
    const required = askedFor(await send(market, { body: options.body }));
    return clientOf(options.wallet).createPaymentPayload(required);
  }

  async function isUntouched({ sessionId, scout }: Market): Promise<boolean> {
    const stored = await rows(
      db,
      `SELECT 1 FROM mandates WHERE principal_id = :principal
       UNION ALL SELECT 1 FROM idempotency_keys WHERE agent_id = :agent
       UNION ALL SELECT 1 FROM transactions WHERE session_id = :session`,
      { principal: scout.principal.id, agent: scout.id, session: sessionId },
    );
    return stored.length === 0;
  }

  describe('is asked for', () => {
    test('with 402 and what to pay, and nothing is stored', async () => {
      const market = await anOfferToCommitTo({ price: '349.99' });
      const answer = await send(market, { idempotencyKey: 'unpaid' });
      expect(codeOf(answer)).toEqual([402, 'PAYMENT_REQUIRED']);
      expect(answer.json.error?.details).toMatchObject({ total: '349.99', currency: 'USD' });
      expect(askedFor(answer)).toMatchObject({
        x402Version: 2,
        resource: { url: `${apiUrl}/v1/sessions/${market.sessionId}/commit` },
        accepts: [
          {
            scheme: 'exact',
            network: NETWORK,
            asset: TOKEN,
            payTo: PAY_TO,
            amount: '349990000',
            maxTimeoutSeconds: 600,
            extra: { name: 'USD Coin', version: '2' },
          },
        ],
        extensions: { 'payment-identifier': { info: { required: false } } },
      });
      expect(await isUntouched(market)).toBe(true);
    });

    test('for the quantity, the shipping and the tax of this commit', async () => {
      const shipping_options = [
        { method: 'standard', price: '5.00' },
        { method: 'express', price: '20.00' },
      ];
      const market = await anOfferToCommitTo({
        price: '100.00',
        taxRateBps: 825,
        availability: { shipping_options },
      });
      const body = commitBody(market, { quantity: 3, shipping_preference: 'express' });
      // (300 + 20) · 1.0825
      expect(askedFor(await send(market, { body })).accepts[0]?.amount).toBe('346400000');
    });

    test('only where there is something to commit to', async () => {
      const market = await anOfferToCommitTo();
      const stranger = await aScout(db);
      expect(codeOf(await send(market, { scout: stranger }))).toEqual([404, 'SESSION_NOT_FOUND']);
      const late = await anOfferToCommitTo({ validUntil: new Date(Date.now() - 1_000) });
      expect(codeOf(await send(late))).toEqual([409, 'OFFER_EXPIRED']);
      const body = commitBody(market, { shipping_preference: 'by balloon' });
      expect(codeOf(await send(market, { body }))).toEqual([403, 'BUSINESS_RULE_VIOLATION']);
      const euros = await anOfferToCommitTo({ currency: 'EUR' });
      expect(codeOf(await send(euros))).toEqual([400, 'INVALID_PARAMETER']);
    });

    test('only where AURA has a wallet for it', async () => {
      const market = await anOfferToCommitTo();
      const answer = await send(market, { url: apiWithout });
      expect(codeOf(answer)).toEqual([400, 'INVALID_PARAMETER']);
      expect(answer.json.error?.details.field).toBe('payment_method.type');
    });
  });

  describe('by an unmodified x402 client', () => {
    test('becomes a deal that clears over x402, by the request that was signed once', async () => {
      const market = await anOfferToCommitTo({ price: '381.49' });
      const wallet = aWallet();
      const sent: Headers[] = [];
      const recording: typeof fetch = (input, init) => {
        sent.push(new Headers((input as Request).headers));
        return fetch(input, init);
      };
      const pay = wrapFetchWithPayment(recording, clientOf(wallet));
      const answer = await read(await pay(...signedRequest(market, { idempotencyKey: 'paid' })));

      expect(answer.status).toBe(201);
      expect(answer.json.payment?.rail).toBe('x402');
      expect(sent).toHaveLength(2);
      for (const name of ['x-signature', 'x-timestamp', 'x-idempotency-key'])
        expect(sent[1]?.get(name)).toBe(sent[0]?.get(name));
      expect(decodePaymentResponseHeader(answer.headers.get('payment-response') ?? '')).toEqual({
        success: false,
        errorReason: 'settlement_pending',
        payer: wallet.address,
        transaction: '',
        network: NETWORK,
        amount: '381490000',
      });

      const [deal] = await rows<{ mandate: string; document: Record<string, unknown> }>(
        db,
        `SELECT t.mandate_id AS mandate, i.document FROM transactions t JOIN instructions i ON i.transaction_id = t.id
         WHERE t.id = ?`,
        [answer.json.transaction_id ?? ''],
      );
      expect(deal?.document).toMatchObject({
        kind: 'pay_in',
        rail: 'x402',
        amount_minor: '381490000',
        asset: SANDBOX_USDC,
      });
      const mandate = await findMandate(db, deal?.mandate ?? '');
      expect(mandate).toMatchObject({
        principalId: market.scout.principal.id,
        rail: 'x402',
        asset: 'USD',
        ceilingMinor: 38_149n,
        usedMinor: 38_149n,
        status: 'accepted',
        payerAuthorization: { from: wallet.address, to: PAY_TO, value: '381490000' },
      });
      expect(mandate?.reference).toBe(mandate?.payerAuthorization?.nonce);
      expect(mandate?.expiresAt.getTime()).toBe(Number(mandate?.payerAuthorization?.validBefore) * 1_000);
    });

    test('counts once: the same request again gets the stored answer, and without a key it is stopped', async () => {
      const market = await anOfferToCommitTo();
      const keyed = signedRequest(market, { idempotencyKey: 'once', payment: await aPayment(market) });
      const first = await read(await fetch(...keyed));
      const again = await read(await fetch(...keyed));
      expect([again.status, again.json.transaction_id]).toEqual([201, first.json.transaction_id]);

      const other = await anOfferToCommitTo();
      const unkeyed = signedRequest(other, { payment: await aPayment(other) });
      expect((await fetch(...unkeyed)).status).toBe(201);
      expect([401, 409]).toContain((await fetch(...unkeyed)).status);
    });

    test('that lost its answer goes on with the first payment, and is not asked for another', async () => {
      const market = await anOfferToCommitTo();
      clerkWorks = false;
      const idempotencyKey = 'lost';
      const body = commitBody(market);
      const wallet = aWallet();
      const pay = wrapFetchWithPayment(fetch, clientOf(wallet));
      const lost = await read(await pay(...signedRequest(market, { body, idempotencyKey })));
      expect(codeOf(lost)).toEqual([503, 'SERVICE_UNAVAILABLE']);
      clerkWorks = true;
      const found = await send(market, { body, idempotencyKey });
      expect(found.status).toBe(201);
      const payer = decodePaymentResponseHeader(found.headers.get('payment-response') ?? '').payer;
      expect(payer).toBe(wallet.address);
      const mandates = await rows(db, 'SELECT 1 FROM mandates WHERE principal_id = ?', [
        market.scout.principal.id,
      ]);
      expect(mandates).toHaveLength(1);
    });
  });

  describe('is refused', () => {
    type Signed = { authorization: Record<string, string>; signature: string };
    const seconds = (offset: number) => String(Math.floor(Date.now() / 1_000) + offset);
    const cases: [string, (payment: PaymentPayload) => unknown, string, string][] = [
      ['that is no JSON', () => 'bm90IEpTT04=', 'PAYMENT_INVALID', 'invalid_payload'],
      ['of another version', (p) => ({ ...p, x402Version: 1 }), 'PAYMENT_INVALID', 'invalid_x402_version'],
      ['of another scheme', (p) => accepting(p, { scheme: 'upto' }), 'PAYMENT_INVALID', 'unsupported_scheme'],
      [
        'on another network',
        (p) => accepting(p, { network: 'eip155:1' }),
        'PAYMENT_NETWORK_MISMATCH',
        'invalid_network',
      ],
      [
        'in another token',
        (p) => accepting(p, { asset: `0x${'11'.repeat(20)}` }),
        'PAYMENT_INVALID',
        'invalid_payment_requirements',
      ],
      [
        'to someone else',
        (p) => signing(p, { to: `0x${'22'.repeat(20)}` }),
        'PAYMENT_INVALID',
        'invalid_exact_evm_payload_recipient_mismatch',
      ],
      [
        'of another amount',
        (p) => signing(p, { value: '1' }),
        'PAYMENT_AMOUNT_MISMATCH',
        'invalid_exact_evm_payload_authorization_value_mismatch',
      ],
      [
        'that has run out',
        (p) => signing(p, { validBefore: seconds(30) }),
        'PAYMENT_EXPIRED',
        'invalid_exact_evm_payload_authorization_valid_before',
      ],
      [
        'that would outlive the deal',
        (p) => signing(p, { validBefore: seconds(86_400) }),
        'PAYMENT_EXPIRED',
        'invalid_exact_evm_payload_authorization_valid_before',
      ],
      [
        'that is not valid yet',
        (p) => signing(p, { validAfter: seconds(300) }),
        'PAYMENT_EXPIRED',
        'invalid_exact_evm_payload_authorization_valid_after',
      ],
      [
        'with a changed authorization',
        (p) => signing(p, { nonce: `0x${'ab'.repeat(32)}` }),
        'PAYMENT_SIGNATURE_INVALID',
        'invalid_exact_evm_payload_signature',
      ],
      [
        'with the second form of its signature',
        (p) => ({ ...p, payload: { ...p.payload, signature: secondForm((p.payload as Signed).signature) } }),
        'PAYMENT_SIGNATURE_INVALID',
        'invalid_exact_evm_payload_signature',
      ],
    ];

    function accepting(payment: PaymentPayload, change: Record<string, unknown>) {
      return { ...payment, accepted: { ...payment.accepted, ...change } };
    }

    function signing(payment: PaymentPayload, change: Record<string, string>) {
      const { authorization, signature } = payment.payload as Signed;
      return { ...payment, payload: { authorization: { ...authorization, ...change }, signature } };
    }

    /** (r, n − s, the other parity) verifies too, to a careless eye. */
    function secondForm(signature: string): string {
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const s = (order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0');
      return `${signature.slice(0, 66)}${s}${signature.slice(130) === '1b' ? '1c' : '1b'}`;
    }

    test.each(cases)('a payment %s', async (_what, change, code, reason) => {
      const market = await anOfferToCommitTo();
      const payment = change(await aPayment(market)) as PaymentPayload | string;
      const answer = await send(market, { payment, idempotencyKey: 'refused' });
      expect(codeOf(answer)).toEqual([402, code]);
      expect(answer.json.error?.details).toMatchObject({ reason });
      expect(askedFor(answer).error).toBe(reason);
      expect(await isUntouched(market)).toBe(true);
    });

    test('a payment that was used for another commit, also when both come at once', async () => {
      const scout = await aScout(db, { trust: 'L2' });
      await fund(db, scout.principal, usd('5000.00'));
      const [one, two, three] = [
        await anOfferToCommitTo({}, scout),
        await anOfferToCommitTo({}, scout),
        await anOfferToCommitTo({}, scout),
      ];
      const payment = await aPayment(one);
      const both = await Promise.all([send(one, { payment }), send(two, { payment })]);
      expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
      expect(codeOf(await send(three, { payment }))).toEqual([409, 'PAYMENT_ALREADY_USED']);
    });
  });

  describe('with a payment identifier', () => {
    const identifiedBy = (payment: PaymentPayload, id: string): PaymentPayload => ({
      ...payment,
      extensions: { 'payment-identifier': { info: { required: false, id } } },
    });

    test('is the same commit however often it is sent', async () => {
      const market = await anOfferToCommitTo();
      const body = commitBody(market);
      const payment = identifiedBy(await aPayment(market), newId('request'));
      const first = await send(market, { body, payment });
      const again = await send(market, { body, payment });
      expect([first.status, again.status]).toEqual([201, 201]);
      expect(again.json.transaction_id).toBe(first.json.transaction_id);
      expect(again.headers.get('payment-response')).toBe(first.headers.get('payment-response'));
    });

    test('conflicts with another payment under it', async () => {
      const scout = await aScout(db, { trust: 'L2' });
      await fund(db, scout.principal, usd('5000.00'));
      const [one, two] = [await anOfferToCommitTo({}, scout), await anOfferToCommitTo({}, scout)];
      const id = newId('request');
      expect((await send(one, { payment: identifiedBy(await aPayment(one), id) })).status).toBe(201);
      const answer = await send(two, { payment: identifiedBy(await aPayment(two), id) });
      expect(codeOf(answer)).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    });

    test('of the wrong form is refused', async () => {
      const market = await anOfferToCommitTo();
      const answer = await send(market, { payment: identifiedBy(await aPayment(market), 'too short') });
      expect(codeOf(answer)).toEqual([402, 'PAYMENT_INVALID']);
    });
  });

  describe('by a facilitator’s token', () => {
    const token = (more: Record<string, unknown> = {}) => ({
      facilitator: 'stripe',
      payment_token: `pm_tok_${newId('request')}`,
      currency: 'USD',
      amount: '381.49',
      idempotency_key: 'idem_txn_1',
      ...more,
    });

    test.each([
      ['beside the type', (given: object) => ({ type: 'x402', ...given })],
      ['as protocol 1.0.0 nests it', (given: object) => ({ type: 'x402', x402_payment: given })],
    ])('given %s is kept for the rail', async (_where, place) => {
      const market = await anOfferToCommitTo({ price: '381.49' });
      const given = token();
      const body = commitBody(market, { payment_method: place(given) });
      const answer = await send(market, { body });
      expect(answer.status).toBe(201);
      const mandateId = (answer.json.transaction_id ?? '').replace('txn_', 'mnd_');
      const mandate = await findMandate(db, mandateId);
      expect(mandate).toMatchObject({
        status: 'accepted',
        ceilingMinor: 38_149n,
        payerAuthorization: {
          form: 'facilitator_token',
          facilitator: FACILITATOR,
          payment_token: given.payment_token,
          amount: '381490000',
          idempotency_key: 'idem_txn_1',
        },
      });
      expect(mandate?.reference).not.toContain(given.payment_token);
    });

    test.each([
      ['another amount', { amount: '381.50' }, 'payment_method.amount'],
      ['more digits than the currency has', { amount: '381.490' }, 'payment_method.amount'],
      ['another currency', { currency: 'EUR' }, 'payment_method.currency'],
      [
        'a facilitator that AURA does not know',
        { facilitator: 'https://evil.test' },
        'payment_method.facilitator',
      ],
      ['no token', { payment_token: undefined }, 'payment_method.payment_token'],
    ])('with %s is refused', async (_what, change, field) => {
      const market = await anOfferToCommitTo({ price: '381.49' });
      const body = commitBody(market, { payment_method: { type: 'x402', ...token(change) } });
      const answer = await send(market, { body });
      expect(codeOf(answer)).toEqual([400, 'INVALID_PARAMETER']);
      expect(answer.json.error?.details.field).toBe(field);
      expect(await isUntouched(market)).toBe(true);
    });

    test('pays for one commit only', async () => {
      const scout = await aScout(db, { trust: 'L2' });
      await fund(db, scout.principal, usd('5000.00'));
      const [one, two] = [
        await anOfferToCommitTo({ price: '381.49' }, scout),
        await anOfferToCommitTo({ price: '381.49' }, scout),
      ];
      const payment_method = { type: 'x402', ...token() };
      expect((await send(one, { body: commitBody(one, { payment_method }) })).status).toBe(201);
      const again = await send(two, { body: commitBody(two, { payment_method }) });
      expect(codeOf(again)).toEqual([409, 'PAYMENT_ALREADY_USED']);
    });
  });
});
