/** The API over HTTP: who may call, what bad input gets, and that it changes nothing. */
import { gzipSync } from 'node:zlib';
import { requestSigningBytes } from '../../domain/request-signature';
import { Beacon, newKeyPair, registerPrincipal, Scout, type KeyPair } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import {
  anOffer,
  createMarket,
  INTENT,
  type Market,
  type TestBuyer,
  type TestSeller,
} from '../support/market';

jest.setTimeout(120_000);

interface ErrorBody {
  error: {
    code: string;
    message: string;
    details: Record<string, unknown>;
    request_id: string;
    documentation_url: string;
  };
}

describeOnServer('the API', () => {
  let env: TestEnvironment;
  let market: Market;
  let buyer: TestBuyer;
  let seller: TestSeller;
  let scoutKey: KeyPair;
  let scout: Scout;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_MARGIN_CALL_MS: '6000' });
    market = createMarket(env);
    [buyer, seller] = await Promise.all([market.aBuyer(), market.aSeller()]);
    scoutKey = newKeyPair();
    const principal = await registerPrincipal(env.http, { name: 'Reader' });
    scout = await Scout.register(env.http, principal, { key: scoutKey });
  });
  afterAll(() => env?.stop());

  /** A request with every header in the test's hands. */
  async function raw(
    method: string,
    path: string,
    options: { body?: string | Buffer; headers?: Record<string, string>; sign?: boolean; at?: Date } = {},
  ): Promise<{ status: number; json: ErrorBody & Record<string, unknown>; headers: Headers }> {
    const { body = '', headers = {}, sign = true, at = new Date() } = options;
    const timestamp = at.toISOString();
    const signed = {
      'x-agent-id': scout.agentId,
      'x-timestamp': timestamp,
      'x-signature': scoutKey.sign(
        requestSigningBytes({ method, target: path, timestamp, body: body.toString() }),
      ),
    };
    const response = await fetch(env.http.baseUrl + path, {
      method,
      headers: {
        ...(body.length > 0 && { 'content-type': 'application/json' }),
        ...(sign && signed),
        ...headers,
      },
      body: body.length > 0 ? body : undefined,
    });
    const text = await response.text();
    return { status: response.status, json: JSON.parse(text || '{}') as never, headers: response.headers };
  }

  const sessionBody = (more: Record<string, unknown> = {}) => JSON.stringify({ intent: INTENT, ...more });
  const countSessions = async () => {
    const { rows } = await env.db.raw<{ rows: { n: string }[] }>('SELECT count(*) AS n FROM sessions');
    return Number(rows[0]?.n);
  };

  describe('refuses', () => {
    test.each([
      ['an unsigned request', { sign: false }, 401, 'AUTHENTICATION_REQUIRED'],
      [
        'an unknown agent',
        { headers: { 'x-agent-id': 'sct_01HZZZZZZZZZZZZZZZZZZZZZZZ' } },
        401,
        'AUTHENTICATION_REQUIRED',
      ],
      [
        'a wrong signature',
        { headers: { 'x-signature': Buffer.alloc(64, 7).toString('base64') } },
        401,
        'INVALID_SIGNATURE',
      ],
      ['a stale request', { at: new Date(Date.now() - 6 * 60_000) }, 401, 'INVALID_SIGNATURE'],
      ['a request from the future', { at: new Date(Date.now() + 6 * 60_000) }, 401, 'INVALID_SIGNATURE'],
    ])('%s', async (_what, options, status, code) => {
      const before = await countSessions();
      const { status: got, json } = await raw('POST', '/v1/sessions', { body: sessionBody(), ...options });
      expect([got, json.error.code]).toEqual([status, code]);
      expect(json.error.request_id).toMatch(/^req_/);
      expect(json.error.documentation_url).toContain(code);
      expect(await countSessions()).toBe(before);
    });

    test('the same signed request a second time', async () => {
      const at = new Date();
      const body = sessionBody({ intent: 'I need a quiet laptop, at most 900 dollars' });
      const first = await raw('POST', '/v1/sessions', { body, at });
      const again = await raw('POST', '/v1/sessions', { body, at });
      expect(first.status).not.toBe(401);
      expect([again.status, again.json.error.code]).toEqual([401, 'INVALID_SIGNATURE']);
      expect(again.json.error.details).toMatchObject({ reason: 'replayed' });
    });

    test('a changed query under the same signature', async () => {
      const timestamp = new Date().toISOString();
      const signature = scoutKey.sign(
        requestSigningBytes({ method: 'GET', target: '/v1/accounts', timestamp, body: '' }),
      );
      const { status } = await raw('GET', '/v1/accounts?a=1', {
        headers: { 'x-timestamp': timestamp, 'x-signature': signature },
      });
      expect(status).toBe(401);
    });

    test.each([
      ['a body that is not JSON', '{"intent": ', 400, 'INVALID_REQUEST', 'body'],
      ['a key that appears twice', '{"intent":"a","intent":"b"}', 400, 'INVALID_REQUEST', 'body'],
      ['JSON nested too deep', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, 400, 'INVALID_REQUEST', 'body'],
      ['a missing field', '{}', 400, 'INVALID_REQUEST', 'intent'],
      ['a field of the wrong type', '{"intent": 42}', 400, 'INVALID_REQUEST', 'intent'],
      ['an intent that is too short', '{"intent": "short"}', 400, 'INVALID_PARAMETER', 'intent'],
      [
        'a bound that is crossed',
        sessionBody({ preferences: { max_offers: 51 } }),
        400,
        'INVALID_PARAMETER',
        'preferences.max_offers',
      ],
      [
        'a price with too many digits',
        sessionBody({ constraints: { hard: { currency: 'USD', price_max: '300.001' } } }),
        400,
        'INVALID_PARAMETER',
        'constraints.hard.price_max',
      ],
      ['an unknown profile', sessionBody({ profile_id: 'bazaar' }), 404, 'PROFILE_NOT_FOUND', 'profile_id'],
    ])('%s, with the field', async (_what, body, status, code, field) => {
      const before = await countSessions();
      const answer = await raw('POST', '/v1/sessions', { body });
      expect([answer.status, answer.json.error.code, answer.json.error.details.field]).toEqual([
        status,
        code,
        field,
      ]);
      expect(await countSessions()).toBe(before);
    });

    test('a body over 1 MiB', async () => {
      const answer = await raw('POST', '/v1/sessions', {
        body: sessionBody({ intent: 'x'.repeat(1_100_000) }),
      });
      expect([answer.status, answer.json.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    });

    test('bytes that are not UTF-8, and compressed bodies', async () => {
      const latin = await raw('POST', '/v1/sessions', { body: Buffer.from([0x22, 0xff, 0x22]), sign: false });
      expect(latin.status).toBe(400);
      const zipped = await raw('POST', '/v1/sessions', {
        body: gzipSync(sessionBody()),
        headers: { 'content-encoding': 'gzip' },
        sign: false,
      });
      expect(zipped.status).toBe(400);
    });

    test('addresses and methods that do not exist', async () => {
      expect((await raw('GET', '/v1/nothing')).json.error.code).toBe('RESOURCE_NOT_FOUND');
      expect((await raw('PUT', '/v1/sessions')).json.error.code).toBe('METHOD_NOT_ALLOWED');
    });

    test.each([
      ['/v1/principals/prn_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'PRINCIPAL_NOT_FOUND'],
      ['/v1/agents/sct_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'AGENT_NOT_FOUND'],
      ['/v1/sessions/ses_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'SESSION_NOT_FOUND'],
      ['/v1/sessions/not-an-id', 'SESSION_NOT_FOUND'],
      ['/v1/offers/ofr_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'OFFER_NOT_FOUND'],
      ['/v1/transactions/txn_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'TRANSACTION_NOT_FOUND'],
      ['/v1/mandates/mnd_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'RESOURCE_NOT_FOUND'],
    ])('an unknown id: %s', async (path, code) => {
      const { status, json } = await raw('GET', path);
      expect([status, json.error.code]).toEqual([404, code]);
    });

    test('small-order and private keys', async () => {
      const smallOrder = Buffer.alloc(32);
      smallOrder[0] = 1;
      const body = JSON.stringify({ public_key: smallOrder.toString('base64'), name: 'Mallory' });
      const { status, json } = await raw('POST', '/v1/principals', { body, sign: false });
      expect([status, json.error.code, json.error.details.field]).toEqual([
        401,
        'INVALID_SIGNATURE',
        'public_key',
      ]);
    });

    test('an agent of another role, a suspended agent, and a principal bound without its word', async () => {
      const beaconOnly = await raw('GET', '/v1/beacons/sessions');
      expect([beaconOnly.status, beaconOnly.json.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);

      const victim = await market.aBuyer();
      await env.db('agents').where({ id: victim.scout.agentId }).update({ status: 'suspended' });
      const intent = { intent: 'I need wireless headphones' };
      await expect(victim.scout.openSession(intent)).rejects.toMatchObject({
        status: 403,
        code: 'AGENT_SUSPENDED',
      });
      // It still sees what became of its money.
      expect(await victim.scout.accounts()).toBeDefined();

      const principal = await market.aPrincipal('L2');
      const stranger = { ...principal, key: newKeyPair() };
      await expect(Scout.register(env.http, stranger)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' });
    });

    test("a credential that does not verify, and one that was issued for somebody else's key", async () => {
      const key = newKeyPair();
      const credential = market.issuer.organization({ principalKey: key.publicKey, legalName: 'Acme' });
      const forged = { ...credential, validUntil: '2099-01-01T00:00:00Z' };
      await expect(registerPrincipal(env.http, { key, credentials: [forged] })).rejects.toMatchObject({
        status: 422,
        code: 'CREDENTIAL_INVALID',
        details: { reason: 'bad_signature' },
      });
      await expect(registerPrincipal(env.http, { credentials: [credential] })).rejects.toMatchObject({
        details: { reason: 'subject_mismatch' },
      });
    });
  });

  describe('a market', () => {
    test('says 422 when nobody sells it, and when the intent cannot be read', async () => {
      await expect(
        scout.openSession({ intent: 'I want a return flight to Lisbon in May' }),
      ).rejects.toMatchObject({
        code: 'NO_MATCHING_BEACONS',
      });
      await expect(scout.openSession({ intent: 'qwrt zxcv plmk njhb vgfc' })).rejects.toMatchObject({
        code: 'INTERPRETATION_FAILED',
      });
    });

    test('shows sellers the projection and never the sentence, the ideal price or the quantity', async () => {
      await env.db.raw(`UPDATE agents SET categories = '{electronics}' WHERE id = ?`, [
        seller.beacon.agentId,
      ]);
      const secret = 'for my daughter Wilhelmina, mail wilhelmina@example.com';
      const intent = `I need three wireless headphones, 300-400 dollars, ${secret}`;
      const session = await buyer.scout.openSession({ intent, offerTimeoutSeconds: 10 });
      const request = (await seller.beacon.openRequests(5)).find(
        ({ session_id: id }) => id === session.session_id,
      );
      expect(request).toBeDefined();
      const shown = JSON.stringify(request);
      for (const hidden of ['Wilhelmina', 'wilhelmina', 'daughter Wil', '"300"', 'price_range', 'three']) {
        expect(shown).not.toContain(hidden);
      }
      expect(request?.interpreted_request.structured_requirements.hard_constraints).toMatchObject({
        price_max: '400',
        quantity_band: { min: 2, max: 5 },
      });
      await buyer.scout.cancelSession(session.session_id);
    });

    test('wakes a long poll at once', async () => {
      for (const { session_id: id } of await seller.beacon.openRequests())
        await seller.beacon.submitOffers(id, []);
      const started = Date.now();
      const waiting = seller.beacon.openRequests(20);
      const session = await buyer.scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
      const requests = await waiting;
      expect(requests.map(({ session_id }) => session_id)).toContain(session.session_id);
      expect(Date.now() - started).toBeLessThan(15_000);
      await buyer.scout.cancelSession(session.session_id);
    });

    test('takes no offers from a beacon that was not asked, unsigned, expired, overpriced in digits, or too many', async () => {
      const other = await market.aSeller({ category: 'travel' });
      const session = await buyer.scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
      const { session_id: id } = session;
      await expect(other.beacon.submitOffers(id, [anOffer()])).rejects.toMatchObject({ status: 404 });
      await expect(seller.beacon.submitOffers(id, [anOffer({ validForMs: -1_000 })])).rejects.toMatchObject({
        code: 'OFFER_EXPIRED',
      });
      await expect(seller.beacon.submitOffers(id, [anOffer({ price: '9.999' })])).rejects.toMatchObject({
        code: 'INVALID_PARAMETER',
        details: { field: 'offers.0.pricing.offer_price' },
      });
      const six = Array.from({ length: 6 }, () => anOffer());
      await expect(seller.beacon.submitOffers(id, six)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
      const tampered = new Beacon(env.http, {
        ...seller.beacon['credentials'],
        key: newKeyPair(),
      });
      await expect(tampered.submitOffers(id, [anOffer()])).rejects.toMatchObject({ status: 401 });
      const { rows } = await env.db.raw<{ rows: { n: string }[] }>(
        'SELECT count(*) AS n FROM offers WHERE session_id = ?',
        [id],
      );
      expect(rows[0]?.n).toBe('0');
      await buyer.scout.cancelSession(id);
      await expect(seller.beacon.submitOffers(id, [anOffer()])).rejects.toMatchObject({
        code: 'SESSION_STATE_CONFLICT',
      });
    });

    test('keeps sessions, offers and transactions from strangers', async () => {
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      await expect(scout.session(sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
      await expect(scout.offers(sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
      await expect(scout.cancelSession(sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
      const commitment = market.commitment(buyer, offers[0]?.offer_id ?? '');
      await expect(scout.commit(sessionId, commitment)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
      const { transaction_id: id } = await buyer.scout.commit(sessionId, commitment);
      await expect(scout.transaction(id)).rejects.toMatchObject({ code: 'TRANSACTION_NOT_FOUND' });
      await expect(scout.reportDelivery(id)).rejects.toMatchObject({ code: 'TRANSACTION_NOT_FOUND' });
      const mine = await seller.beacon.transaction(id);
      expect(new Set(mine.ledger.map(({ owner }) => owner))).toEqual(new Set([seller.principalId]));
    });
  });

  describe('a commit', () => {
    test('to an expired, a foreign or an unknown offer', async () => {
      const short = anOffer({ validForMs: 1_500 });
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [short, anOffer()]]]);
      const other = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const expiring = offers.find(({ product }) => product.product_id === short.product.product_id);
      await new Promise((resolve) => setTimeout(resolve, 1_600));
      const commit = (offerId: string) => buyer.scout.commit(sessionId, market.commitment(buyer, offerId));
      await expect(commit(expiring?.offer_id ?? '')).rejects.toMatchObject({
        status: 409,
        code: 'OFFER_EXPIRED',
      });
      await expect(commit(other.offers[0]?.offer_id ?? '')).rejects.toMatchObject({
        status: 404,
        code: 'OFFER_NOT_FOUND',
      });
      await expect(commit('ofr_01HZZZZZZZZZZZZZZZZZZZZZZZ')).rejects.toMatchObject({ status: 404 });
    });

    test.each([
      ['business_rules', 'expected_total', { expectedTotal: '1.00' }],
      ['business_rules', 'quantity', { quantity: 1_000 }],
      ['business_rules', 'shipping_preference', { shippingPreference: 'teleport' }],
      [
        'settlement_compatibility',
        'no_common_rail',
        { rail: 'fednow', mandateId: 'mnd_01HZZZZZZZZZZZZZZZZZZZZZZZ' },
      ],
    ])('refused at %s by %s stores nothing but the audit record', async (step, rule, more) => {
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const commitment = market.commitment(buyer, offers[0]?.offer_id ?? '', more);
      await expect(buyer.scout.commit(sessionId, commitment)).rejects.toMatchObject({
        status: 403,
        code: 'BUSINESS_RULE_VIOLATION',
        details: { step, rule },
      });
      const { rows } = await env.db.raw<{ rows: Record<string, string>[] }>(
        `SELECT (SELECT count(*) FROM transactions WHERE session_id = :id) AS deals,
           (SELECT count(*) FROM audit WHERE subject = :id AND action = 'commit.refused') AS audited,
           (SELECT count(*) FROM idempotency_keys WHERE request IS NOT NULL) AS kept`,
        { id: sessionId },
      );
      expect(rows[0]).toEqual({ deals: '0', audited: '1', kept: '0' });
      expect((await buyer.scout.session(sessionId)).status).toBe('offers_available');
    });

    test('by a payer below the level the total asks for', async () => {
      const unknown = await market.aBuyer({ level: 'L0' });
      const { sessionId, offers } = await market.rankedSession(
        unknown,
        [[seller, [anOffer({ price: '1000.00' })]]],
        { intent: 'I need wireless headphones, at most 2000 dollars' },
      );
      await expect(
        unknown.scout.commit(sessionId, market.commitment(unknown, offers[0]?.offer_id ?? '')),
      ).rejects.toMatchObject({
        details: { step: 'identity', rule: 'payer_trust_level', required: 'L1' },
      });
    });
  });

  describe('margin', () => {
    test('that is missing is called; a proved deposit answers the call and the deal clears', async () => {
      const principalOf = async (level: 'L2') => ({
        buyer: await market.aBuyer({ level }),
        seller: await market.aSeller({ level }),
      });
      const { buyer: firm, seller: supplier } = await principalOf('L2');
      const { sessionId, offers } = await market.rankedSession(
        firm,
        [[supplier, [anOffer({ price: '45000.00' })]]],
        { profileId: 'b2b_trade', intent: 'wireless headphones, at most 46000 dollars' },
      );
      // A twentieth of 45,000 is 2,250: take the buyer's sandbox money so that it cannot fund it.
      await drain(env, firm.principalId);
      const called = await firm.scout.commit(sessionId, market.commitment(firm, offers[0]?.offer_id ?? ''));
      expect(called.clearing_status).toBe('risk_assessed');
      expect(called.margin_call).not.toBeNull();
      expect((await firm.scout.accounts()).open_margin_calls).toEqual([called.transaction_id]);

      const deposit = await firm.scout.deposit({ mandateId: firm.mandateId, amount: '2250.00' });
      expect(deposit.status).toBe('pending');
      const cleared = await firm.scout.waitFor(
        called.transaction_id,
        ({ clearing_status }) => clearing_status === 'cleared',
      );
      expect(cleared.ledger).toContainEqual({
        owner: firm.principalId,
        kind: 'margin',
        currency: 'USD',
        balance: '2250.00',
      });
    });
  });

  describe('a margin call', () => {
    test('that runs out declines the deal, fails the session, and gives everything back', async () => {
      const firm = await market.aBuyer({ level: 'L2' });
      const supplier = await market.aSeller();
      const { sessionId, offers } = await market.rankedSession(
        firm,
        [[supplier, [anOffer({ price: '30000.00' })]]],
        { profileId: 'b2b_trade', intent: 'wireless headphones, at most 46000 dollars' },
      );
      await drain(env, firm.principalId);
      const called = await firm.scout.commit(sessionId, market.commitment(firm, offers[0]?.offer_id ?? ''));
      const failed = await firm.scout.waitFor(called.transaction_id, ({ status }) => status === 'failed');
      expect(failed.clearing_status).toBe('declined');
      expect(failed.failure?.details).toMatchObject({ rule: 'margin_call', defaulter: firm.principalId });
      expect((await firm.scout.session(sessionId)).status).toBe('failed');
      expect(failed.status_history.map(({ transition }) => transition).slice(-2)).toEqual(['X1', 'T4']);
    });
  });

  describe('documents itself', () => {
    test('as OpenAPI 3.1, with every route', async () => {
      const { json } = await raw('GET', '/openapi.json', { sign: false });
      const document = json as unknown as { openapi: string; paths: Record<string, Record<string, unknown>> };
      expect(document.openapi).toBe('3.1.0');
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining([
          '/v1/sessions/{session_id}/commit',
          '/v1/beacons/sessions',
          '/v1/reconciliation/reports',
        ]),
      );
    });

    test('and says whether it lives and works', async () => {
      expect((await raw('GET', '/healthz', { sign: false })).json).toEqual({ status: 'ok' });
      expect((await raw('GET', '/readyz', { sign: false })).json).toMatchObject({
        status: 'ok',
        postgres: 'ok',
        temporal: 'ok',
      });
    });

    test('and gives finance its report as CSV', async () => {
      const report = await env.operator.reconciliationReport();
      expect(report.ties).toBe(true);
      const response = await fetch(`${env.http.baseUrl}/v1/reconciliation/reports?format=csv`, {
        headers: signedGet('/v1/reconciliation/reports?format=csv'),
      });
      expect(response.headers.get('content-type')).toContain('text/csv');
    });
  });

  function signedGet(target: string): Record<string, string> {
    const timestamp = new Date().toISOString();
    const signature = scoutKey.sign(requestSigningBytes({ method: 'GET', target, timestamp, body: '' }));
    return { 'x-agent-id': scout.agentId, 'x-timestamp': timestamp, 'x-signature': signature };
  }
});

/** Moves a principal's free balance back to AURA's capital, as if it had never been granted. */
async function drain(env: TestEnvironment, principalId: string): Promise<void> {
  await env.db.raw(
    `SELECT post_entries(jsonb_build_array(jsonb_build_object(
       'id', 'ent_' || substr(owner, 5), 'event', 'sandbox_grant', 'key', 'drain:' || owner, 'transaction_id', NULL,
       'digest', 'drain', 'postings', jsonb_build_array(
         jsonb_build_object('owner', owner, 'kind', 'collateral', 'asset', 'USD', 'side', 'debit', 'amount', balance_minor),
         jsonb_build_object('owner', 'aura', 'kind', 'capital', 'asset', 'USD', 'side', 'credit', 'amount', balance_minor)))))
     FROM accounts WHERE owner = :principal AND kind = 'collateral' AND asset = 'USD'`,
    { principal: principalId },
  );
}
