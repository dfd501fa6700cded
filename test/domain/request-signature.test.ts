import { createSigner, generateKeyPair } from '../../domain/keys';
import {
  isFresh,
  requestSigningBytes,
  SIGNATURE_WINDOW_MS,
  verifyRequest,
  type SignableRequest,
} from '../../domain/request-signature';

const signer = createSigner(generateKeyPair().privateKeyPem, 'key_1');
const REQUEST: SignableRequest = {
  method: 'POST',
  target: '/v1/sessions?dry=1',
  timestamp: '2026-04-01T12:00:00Z',
  body: '{"intent":"headphones"}',
};
const accepted = (request: SignableRequest, signed: string) =>
  verifyRequest(request, signer.sign(signed), signer.publicKey);

describe('a request’s signature', () => {
  it('covers four lines: method, path with query, timestamp, body', () => {
    const bytes = 'POST\n/v1/sessions?dry=1\n2026-04-01T12:00:00Z\n{"intent":"headphones"}';
    expect(requestSigningBytes(REQUEST)).toBe(bytes);
    expect(accepted(REQUEST, bytes)).toBe(true);
    expect(accepted({ ...REQUEST, method: 'post' }, bytes)).toBe(true);
    expect(verifyRequest(REQUEST, signer.sign(bytes), generateKeyPair().publicKey)).toBe(false);
  });

  it.each<[string, Partial<SignableRequest>]>([
    ['the method', { method: 'PUT' }],
    ['the path', { target: '/v1/offers?dry=1' }],
    ['the query', { target: '/v1/sessions?dry=0' }],
    ['the query, by dropping it', { target: '/v1/sessions' }],
    ['the timestamp', { timestamp: '2026-04-01T12:00:01Z' }],
    ['the body', { body: '{"intent":"headphone"}' }],
    ['the body, by dropping it', { body: '' }],
  ])('does not survive a change of %s', (_, change) => {
    expect(accepted({ ...REQUEST, ...change }, requestSigningBytes(REQUEST))).toBe(false);
  });

  const PLAIN = { ...REQUEST, target: '/v1/sessions' };
  const plainBytes = 'POST/v1/sessions2026-04-01T12:00:00Z{"intent":"headphones"}';

  it('may be the plain concatenation, where there is no query', () => {
    expect(accepted(PLAIN, plainBytes)).toBe(true);
    expect(accepted({ ...PLAIN, body: '' }, plainBytes)).toBe(false);
    expect(accepted({ ...PLAIN, method: 'GET' }, plainBytes)).toBe(false);
  });

  it('in its plain form lets nobody add, change or drop a query', () => {
    for (const target of ['/v1/sessions?', '/v1/sessions?dry=1', '/v1/sessions?dry=0']) {
      expect(accepted({ ...PLAIN, target }, plainBytes)).toBe(false);
      const withQuery = `POST${target}2026-04-01T12:00:00Z{"intent":"headphones"}`;
      expect(accepted({ ...PLAIN, target }, withQuery)).toBe(false);
    }
  });
});

describe('a timestamp', () => {
  const now = new Date('2026-04-01T12:00:00.000Z');
  const off = (ms: number) => new Date(now.getTime() + ms).toISOString();

  it('is fresh within five minutes before and after', () => {
    expect(SIGNATURE_WINDOW_MS).toBe(300_000);
    for (const ms of [0, -300_000, 300_000]) expect(isFresh(off(ms), now)).toBe(true);
    for (const ms of [-300_001, 300_001, -86_400_000]) expect(isFresh(off(ms), now)).toBe(false);
  });

  it('is RFC 3339, in any time zone', () => {
    expect(isFresh('2026-04-01T14:00:00+02:00', now)).toBe(true);
    expect(isFresh('2026-04-01T12:00:00.123456Z', now)).toBe(true);
    for (const text of [
      '',
      'now',
      '1775044800',
      '2026-04-01',
      '2026-04-01 12:00:00Z',
      '2026-04-01T12:00:00',
      '2026-13-01T12:00:00Z',
    ])
      expect([text, isFresh(text, now)]).toEqual([text, false]);
  });
});
