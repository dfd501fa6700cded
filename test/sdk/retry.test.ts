/** The protocol's rules for trying again, against a server that misbehaves. */
import { verifyRequest } from '../../domain/request-signature';
import { AuraApiError, call, newKeyPair, Scout } from '../../sdk';
import { backoffMs, retryAfterMs } from '../../sdk/retry';
import {
  answers,
  breaksOff,
  keepsSilent,
  resets,
  unrulyServer,
  type UnrulyServer,
} from '../support/unruly-server';

let server: UnrulyServer;
const key = newKeyPair();
const AGENT = 'sct_01HZZZZZZZZZZZZZZZZZZZZZZZ';
const refusal = (code: string) => ({ error: { code, message: 'no', details: {}, request_id: 'req_1' } });

beforeAll(async () => void (server = await unrulyServer()));
afterAll(() => server.close());

const aScout = (more: object = {}) => new Scout({ baseUrl: server.baseUrl, ...more }, AGENT, key);
const commitment = { offerId: 'ofr_1', buyer: { name: 'Jane Doe' } };
const keysSent = () => server.seen.map(({ headers }) => headers['x-idempotency-key']);

describe('pauses', () => {
  it('double from 100 ms to 30 s, half of them by chance', () => {
    expect([0, 1, 2, 8, 20].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
      100, 200, 400, 25_600, 30_000,
    ]);
    expect(backoffMs(3, () => 0)).toBe(400);
    for (let draw = 0; draw < 100; draw++) {
      expect(backoffMs(4)).toBeGreaterThanOrEqual(800);
      expect(backoffMs(4)).toBeLessThanOrEqual(1_600);
    }
  });

  it.each([
    ['2', 2_000],
    ['0', 0],
    ['Sat, 21 Nov 2026 12:00:05 GMT', 5_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('as Retry-After %j asks', (header, pauseMs) => {
    expect(retryAfterMs(header, Date.parse('2026-11-21T12:00:00Z'))).toBe(pauseMs);
  });
});

describe('a request is sent again', () => {
  it('after the pause that a 429 asks for', async () => {
    server.next(answers(429, refusal('RATE_LIMITED'), { 'retry-after': '1' }), answers(200, { ok: true }));
    await expect(aScout().session('ses_1')).resolves.toEqual({ ok: true });
    const [first, second] = server.seen.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(950);
  });

  it.each([502, 503, 504])('after a %i', async (status) => {
    server.next(answers(status, refusal('SERVICE_UNAVAILABLE')), answers(200, { ok: true }));
    await expect(aScout().session('ses_1')).resolves.toEqual({ ok: true });
    expect(server.seen).toHaveLength(2);
  });

  it.each([
    ['was lost', resets],
    ['broke off', breaksOff],
  ])('under the same key where the answer %s', async (_what, happens) => {
    server.next(happens, answers(201, { transaction_id: 'txn_1' }));
    await expect(aScout().commit('ses_1', commitment)).resolves.toEqual({ transaction_id: 'txn_1' });
    const [first, second] = server.seen;
    expect(keysSent()).toEqual([keysSent()[0], keysSent()[0]]);
    expect(keysSent()[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.body).toBe(first?.body);
  });

  it('under the key that the caller gave', async () => {
    server.next(resets, answers(201));
    await aScout().commit('ses_1', commitment, 'order-17');
    expect(keysSent()).toEqual(['order-17', 'order-17']);
  });

  it('signed anew, since a signature counts once', async () => {
    server.next(answers(503), answers(201));
    await aScout().commit('ses_1', commitment);
    const signatures = server.seen.map(({ method, target, headers, body }) => {
      const timestamp = String(headers['x-timestamp']);
      const signature = String(headers['x-signature']);
      expect(verifyRequest({ method, target, timestamp, body }, signature, key.publicKey)).toBe(true);
      return signature;
    });
    expect(new Set(signatures).size).toBe(2);
  });

  it('until the attempts are over, and the last answer is thrown', async () => {
    server.next(answers(503, refusal('SERVICE_UNAVAILABLE')));
    const failed = aScout({ attempts: 3 }).session('ses_1');
    await expect(failed).rejects.toMatchObject({
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      requestId: 'req_1',
    });
    expect(server.seen).toHaveLength(3);
  });

  it('not beyond the time it has in all', async () => {
    server.next(answers(429, refusal('RATE_LIMITED'), { 'retry-after': '3600' }));
    const failed = aScout({ totalTimeMs: 2_000 }).session('ses_1');
    await expect(failed).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 3_600_000 });
    expect(server.seen).toHaveLength(1);
  });

  it('when nobody answers in time', async () => {
    server.next(keepsSilent, answers(200, { ok: true }));
    await expect(aScout({ timeoutMs: 200 }).session('ses_1')).resolves.toEqual({ ok: true });
  });
});

describe('a request is not sent again', () => {
  it.each([400, 401, 403, 404, 409, 422, 500])('after a %i', async (status) => {
    server.next(answers(status, refusal('X')), answers(200));
    await expect(aScout().session('ses_1')).rejects.toBeInstanceOf(AuraApiError);
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ['its answer was lost', resets],
    ['AURA is overloaded', answers(503)],
  ])('where it creates something without a key and %s', async (_what, happens) => {
    server.next(happens, answers(201));
    const post = call({ baseUrl: server.baseUrl }, { method: 'POST', path: '/v1/x', body: {} });
    await expect(post).rejects.toThrow();
    expect(server.seen).toHaveLength(1);
  });

  it('once the caller has given up, not even during a pause', async () => {
    server.next(answers(429, refusal('RATE_LIMITED'), { 'retry-after': '30' }));
    const patience = new AbortController();
    const failed = aScout({ signal: patience.signal }).session('ses_1');
    setTimeout(() => patience.abort(new Error('enough')), 200);
    await expect(failed).rejects.toThrow('enough');
    expect(server.seen).toHaveLength(1);
  });

  it('to another address', async () => {
    server.next(answers(307, {}, { location: `${server.baseUrl}/elsewhere` }), answers(200));
    await expect(aScout().session('ses_1')).rejects.toMatchObject({ status: 307 });
    expect(server.seen).toHaveLength(1);
  });
});
