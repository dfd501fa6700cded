import fc from 'fast-check';
import { EVENT_TYPES, type EventType } from '../../domain/events';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair } from '../../domain/keys';
import {
  BEACON_WEBHOOKS,
  EVENT_CATALOGUE,
  payloadShown,
  recipientsOf,
  retryAfterMs,
  SCOUT_WEBHOOKS,
  webhookOf,
  webhookPauseMs,
  WEBHOOK_RETRY,
  type EventFacts,
} from '../../domain/notifications';
import {
  signWebhookBody,
  verifyWebhook,
  verifyWebhookBody,
  webhookHeaders,
} from '../../domain/webhook-signature';

const scout = newId('scout');
const beacon = newId('beacon');
const session = newId('session');
const transaction = newId('transaction');

const factsOf = (authorized: boolean): EventFacts => ({
  scoutId: scout,
  deal: { id: transaction, scoutId: scout, beaconId: beacon, authorized },
  agentsOfPrincipal: [],
});
const eventOf = (type: EventType, payload: Record<string, unknown> = {}) => ({
  type,
  correlationId: session,
  payload: { session_id: session, transaction_id: transaction, ...payload },
});

describe('who is told', () => {
  test.each(EVENT_TYPES.filter((type) => type.startsWith('transaction.')))(
    '%s says nothing to the seller before the deal is authorised',
    (type) => {
      const event = eventOf(type, { beacon_id: beacon, scout_id: scout });
      expect(recipientsOf(event, factsOf(false))).toEqual([scout]);
    },
  );

  test('both sides hear of an authorised deal', () => {
    expect(recipientsOf(eventOf('transaction.settled'), factsOf(true))).toEqual([scout, beacon]);
    expect(recipientsOf(eventOf('offer.accepted'), factsOf(true))).toEqual([scout, beacon]);
    expect(recipientsOf(eventOf('offer.accepted', { beacon_id: beacon }), factsOf(false))).toEqual([scout]);
  });

  test('a request for offers is told to the seller it asks, and to nobody else', () => {
    const other = newId('beacon');
    const event = eventOf('offer.requested', { beacon_id: other });
    expect(recipientsOf(event, factsOf(true))).toEqual([other]);
  });

  test.each([
    [['buyer'], [scout]],
    [['seller'], [beacon]],
    [
      ['buyer', 'seller'],
      [scout, beacon],
    ],
  ])('a margin call on %j is told to them', (sides, told) => {
    expect(recipientsOf(eventOf('margin.called', { sides }), factsOf(false))).toEqual(told);
  });

  test("a principal's money is told to its agents", () => {
    const agentsOfPrincipal = [newId('beacon'), newId('beacon')];
    const facts = { scoutId: null, deal: null, agentsOfPrincipal };
    const event = {
      type: 'payout.sent' as const,
      correlationId: newId('principal'),
      payload: { principal_id: newId('principal') },
    };
    expect(recipientsOf(event, facts)).toEqual(agentsOfPrincipal);
  });

  test.each(['rail.health_changed', 'netting.closed', 'dispute.overdue'] as const)(
    '%s is for operators alone',
    (type) => expect(recipientsOf(eventOf(type), factsOf(true))).toEqual([]),
  );

  test('whatever an event carries, an agent is shown the documented members alone', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_TYPES), fc.dictionary(fc.string(), fc.string()), (type, more) => {
        const shown = Object.keys(payloadShown({ type, correlationId: session, payload: more }));
        expect(EVENT_CATALOGUE[type].fields).toEqual(expect.arrayContaining(shown));
      }),
    );
  });
});

