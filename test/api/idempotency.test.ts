/** One key makes one thing: for twins at once, after a crash between work and answer, for a day or for ever. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentBindingBytes } from '../../domain/agent-binding';
import { offerSigningBytes } from '../../domain/market/offer';
import { VERSION_1, VERSION_2 } from '../../domain/versions';
import { Beacon, newKeyPair, registerPrincipal, Scout, type RegisteredPrincipal } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, INTENT, type Market } from '../support/market';
import { describeOnServer } from '../support/on-server';
import {
  send,
  signerOf,
  uniqueNow,
  type RawAnswer,
  type RawRequest,
  type Signer,
} from '../support/raw-request';
import { consentGiven } from '../support/consent';

jest.setTimeout(180_000);

const PRELOAD = resolve(__dirname, '../support/crash-at.cjs');
const TWINS = 50;

describeOnServer('an idempotency key', () => {
  let env: TestEnvironment;
  let market: Market;
  let signer: Signer;
  let principal: RegisteredPrincipal;
  let mandateId: string;

  beforeAll(async () => {
    env = await testEnvironment();
    market = createMarket(env);
    const key = newKeyPair();
    principal = await market.aPrincipal('L1');
    const scout = await Scout.register(env.http, principal, { key });
    signer = { agentId: scout.agentId, key };
    mandateId = await aMandate(scout);
  });
  afterAll(() => env?.stop());

  const ask = (request: RawRequest): Promise<RawAnswer> => send(env.http.baseUrl, request);
  const post = (path: string, body: unknown, key: string, more: Partial<RawRequest> = {}) =>
    ask({
      method: 'POST',
      path,
      body,
      signer,
      ...more,
      headers: { 'x-idempotency-key': key, ...more.headers },
    });
  const aDeposit = { amount: '12.50', currency: 'USD' };
  const deposit = (key: string, more: Partial<RawRequest> = {}) =>
    post('/v1/accounts/deposits', { ...aDeposit, mandate_id: mandateId }, key, more);
  const openSession = (key: string, more: Partial<RawRequest> = {}) =>
    post('/v1/sessions', { intent: INTENT }, key, more);

  async function count(table: string): Promise<number> {
    const { rows } = await env.db.raw<{ rows: { n: string }[] }>('SELECT count(*) AS n FROM ??', [table]);
    return Number(rows[0]?.n);
  }

  /** A bank that accepts what the scout asks it for. */
  async function aMandate(scout: Scout): Promise<string> {
    const accountNumber = await market.aBankAccount('rtp', 100_000_000n, 'Jane Doe');
    const account = await scout.addPaymentAccount({
      rail: 'rtp',
      routingNumber: '021000021',
      accountNumber,
      holderName: 'Jane Doe',
    });
    const mandate = await scout.requestMandate({
      accountId: account.account_id,
      ceiling: '90000.00',
      expiresAt: new Date(Date.now() + 86_400_000),
    });
    return mandate.mandate_id;
  }

  const twins = (ofKey: (key: string) => Promise<RawAnswer>) => {
    const key = randomUUID();
    return Promise.all(Array.from({ length: TWINS }, () => ofKey(key)));
  };

  describe(`for ${TWINS} twins at once`, () => {
    test.each([
      ['a session', 'sessions', (key: string) => openSession(key)],
      ['a deposit', 'deposits', (key: string) => deposit(key)],
    ])('makes %s once, and all get its answer', async (_what, table, ofKey) => {
      await market.aSeller();
      const before = await count(table);
      const answers = await twins(ofKey);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers[0]?.status).toBeLessThan(300);
      expect(await count(table)).toBe(before + 1);
    });

    test('makes a deal once', async () => {
      const [buyer, seller] = [await market.aBuyer(), await market.aSeller()];
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const body = {
        offer_id: offers[0]?.offer_id,
        quantity: 1,
        authority: { kind: 'owner' },
        consent: consentGiven(),
        buyer_identity: { name: 'Jane Doe', email: 'jane@example.com' },
        payment_method: { type: 'rtp', mandate_id: buyer.mandateId },
      };
      const before = await count('transactions');
      const answers = await twins((one) =>
        post(`/v1/sessions/${sessionId}/commit`, body, one, { signer: signerOf(buyer.scout) }),
      );
      const made = answers.filter(({ status }) => status === 201);
      expect(answers.map(({ status, json }) => [status, json.error?.code])).toEqual(
        answers.map(() => [201, undefined]),
      );
      expect(new Set(made.map(({ json }) => json.transaction_id)).size).toBe(1);
      expect(await count('transactions')).toBe(before + 1);
    });

    test('refuses the twin that asks for something else', async () => {
      const key = randomUUID();
      const bodies = Array.from({ length: 10 }, (_, index) => ({ intent: `${INTENT} ${index % 2}` }));
      const answers = await Promise.all(bodies.map((body) => post('/v1/sessions', body, key)));
      const refused = answers.filter(({ json }) => json.error?.code === 'IDEMPOTENCY_CONFLICT');
      expect(refused.length).toBe(5);
      expect(new Set(answers.filter((each) => !refused.includes(each)).map(({ text }) => text)).size).toBe(1);
    });

    test('takes the very same signed request, sent twice at once, for one', async () => {
      const before = await count('sessions');
      const once = { at: uniqueNow() };
      const key = randomUUID();
      const answers = await Promise.all([openSession(key, once), openSession(key, once)]);
      expect(answers[0]?.text).toBe(answers[1]?.text);
      expect(answers[0]?.status).toBe(201);
      expect(await count('sessions')).toBe(before + 1);
    });
  });

  describe('that was answered', () => {
    test('answers the same bytes again, also under a signature that was used', async () => {
      const at = uniqueNow();
      const first = await openSession('again', { at });
      expect(first.status).toBe(201);
      for (const again of [await openSession('again'), await openSession('again', { at })]) {
        expect([again.status, again.text]).toEqual([first.status, first.text]);
      }
    });

    test.each([
      ['another body', () => post('/v1/sessions', { intent: `${INTENT}!` }, 'taken')],
      ['another path', () => deposit('taken')],
      ['another version', () => openSession('taken', { headers: { 'aura-version': VERSION_1 } })],
    ])('is refused with %s', async (_what, request) => {
      expect((await openSession('taken')).status).toBe(201);
      const { status, json } = await request();
      expect([status, json.error?.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
      expect(json.error?.details.field).toBe('X-Idempotency-Key');
      expect((await openSession('taken', { headers: { 'aura-version': VERSION_2 } })).status).toBe(201);
    });

    test("is nobody else's", async () => {
      const key = newKeyPair();
      const other = await Scout.register(env.http, await registerPrincipal(env.http, {}), { key });
      const mine = await openSession('common');
      const theirs = await openSession('common', { signer: { agentId: other.agentId, key } });
      expect(theirs.status).toBe(201);
      expect(theirs.json.session_id).not.toBe(mine.json.session_id);
    });

    test('lapses after a day, but never where money moves', async () => {
      const [session, money] = [await openSession('day'), await deposit('ever')];
      await env.db.raw(
        `UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE agent_id = ? AND key IN ('day', 'ever')`,
        [signer.agentId],
      );
      expect((await openSession('day')).json.session_id).not.toBe(session.json.session_id);
      expect((await post('/v1/sessions', { intent: `${INTENT}?` }, 'day')).status).toBe(409);
      expect((await deposit('ever')).text).toBe(money.text);
    });

    test('that is no key is refused with its field', async () => {
      const { status, json } = await openSession('k'.repeat(129));
      expect([status, json.error?.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect(json.error?.details).toMatchObject({ field: 'X-Idempotency-Key' });
    });
  });

  test("of one registration is not another's", async () => {
    const register = (key = newKeyPair()) =>
      ask({
        method: 'POST',
        path: '/v1/principals',
        body: { public_key: key.publicKey },
        headers: { 'x-idempotency-key': 'first' },
      });
    const [one, two] = [await register(), await register()];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.json.principal_id).not.toBe(two.json.principal_id);
  });

  describe('of a request whose API was killed between work and answer', () => {
    const marks = mkdtempSync(join(tmpdir(), 'aura-crash-'));

    /** Sends the request to an API that dies before it answers, and again until it is answered. */
    async function killedInBetween(ofKey: (key: string) => Promise<RawAnswer>): Promise<RawAnswer> {
      const mark = join(marks, randomUUID());
      const armed = await env.platform.restart('api', {
        NODE_OPTIONS: `--require ${PRELOAD}`,
        CRASH_AT: 'setOutcome:before',
        CRASH_MARK: mark,
      });
      const key = randomUUID();
      await expect(ofKey(key)).rejects.toThrow();
      await armed.exited;
      expect(existsSync(mark)).toBe(true);
      await env.platform.restart('api');
      const deadline = Date.now() + 30_000;
      for (;;) {
        const answer = await ofKey(key);
        if (answer.status !== 503 || Date.now() > deadline) return answer;
        await sleep(250);
      }
    }

    const requests: Record<
      string,
      { table: string; make: () => Promise<(key: string) => Promise<RawAnswer>> }
    > = {
      'a principal': {
        table: 'principals',
        make: async () => {
          const { publicKey } = newKeyPair();
          return (key) => post('/v1/principals', { public_key: publicKey }, key, { signer: undefined });
        },
      },
      'an agent': {
        table: 'agents',
        make: async () => {
          const key = newKeyPair();
          const terms = { publicKey: key.publicKey, role: 'scout' as const, capacity: {} };
          const body = {
            public_key: key.publicKey,
            principal_id: principal.principal_id,
            role: 'scout',
            capacity: {},
            principal_signature: principal.key.sign(agentBindingBytes(terms)),
          };
          return (once) => post('/v1/agents/register', body, once, { signer: { agentId: '', key } });
        },
      },
      'a session': { table: 'sessions', make: async () => (key) => openSession(key) },
      'an answer with offers': { table: 'offers', make: () => anAnswer([anOffer()]) },
      'a payment account': {
        table: 'payment_accounts',
        make: async () => {
          const accountNumber = await market.aBankAccount('rtp', 0n, 'Jane Doe');
          const body = {
            rail: 'rtp',
            currency: 'USD',
            routing_number: '021000021',
            account_number: accountNumber,
            holder_name: 'Jane Doe',
          };
          return (key) => post('/v1/payment-accounts', body, key);
        },
      },
      'a deposit': { table: 'deposits', make: async () => (key) => deposit(key) },
      'a withdrawal': {
        table: 'payables',
        make: async () => {
          return (key) => post('/v1/accounts/withdrawals', { amount: '1.00', currency: 'USD' }, key);
        },
      },
      "a rail's key": {
        table: 'rail_keys',
        make: async () => {
          const { publicKey } = newKeyPair();
          const operator = signerOf(env.operator);
          return (key) =>
            post('/v1/rails', { rail: 'rtp', public_key: publicKey }, key, { signer: operator });
        },
      },
    };

    /** Answers, as a new seller, a session that waits for it. */
    async function anAnswer(offers: ReturnType<typeof anOffer>[]) {
      const key = newKeyPair();
      const beacon = await Beacon.register(env.http, await market.aPrincipal('L2'), {
        key,
        categories: ['electronics'],
      });
      const session = await openSession(randomUUID());
      const id = String(session.json.session_id);
      const { agentId: beaconId } = beacon;
      const signed = offers.map((offer) => ({
        ...offer,
        signature: key.sign(offerSigningBytes({ sessionId: id, beaconId, offer })),
      }));
      return (once: string) =>
        post(`/v1/sessions/${id}/offers`, { offers: signed }, once, { signer: { agentId: beaconId, key } });
    }

    test.each(Object.entries(requests))('%s: the retry finds it, and there is one', async (_what, spec) => {
      const ofKey = await spec.make();
      const before = await count(spec.table);
      const answer = await killedInBetween(ofKey);
      expect([answer.status, answer.json.error]).toEqual([expect.any(Number), undefined]);
      expect(answer.status).toBeLessThan(300);
      expect(await count(spec.table)).toBe(before + 1);
    });
  });
});
