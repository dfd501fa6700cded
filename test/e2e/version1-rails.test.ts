/** A literal client of protocol 1.0.0 where only two rails run, as under `npm start`: what runs is chosen, nothing hangs. */
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { commit1, rankedOffer1, register1, text, until, type Client1 } from '../support/version1-client';

jest.setTimeout(120_000);

const RUNNING = ['rtp', 'fednow'];
const CARD = { number: '4242424242424242', exp_month: 12, exp_year: 2099, cvc: '123' };

describeOnServer('version 1 where only rtp and fednow run', () => {
  let env: TestEnvironment;
  let scout: Client1;
  let beacon: Client1;
  beforeAll(async () => {
    env = await testEnvironment();
    [scout, beacon] = await Promise.all([
      register1(env.platform.apiUrl, 'scout'),
      register1(env.platform.apiUrl, 'beacon'),
    ]);
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  async function commit(paymentMethod: unknown) {
    const { sessionId, offerId } = await rankedOffer1(scout, beacon, anOffer());
    const answer = await scout.send(
      'POST',
      `/v1/sessions/${sessionId}/commit`,
      commit1(offerId, paymentMethod),
      { 'x-idempotency-key': `commit-${sessionId}` },
    );
    return { sessionId, answer };
  }

  it.each<[string, unknown]>([
    ['a bank transfer without a network', { type: 'bank_transfer' }],
    ['no method', undefined],
  ])('pays %s over a rail that runs, and pays the seller out', async (_what, paymentMethod) => {
    const { answer } = await commit(paymentMethod);
    expect(answer).toMatchObject({ status: 201 });
    const id = text(answer.json.transaction_id);
    await until(async () => {
      const { json } = await scout.send('GET', `/v1/transactions/${id}`);
      return text(json.payment?.status) === 'captured';
    });
    const deal = await env.db<{ id: string; rail: string }>('transactions').where({ id }).first('rail');
    expect(RUNNING).toContain(deal?.rail);
    const path = `/v1/transactions/${id}/fulfillment`;
    const key = { 'x-idempotency-key': `delivered-${id}` };
    expect((await beacon.send('POST', path, { status: 'delivered' }, key)).status).toBeLessThan(300);
    await until(async () => {
      const paid = await env
        .db('payables as b')
        .join('payouts as p', 'p.id', 'b.payout_id')
        .where({ 'b.transaction_id': id })
        .first<{ rail: string; status: string } | undefined>('p.rail', 'p.status');
      return paid?.status === 'proved' && RUNNING.includes(paid.rail);
    });
  });

  it.each<[string, { type: string }]>([
    ['card', { type: 'card' }],
    ['card', { type: 'card', card: CARD } as { type: string }],
    ['ach', { type: 'ach' }],
    ['stablecoin', { type: 'crypto' }],
  ])('refuses %s, which does not run, and names what does', async (rail, paymentMethod) => {
    const { sessionId, answer } = await commit(paymentMethod);
    expect(answer).toMatchObject({
      status: 403,
      json: {
        error: {
          code: 'BUSINESS_RULE_VIOLATION',
          details: { step: 'settlement_compatibility', rule: 'no_common_rail', available: RUNNING },
        },
      },
    });
    const { refused } = answer.json.error?.details as unknown as {
      refused: { rail: string; reason: string }[];
    };
    expect(refused).toContainEqual({ rail, reason: 'it does not run here' });
    expect(refused).toContainEqual({ rail: 'rtp', reason: `the payer asks for ${paymentMethod.type}` });
    // Nobody was asked for anything, and the session takes another commit.
    expect(await env.db('transactions').where({ session_id: sessionId })).toEqual([]);
    expect(await env.db('mandates').whereNotIn('rail', RUNNING)).toEqual([]);
    const session = await scout.send('GET', `/v1/sessions/${sessionId}`);
    expect(session.json.status).toMatch(/^offers_/);
  });
});
