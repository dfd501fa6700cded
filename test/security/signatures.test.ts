/** Signatures under attack: replayed, moved between the forms, at the edges of the clock, and bent by algebra. */
import { randomBytes } from 'node:crypto';
import { offerSigningBytes } from '../../domain/market/offer';
import { verifySignature } from '../../domain/keys';
import { isFresh, requestSigningBytes, SIGNATURE_WINDOW_MS } from '../../domain/request-signature';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { bentSignatures, SMALL_ORDER, STRANGE_KEYS } from '../support/ed25519-tricks';
import { DOWNGRADES, loosen, lowered } from '../support/downgrades';
import { anOffer } from '../support/market';
import { aScout, bearer, keysOf, newApiKey, refusalOf, type Member } from '../support/members';
import {
  agentForm,
  keyForm,
  messageForm,
  newSigner,
  send,
  type Ask,
  type Headers1,
} from '../support/signed-requests';

jest.setTimeout(60_000);

const AUTHORITY = 'aura.example.com';
const AT_ONCE = 20;

describeWithDatabase('a signature', (database) => {
  let servers: ApiServer[];
  let scout: Member;

  beforeAll(async () => {
    const options = {
      db: database().db,
      deployment: 'sandbox' as const,
      masterSecret: randomBytes(32),
      config: { publicUrl: `https://${AUTHORITY}` },
    };
    servers = [await startApiServer(options), await startApiServer(options)];
    scout = await aScout(servers[0] as ApiServer);
  });
  afterAll(async () => void (await Promise.all((servers ?? []).map((server) => server.stop()))));

  const ask = (what: Ask, headers: Headers1 = {}, server = 0) =>
    send((servers[server] as ApiServer).url, what, headers);
  const callback = (): Ask => ({
    method: 'PUT',
    target: `/v1/agents/${scout.id}/endpoints`,
    body: JSON.stringify({ callback_url: `http://127.0.0.1/${randomBytes(4).toString('hex')}` }),
  });

  type Form = (what: Ask, at?: Date) => Headers1 | Promise<Headers1>;
  const FORMS: Record<string, Form> = {
    'agent’s headers': (what, at) => agentForm(what, scout.id, { by: scout.signer, at }),
    'API key and signature': (what, at) => keyForm(what, scout.apiKey, { by: scout.signer, at }),
    'API key and HMAC': (what, at) => keyForm(what, scout.apiKey, { by: { apiSecret: scout.apiSecret }, at }),
    'HTTP message signature': (what, at) =>
      messageForm(what, scout.id, { by: scout.signer, at, authority: AUTHORITY }),
  };
  const forms = Object.entries(FORMS);

  describe.each(forms)('in the form %s', (_name, sign) => {
    it('counts once, however many copies reach however many processes at once', async () => {
      const what = callback();
      const headers = await sign(what);
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => ask(what, headers, index % servers.length)),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const refused = answers.filter(({ status }) => status !== 200).map(refusalOf);
      expect(new Set(refused.map(String))).toEqual(new Set(['401,INVALID_SIGNATURE,replayed']));
    });

    it('does not count again for being written otherwise', async () => {
      const what = callback();
      const headers = await sign(what);
      expect((await ask(what, headers)).status).toBe(200);
      const spelled = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toUpperCase(), ` ${value} `]),
      );
      expect((await ask(what, spelled)).status).toBe(401);
      // Bits of the last base64 character that no byte has.
      const loose = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          value.replace(/([A-Za-z0-9+/])(==?:?)$/, loosen),
        ]),
      );
      expect((await ask(what, loose)).status).toBe(401);
    });

    it.each([
      ['296 s old', -SIGNATURE_WINDOW_MS + 4_000, true],
      ['301 s old', -SIGNATURE_WINDOW_MS - 1_000, false],
      ['296 s ahead', SIGNATURE_WINDOW_MS - 4_000, true],
      ['301 s ahead', SIGNATURE_WINDOW_MS + 1_000, false],
    ])('is good for five minutes to either side: %s', async (_what, offsetMs, good) => {
      const what = callback();
      const at = new Date(Date.now() + offsetMs);
      const answer = await ask(what, await sign(what, at));
      expect(answer.status).toBe(good ? 200 : 401);
    });

    it.each(Object.entries(DOWNGRADES))('is not stripped to something weaker: %s', async (_what, strip) => {
      const what = newApiKey(scout);
      const headers = strip(lowered(await sign(what)), scout);
      const answer = await ask(what, headers);
      expect([401, 403]).toContain(answer.status);
      expect(answer.json.api_key).toBeUndefined();
    });
  });

  it.each([
    '2026-11-28 10:00:00Z',
    '2026-11-28T10:00:00',
    '2026-11-28T10:00:00z',
    '2026-11-28t10:00:00Z',
    '2026-11-28T10:00Z',
    '2026-11-28T10:00:00.Z',
    '2026-11-28T10:00:00,5Z',
    '2026-11-28T10:00:00.1234567890Z',
    '2026-11-28T10:00:00+0000',
    '2026-11-28T10:00:00+00',
    '+002026-11-28T10:00:00Z',
    '1795860000',
    'Sat, 28 Nov 2026 10:00:00 GMT',
    '2026-11-28T10:00:00Z\u00a0',
    '２０２６-11-28T10:00:00Z',
    '2026-02-30T10:00:00Z',
    '2026-11-28T24:00:01Z',
    '2026-11-28T10:00:61Z',
    '2026-11-28T10:00:00+99:99',
  ])('is not dated %s', (timestamp) => {
    expect(isFresh(timestamp, new Date('2026-11-28T10:00:00Z'))).toBe(false);
  });

  it.each([
    ['2026-11-28T10:00:00Z', '2026-11-28T10:05:00.000Z', true],
    ['2026-11-28T10:00:00Z', '2026-11-28T10:05:00.001Z', false],
    ['2026-11-28T10:05:00Z', '2026-11-28T10:00:00.000Z', true],
    ['2026-11-28T10:05:00.001Z', '2026-11-28T10:00:00.000Z', false],
    ['2026-11-28T10:05:00.000999999Z', '2026-11-28T10:00:00.000Z', true],
    ['2026-11-28T05:00:00-05:00', '2026-11-28T10:00:00.000Z', true],
    ['2024-02-29T23:59:59Z', '2024-03-01T00:01:00.000Z', true],
    ['2026-12-31T23:59:59Z', '2027-01-01T00:04:59.000Z', true],
  ])('dated %s is fresh at %s: %s', (timestamp, now, fresh) => {
    expect(isFresh(timestamp, new Date(now))).toBe(fresh);
  });

  describe('bent by algebra', () => {
    it('verifies for the bytes that were signed and in one encoding', () => {
      const signer = newSigner();
      const good = signer.sign('pay 1.00');
      expect(verifySignature(signer.publicKey, 'pay 1.00', good)).toBe(true);
      for (const [what, bent] of bentSignatures(good))
        expect([what, verifySignature(signer.publicKey, 'pay 1.00', bent)]).toEqual([what, false]);
    });

    it('is refused in requests, and does not get around their single use', async () => {
      const what = callback();
      const headers = agentForm(what, scout.id, { by: scout.signer });
      for (const [, bent] of bentSignatures(headers['x-signature'] ?? '')) {
        expect((await ask(what, { ...headers, 'x-signature': bent })).status).toBe(401);
      }
      expect((await ask(what, headers)).status).toBe(200);
      for (const [, bent] of bentSignatures(headers['x-signature'] ?? ''))
        expect((await ask(what, { ...headers, 'x-signature': bent })).status).toBe(401);
    });

    it('is refused over offers', () => {
      const signer = newSigner();
      const bytes = offerSigningBytes({ sessionId: 'ses_1', beaconId: 'bcn_1', offer: anOffer() });
      for (const [, bent] of bentSignatures(signer.sign(bytes)))
        expect(verifySignature(signer.publicKey, bytes, bent)).toBe(false);
    });

    it.each(STRANGE_KEYS)('has no key to be made for: %s', async (_what, publicKey) => {
      const routes: [string, Record<string, unknown>][] = [
        ['/v1/agents/scouts', { agent_name: 'Shopper' }],
        ['/v1/principals', { name: 'Somebody' }],
        [
          '/v1/agents/register',
          { principal_id: 'prn_01HZZZZZZZZZZZZZZZZZZZZZZZ', capacity: { USD: '1.00' } },
        ],
      ];
      for (const [target, said] of routes) {
        for (const key of [publicKey, jwkOf(publicKey)]) {
          const answer = await ask({
            method: 'POST',
            target,
            body: JSON.stringify({ ...said, public_key: key }),
          });
          expect([target, answer.status < 500 && answer.status >= 400]).toEqual([target, true]);
        }
      }
    });

    it('of one fixed form for every message would need a key of small order, which nobody has', async () => {
      const what = callback();
      const timestamp = new Date().toISOString();
      for (const point of SMALL_ORDER) {
        const signature = Buffer.concat([Buffer.from(point, 'base64'), Buffer.alloc(32)]).toString('base64');
        const bytes = requestSigningBytes({ ...what, timestamp, body: what.body ?? '' });
        expect(verifySignature(scout.signer.publicKey, bytes, signature)).toBe(false);
        const headers = { 'x-agent-id': scout.id, 'x-timestamp': timestamp, 'x-signature': signature };
        expect((await ask(what, headers)).status).toBe(401);
      }
    });
  });

  it('is not looked for where the API key of another agent comes along', async () => {
    const other = await aScout(servers[0] as ApiServer);
    const headers = keyForm(keysOf(scout), other.apiKey, { by: scout.signer });
    expect((await ask(keysOf(scout), headers)).json.error?.code).toBe('INVALID_SIGNATURE');
    const own = keyForm(keysOf(scout), other.apiKey, { by: other.signer });
    expect((await ask(keysOf(scout), own)).json.error?.code).toBe('AGENT_NOT_FOUND');
  });

  it('of an API key survives neither its revocation nor a hundred rotations at once', async () => {
    const member = await aScout(servers[0] as ApiServer);
    const listed = await ask(keysOf(member), agentForm(keysOf(member), member.id, { by: member.signer }));
    const [key] = listed.json.api_keys as { key_id: string }[];
    const target = `/v1/agents/${member.id}/api-keys/${key?.key_id ?? ''}`;
    const rotation: Ask = { method: 'POST', target: `${target}/rotation`, body: '{}' };
    const revocation: Ask = { method: 'DELETE', target };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        [rotation, revocation].map((what) =>
          ask(what, agentForm(what, member.id, { by: member.signer }), index % 2),
        ),
      ).flat(),
    );
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const made = answers.filter(({ status, json }) => status === 201 && json.api_key !== undefined);
    expect(made.length).toBeLessThanOrEqual(1);
    expect((await ask(keysOf(member), bearer(member.apiKey))).status).toBe(401);
  });
});

const jwkOf = (publicKey: string) => ({
  kty: 'OKP',
  crv: 'Ed25519',
  x: Buffer.from(publicKey, 'base64').toString('base64url'),
});
