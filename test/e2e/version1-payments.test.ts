/** A literal client of protocol 1.0.0 clears deals in the sandbox: no mandates, no accounts, nothing beforehand. */
import { RAILS, type RailName } from '../../domain/settlement';
import { rows } from '../../store/db';
import { checkLedger } from '../../store/ledger';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { commit1, rankedOffer1, register1, text, until, type Client1 } from '../support/version1-client';

jest.setTimeout(120_000);

interface Status {
  status: string;
}

const GOOD = '4242424242424242';
const DECLINED = '4000000000000002';
const CHALLENGED = '4000002500003155';
const card = (number: string) => ({
  type: 'card',
  card: { number, exp_month: 12, exp_year: 2099, cvc: '123' },
});

describeOnServer('payments of version 1', () => {
  let env: TestEnvironment;
  let baseUrl: string;
  beforeAll(async () => {
    const quick = { AURA_INQUIRY_LAST_MS: '500', AURA_NOTICES_EVERY_MS: '2000' };
    env = await testEnvironment(quick, { rails: RAILS });
    baseUrl = env.platform.apiUrl;
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  async function aMarket(options: { scout?: object; beacon?: object; price?: string } = {}) {
    // Other sellers of this file would be waited for.
    await env.db.raw(`UPDATE agents SET status = 'suspended' WHERE role = 'beacon'`);
    const [scout, beacon] = await Promise.all([
      register1(baseUrl, 'scout', { ...options.scout }),
      register1(baseUrl, 'beacon', { ...options.beacon }),
    ]);
    const { sessionId, offerId } = await rankedOffer1(scout, beacon, anOffer({ price: options.price }));
    let sent = 0;
    const commit = (paymentMethod: unknown, key = `commit-${sessionId}-${sent++}`) =>
      scout.send('POST', `/v1/sessions/${sessionId}/commit`, bodyOf(paymentMethod), {
        'x-idempotency-key': key,
      });
    // The same body for every attempt, as a retry has.
    const bodies = new Map<string, unknown>();
    const bodyOf = (paymentMethod: unknown) => {
      const name = JSON.stringify(paymentMethod);
      if (!bodies.has(name)) bodies.set(name, commit1(offerId, paymentMethod));
      return bodies.get(name);
    };
    return { scout, beacon, sessionId, offerId, commit };
  }

  const shown = async (scout: Client1, id: string) =>
    (await scout.send('GET', `/v1/transactions/${id}`)).json;

  /** To the end: settled, delivered, paid out, books balanced. */
  async function expectCleared(scout: Client1, beacon: Client1, id: string, rail: RailName): Promise<void> {
    await until(async () => ['confirmed', 'fulfilled'].includes(text((await shown(scout, id)).status)));
    const delivered = await beacon.send(
      'POST',
      `/v1/transactions/${id}/fulfillment`,
      { status: 'delivered' },
      { 'x-idempotency-key': `delivered-${id}` },
    );
    expect(delivered.status).toBeLessThan(300);
    await until(async () => {
      await env.operator.reconcile(rail);
      const [found] = await rows<Status>(
        env.db,
        'SELECT p.status FROM payables b JOIN payouts p ON p.id = b.payout_id WHERE b.transaction_id = ?',
        [id],
      );
      return found?.status === 'proved';
    });
    expect((await shown(scout, id)).status).toBe('completed');
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  it('clears a deal paid with the test card, delivers and pays the seller out', async () => {
    const { scout, beacon, commit } = await aMarket();
    const made = await commit(card(GOOD));
    expect(made).toMatchObject({ status: 201, json: { amounts: { total_usd: 349.99 } } });
    const id = text(made.json.transaction_id);
    await expectCleared(scout, beacon, id, 'card');
    expect((await shown(scout, id)).payment).toEqual({
      status: 'captured',
      method: 'card',
      last_four: '4242',
      negotiated_method: 'card',
      currency: 'USD',
      scout_preference_match: true,
      beacon_preference_match: true,
    });
  });

  it('commits nothing where the card is declined, and says why', async () => {
    const { scout, sessionId, commit } = await aMarket();
    for (const _attempt of ['first', 'retry']) {
      const refused = await commit(card(DECLINED), `declined-${sessionId}`);
      expect(refused).toMatchObject({
        status: 402,
        json: { error: { code: 'PAYMENT_DECLINED', details: { reason: 'card_declined' } } },
      });
    }
    const session = await scout.send('GET', `/v1/sessions/${sessionId}`);
    expect(session.json.status).toMatch(/^offers_/);
    const deals = await env.db('transactions').where({ session_id: sessionId });
    expect(deals).toEqual([]);
    // Another card, another commit.
    expect((await commit(card(GOOD))).status).toBe(201);
  });

  it.each(['with its idempotency key', 'anew'])(
    'asks for 3-D Secure and takes the same commit afterwards, sent %s',
    async (how) => {
      const { sessionId, commit } = await aMarket();
      const key = `challenged-${sessionId}`;
      const asked = await commit(card(CHALLENGED), key);
      expect(asked).toMatchObject({
        status: 402,
        json: { error: { code: 'PAYMENT_ACTION_REQUIRED', details: { reason: '3d_secure' } } },
      });
      const { action_url: url, mandate_id: mandateId } = asked.json.error?.details as unknown as Record<
        string,
        string
      >;
      const confirmed = await fetch(url ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ outcome: 'succeeded' }),
      });
      expect(confirmed.ok).toBe(true);
      const made = await commit(card(CHALLENGED), how === 'anew' ? undefined : key);
      expect(made.status).toBe(201);
      const [deal] = (await env.db('transactions').where({ session_id: sessionId })) as {
        mandate_id: string;
      }[];
      expect(deal?.mandate_id).toBe(mandateId);
    },
  );

  it('makes one mandate and one payment however often the commit is sent', async () => {
    const { scout, beacon, sessionId, commit } = await aMarket();
    const key = `often-${sessionId}`;
    const answers = await Promise.all(Array.from({ length: 8 }, () => commit(card(GOOD), key)));
    expect(new Set(answers.map(({ json }) => text(json.transaction_id))).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    const id = text(answers[0]?.json.transaction_id);
    await until(async () => text((await shown(scout, id)).payment?.status) === 'captured');
    await expectOnePayment(sessionId);
    await expectCleared(scout, beacon, id, 'card');
  });

  it('goes on after a crash of the API between the card and the deal', async () => {
    const { scout, sessionId, commit } = await aMarket();
    const key = `crash-${sessionId}`;
    const cut = commit(card(GOOD), key).catch(() => undefined);
    await until(async () => (await mandatesOf(sessionId)).length > 0);
    await env.platform.processes.get('api')?.kill();
    await cut;
    await env.platform.restart('api');
    const made = await commit(card(GOOD), key);
    expect(made.status).toBe(201);
    await until(
      async () => text((await shown(scout, text(made.json.transaction_id))).payment?.status) === 'captured',
    );
    await expectOnePayment(sessionId);
  });

  async function mandatesOf(sessionId: string): Promise<unknown[]> {
    return env
      .db('audit')
      .where({ action: 'mandate.requested' })
      .whereRaw(`detail->>'session_id' = ?`, [sessionId]);
  }

  async function expectOnePayment(sessionId: string): Promise<void> {
    expect(await mandatesOf(sessionId)).toHaveLength(1);
    const payIns = await env
      .db('instructions as i')
      .join('transactions as t', 't.id', 'i.transaction_id')
      .where({ 't.session_id': sessionId, 'i.kind': 'pay_in' });
    expect(payIns).toHaveLength(1);
  }

  it.each<[RailName, object]>([
    ['ach', { type: 'ach' }],
    ['rtp', { type: 'rtp' }],
    ['fednow', { type: 'fednow' }],
    ['stablecoin', { type: 'crypto' }],
  ])('pays over %s from an account that the sandbox opened', async (rail, paymentMethod) => {
    const { scout, beacon, commit } = await aMarket();
    const made = await commit(paymentMethod);
    expect(made).toMatchObject({ status: 201, json: { status: expect.any(String) as string } });
    await expectCleared(scout, beacon, text(made.json.transaction_id), rail);
  });

  it('takes a facilitator’s test token by the name that the protocol’s example has', async () => {
    const { scout, beacon, commit, sessionId } = await aMarket();
    const made = await commit({
      type: 'x402',
      x402_payment: { facilitator: 'stripe', payment_token: `pm_tok_test_${sessionId}`, currency: 'USD' },
    });
    expect(made).toMatchObject({ status: 201, json: { status: expect.any(String) as string } });
    const id = text(made.json.transaction_id);
    await expectCleared(scout, beacon, id, 'x402');
    expect((await shown(scout, id)).payment).toMatchObject({ method: 'x402', facilitator: 'stripe' });
  });

  it('negotiates where the commit names no method: the scout’s preference first', async () => {
    const { scout, commit } = await aMarket({
      scout: {
        payment_capabilities: {
          supported_methods: [
            { type: 'bank_transfer', regions: ['US'], networks: ['ach', 'rtp'] },
            { type: 'card' },
          ],
          preferred_method: 'rtp',
        },
      },
      beacon: {
        payment_capabilities: {
          accepted_methods: [{ type: 'bank_transfer' }, { type: 'crypto' }],
          preferred_method: 'crypto',
          payout_schedule: 'daily',
        },
      },
    });
    const made = await commit(undefined);
    expect(made).toMatchObject({ status: 201, json: { status: expect.any(String) as string } });
    expect((await shown(scout, text(made.json.transaction_id))).payment).toMatchObject({
      method: 'bank_transfer',
      negotiated_method: 'bank_transfer',
      scout_preference_match: true,
      beacon_preference_match: false,
    });
  });

  it('refuses a method that the seller does not accept, with both sides’ lists', async () => {
    const { commit } = await aMarket({
      beacon: { payment_capabilities: { accepted_methods: [{ type: 'bank_transfer', networks: ['rtp'] }] } },
    });
    expect(await commit(card(GOOD))).toMatchObject({
      status: 403,
      json: {
        error: {
          code: 'BUSINESS_RULE_VIOLATION',
          details: { rule: 'no_common_rail', scout_accepts: ['card'], beacon_accepts: ['rtp'] },
        },
      },
    });
  });

  it.each([
    ['no test card', { card: { ...card('4111111111111111').card } }, 'payment_method.card.number'],
    ['a wrong check digit', { card: { ...card('4242424242424241').card } }, 'payment_method.card.number'],
    ['an expired card', { card: { ...card(GOOD).card, exp_year: 2020 } }, 'payment_method.card.exp_year'],
    ['no such month', { card: { ...card(GOOD).card, exp_month: 13 } }, 'payment_method.card.exp_month'],
    ['a card and a token', { ...card(GOOD), token: 'tok_test_4242' }, 'payment_method.token'],
    ['a card for another method', { ...card(GOOD), type: 'x402' }, 'payment_method.card'],
    ['no such method', { type: 'cheque' }, 'payment_method.type'],
  ])('refuses %s before anything is kept', async (_what, paymentMethod, field) => {
    const scout = await register1(baseUrl, 'scout');
    const path = '/v1/sessions/ses_01KAAAAAAAAAAAAAAAAAAAAAAA/commit';
    const body = commit1('ofr_01KAAAAAAAAAAAAAAAAAAAAAAA', paymentMethod);
    const refused = await scout.send('POST', path, body, { 'x-idempotency-key': 'bad-card' });
    expect(refused).toMatchObject({ status: 400, json: { error: { details: { field } } } });
    expect(JSON.stringify(refused.json)).not.toContain('42424242');
    expect(await env.db('idempotency_keys').where({ agent_id: scout.id })).toEqual([]);
  });
});