describe('webhooks', () => {
  test.each(BEACON_WEBHOOKS)('the beacon’s %s comes from an event', (name) => {
    expect(EVENT_TYPES.some((type) => webhookOf(eventOf(type), 'beacon') === name)).toBe(true);
  });
  test.each(SCOUT_WEBHOOKS)('the scout’s %s comes from an event', (name) => {
    expect(EVENT_TYPES.some((type) => webhookOf(eventOf(type), 'scout') === name)).toBe(true);
  });

  test('a buyer that cancelled is not told of a failure', () => {
    expect(webhookOf(eventOf('transaction.declined', { cancelled: true }), 'scout')).toBeUndefined();
    expect(webhookOf(eventOf('transaction.declined', { cancelled: false }), 'scout')).toBe(
      'transaction_failed',
    );
  });

  test('who has an event’s webhook is told of the event', () => {
    for (const type of EVENT_TYPES) {
      const { to, beacon: forBeacon, scout: forScout } = EVENT_CATALOGUE[type];
      if (forBeacon) expect(to.some((who) => who !== 'scout')).toBe(true);
      if (forScout) expect(to.some((who) => who === 'scout' || who === 'agent')).toBe(true);
    }
  });

  test('are sent again after longer and longer pauses, ten times in about four hours', () => {
    const pauses = Array.from({ length: WEBHOOK_RETRY.attempts }, (_, at) =>
      webhookPauseMs(at + 1, { random: () => 0 }),
    );
    expect(pauses.slice(0, 4)).toEqual([2_000, 6_000, 18_000, 54_000]);
    expect(pauses.at(-1)).toBeUndefined();
    const hours = pauses.reduce<number>((sum, ms = 0) => sum + ms, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(3);
    expect(hours).toBeLessThan(6);
    const late = webhookPauseMs(2, { firstMs: 10, random: () => 0.999 });
    expect(late).toBeGreaterThan(30);
    expect(late).toBeLessThan(40);
  });

  test('wait as long as a receiver asks, and no longer than the longest pause', () => {
    const now = new Date('2026-11-28T12:00:00Z');
    const pause = (attempts: number, header: string) =>
      webhookPauseMs(attempts, { askedMs: retryAfterMs(header, now), random: () => 0 });
    expect(pause(1, '120')).toBe(120_000);
    expect(pause(1, '1')).toBe(2_000);
    expect(pause(1, 'Sat, 28 Nov 2026 12:00:30 GMT')).toBe(30_000);
    expect(pause(1, '999999999')).toBe(7_200_000);
    expect(pause(10, '120')).toBeUndefined();
    for (const nothing of ['', '-5', '1.5', 'soon', '2026-11-28T13:00:00Z', 'Sat, 28 Nov 2026 11:00:00 GMT'])
      expect(pause(1, nothing)).toBe(2_000);
  });
});

describe('the signatures of a webhook', () => {
  const signer = createSigner(generateKeyPair().privateKeyPem, 'aura');
  const other = createSigner(generateKeyPair().privateKeyPem, 'other');
  const now = new Date('2026-01-14T10:35:00Z');
  const body = JSON.stringify(signWebhookBody(signer, { event_id: 'evt_1', payload: { amount: 1.5 } }));
  const target = '/hook?shop=1';
  const received = () => ({
    target,
    body,
    headers: webhookHeaders(signer, { id: 'evt_1', target, body }, now) as Record<string, string | undefined>,
  });
  const verdict = (change: Partial<ReturnType<typeof received>>, at = now, keys = [signer.publicKey]) =>
    verifyWebhook({ ...received(), ...change }, keys, at);
  const headers = (change: Record<string, string | undefined>) => ({
    headers: { ...received().headers, ...change },
  });

  test('verify together, and each of the headers’ alone', () => {
    expect(verdict({})).toEqual({ valid: true, id: 'evt_1' });
    expect(verdict(headers({ 'x-aura-signature': undefined }))).toMatchObject({ valid: true });
    expect(verdict(headers({ 'webhook-signature': undefined }))).toMatchObject({ valid: true });
    expect(verdict({}, now, [other.publicKey, signer.publicKey])).toMatchObject({ valid: true });
    expect(verifyWebhookBody(JSON.parse(body), [signer.publicKey])).toBe(true);
  });

  test('are found in a list of several', () => {
    const mine = received().headers['webhook-signature'];
    expect(verdict(headers({ 'webhook-signature': `v1,AAAA v1a,BBBB ${mine}` }))).toMatchObject({
      valid: true,
    });
  });

  test.each<[string, () => ReturnType<typeof verdict>]>([
    ['of another key', () => verdict({}, now, [other.publicKey])],
    ['with a changed body', () => verdict({ body: body.replace('1.5', '2.5') })],
    ['with another path', () => verdict({ target: '/hook?shop=2' })],
    ['under another id', () => verdict(headers({ 'webhook-id': 'evt_2' }))],
    ['without an id', () => verdict(headers({ 'webhook-id': undefined }))],
    ['too old', () => verdict({}, new Date(now.getTime() + 301_000))],
    ['from the future', () => verdict({}, new Date(now.getTime() - 301_000))],
    ['with another time', () => verdict(headers({ 'webhook-timestamp': '1768386901' }))],
    [
      'with none in the headers',
      () => verdict(headers({ 'x-aura-signature': undefined, 'webhook-signature': undefined })),
    ],
    ['with one good and one bad', () => verdict(headers({ 'x-aura-signature': 'sig_AAAA' }))],
  ])('are refused %s', (_what, run) => {
    expect(run()).toMatchObject({ valid: false });
  });
});
