/** Every code of the catalogue is reached by a request over HTTP. A code without a scenario fails. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorSchema } from '../../api/schemas/common';
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { offerSigningBytes } from '../../domain/market/offer';
import { newKeyPair } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, INTENT, type Market } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { send, signerOf, type RawAnswer, type RawRequest, type Signer } from '../support/raw-request';
import { createRouteWorld, type RouteWorld } from '../support/route-fixtures';

jest.setTimeout(120_000);

type Scenario = () => Promise<RawAnswer>;
/** The file, seen from here, whose tests bring the code about, since it takes a world of its own. */
type Elsewhere = `${string}.test.ts`;

describeOnServer('the error', () => {
  let env: TestEnvironment;
  let market: Market;
  let world: RouteWorld;

  beforeAll(async () => {
    env = await testEnvironment();
    market = createMarket(env);
    world = await createRouteWorld(env);
  });
  afterAll(() => env?.stop());

  const ask = (request: RawRequest): Promise<RawAnswer> => send(env.http.baseUrl, request);
  const scout = (method: string, path: string, body?: unknown, more: Partial<RawRequest> = {}) =>
    ask({ method, path, body, signer: world.owners.scout, ...more });
  const operator = (method: string, path: string, body?: unknown) =>
    ask({ method, path, body, signer: world.owners.operator });
  const open = (intent: string, more: Partial<RawRequest> = {}) =>
    scout('POST', '/v1/sessions', { intent }, more);
  const unknown = (path: string) => operator('GET', path);
  const commit = () =>
    scout('POST', `/v1/sessions/${world.params.session_id}/commit`, {
      offer_id: world.params.offer_id,
      consent: world.hints.consent,
      buyer_identity: { name: 'Jane Doe', email: 'jane@example.com' },
      payment_method: world.hints.payment_method,
    });

  async function aSuspendedScout(): Promise<Signer> {
    const buyer = await market.aBuyer();
    await env.db.raw(`UPDATE agents SET status = 'suspended' WHERE id = ?`, [buyer.scout.agentId]);
    return signerOf(buyer.scout);
  }

  async function anExpiredOffer(): Promise<RawAnswer> {
    const [buyer, { beacon }] = [await market.aBuyer(), await market.aSeller()];
    const session = await buyer.scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
    const { agentId: beaconId, key } = signerOf(beacon);
    const offer = anOffer({ validForMs: -1_000 });
    const signed = offerSigningBytes({ sessionId: session.session_id, beaconId, offer });
    return ask({
      method: 'POST',
      path: `/v1/sessions/${session.session_id}/offers`,
      body: { offers: [{ ...offer, signature: key.sign(signed) }] },
      signer: { agentId: beaconId, key },
    });
  }

  /** The books lose a table for a moment. */
  async function somethingUnexpected(): Promise<RawAnswer> {
    await env.db.raw('ALTER TABLE rail_health RENAME TO rail_health_away');
    try {
      return await operator('GET', '/v1/rails');
    } finally {
      await env.db.raw('ALTER TABLE rail_health_away RENAME TO rail_health');
    }
  }

  /** Nobody is there who could decide on the refund. */
  async function noWorker(): Promise<RawAnswer> {
    await env.platform.processes.get('worker')?.stop();
    try {
      const body = { amount: '1.00', reason: 'a scratch' };
      return await operator('POST', `/v1/transactions/${world.params.transaction_id}/refunds`, body);
    } finally {
      await env.platform.restart('worker');
    }
  }

  async function twice(): Promise<RawAnswer> {
    const headers = { 'x-idempotency-key': randomUUID() };
    await open(INTENT, { headers });
    return open(`${INTENT}!`, { headers });
  }

  const scenarios: Record<ErrorCode, Scenario | Elsewhere> = {
    INVALID_REQUEST: () => scout('POST', '/v1/sessions', '{"intent":'),
    INVALID_PARAMETER: () => open('short'),
    AUTHENTICATION_REQUIRED: () => ask({ method: 'GET', path: '/v1/accounts' }),
    INVALID_API_KEY: () =>
      ask({
        method: 'GET',
        path: '/v1/accounts',
        headers: { authorization: `Bearer sk_test_${'0'.repeat(40)}` },
      }),
    INVALID_SIGNATURE: () =>
      ask({ method: 'GET', path: '/v1/accounts', signer: { ...world.owners.scout, key: newKeyPair() } }),
    PAYMENT_REQUIRED: 'x402-commit.test.ts',
    PAYMENT_INVALID: 'x402-commit.test.ts',
    PAYMENT_SIGNATURE_INVALID: 'x402-commit.test.ts',
    PAYMENT_AMOUNT_MISMATCH: 'x402-commit.test.ts',
    PAYMENT_NETWORK_MISMATCH: 'x402-commit.test.ts',
    PAYMENT_EXPIRED: 'x402-commit.test.ts',
    PAYMENT_DECLINED: '../e2e/version1-payments.test.ts',
    PAYMENT_ACTION_REQUIRED: '../e2e/version1-payments.test.ts',
    INSUFFICIENT_PERMISSIONS: () => scout('GET', '/v1/exceptions'),
    AGENT_SUSPENDED: async () => open(INTENT, { signer: await aSuspendedScout() }),
    BUSINESS_RULE_VIOLATION: () =>
      scout('PUT', '/v1/netting/memberships', { rail: 'ach', currency: 'USD', active: true }),
    PRINCIPAL_NOT_FOUND: () => unknown(`/v1/principals/${newId('principal')}`),
    AGENT_NOT_FOUND: () => unknown(`/v1/agents/${newId('scout')}`),
    PROFILE_NOT_FOUND: () => scout('POST', '/v1/sessions', { intent: INTENT, profile_id: 'bazaar' }),
    SESSION_NOT_FOUND: () => unknown(`/v1/sessions/${newId('session')}`),
    OFFER_NOT_FOUND: () => unknown(`/v1/offers/${newId('offer')}`),
    TRANSACTION_NOT_FOUND: () => unknown(`/v1/transactions/${newId('transaction')}`),
    DISPUTE_NOT_FOUND: () => unknown(`/v1/disputes/${newId('dispute')}`),
    RESOURCE_NOT_FOUND: () => unknown('/v1/nowhere'),
    METHOD_NOT_ALLOWED: () => ask({ method: 'DELETE', path: '/healthz' }),
    SESSION_STATE_CONFLICT: () => scout('DELETE', `/v1/sessions/${world.params.session_id}`),
    OFFER_EXPIRED: anExpiredOffer,
    OFFER_ALREADY_COMMITTED: commit,
    IDEMPOTENCY_CONFLICT: twice,
    RAIL_KEY_CONFLICT: () =>
      operator('POST', '/v1/rails', { rail: 'fednow', public_key: world.owners.rail.key.publicKey }),
    TRANSMISSION_CLAIMED: () =>
      ask({
        method: 'POST',
        path: `/v1/rails/rtp/transmissions/${world.params.instruction_id}`,
        body: { claimant: randomUUID() },
        signer: world.owners.rail,
      }),
    PAYMENT_ALREADY_USED: 'x402-commit.test.ts',
    PAYLOAD_TOO_LARGE: () => open('x'.repeat(1_100_000)),
    UNSUPPORTED_MEDIA_TYPE: () => open(INTENT, { headers: { 'content-type': 'text/plain' } }),
    CREDENTIAL_INVALID: () =>
      ask({
        method: 'POST',
        path: '/v1/principals',
        body: { public_key: newKeyPair().publicKey, credentials: [{ type: 'nothing' }] },
      }),
    INTERPRETATION_FAILED: () => open('qwrt zxcv plmk njhb vgfc'),
    NO_MATCHING_BEACONS: () => open('I want a return flight to Lisbon in May'),
    RATE_LIMITED: 'rate-limits.test.ts',
    INTERNAL_ERROR: somethingUnexpected,
    BEACON_UNAVAILABLE: 'confirmation.test.ts',
    SERVICE_UNAVAILABLE: noWorker,
    BEACON_TIMEOUT: 'confirmation.test.ts',
  };

  test.each(Object.entries(scenarios) as [ErrorCode, Scenario | Elsewhere][])(
    '%s',
    async (code, scenario) => {
      const page = await ask({ method: 'GET', path: `/errors/${code}` });
      expect([page.status, page.json.code]).toEqual([200, code]);
      expect(page.json.status).toBe(ERROR_CATALOGUE[code].status);
      if (typeof scenario === 'string') {
        expect(readFileSync(join(__dirname, scenario), 'utf8')).toContain(`'${code}'`);
        return;
      }
      const { status, json } = await scenario();
      expect(errorSchema.safeParse(json).success).toBe(true);
      expect([status, json.error?.code]).toEqual([ERROR_CATALOGUE[code].status, code]);
      expect(json.error?.documentation_url).toBe(`${env.http.baseUrl}/errors/${code}`);
    },
  );

  test('has a scenario, whichever it is', () => {
    expect(Object.keys(scenarios).sort()).toEqual(Object.keys(ERROR_CATALOGUE).sort());
  });
});
