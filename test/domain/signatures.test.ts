import { createHash, createHmac, randomBytes } from 'node:crypto';
import { httpbis } from 'http-message-signatures';
import { apiKeyHash, createApiKeyMint, readApiKey, shownPart } from '../../domain/api-keys';
import { createSigner, generateKeyPair } from '../../domain/keys';
import {
  apiHmac,
  apiSigningBytes,
  signatureAlgorithm,
  verifyApiHmac,
  verifyApiSignature,
} from '../../domain/signatures/api-key';
import {
  authorityOf,
  checkHttpSignature,
  readHttpSignature,
  signHttpMessage,
  verifyHttpSignature,
  type HttpMessage,
} from '../../domain/signatures/http-message';

const signer = createSigner(generateKeyPair().privateKeyPem, '');

describe('API keys', () => {
  const masterSecret = randomBytes(32);
  const live = createApiKeyMint({ masterSecret, deployment: 'live' });
  const sandbox = createApiKeyMint({ masterSecret, deployment: 'sandbox' });
  const key = { id: 'apk_01HXYZ', role: 'scout' } as const;

  it('bear their role and deployment, and are the same for the same id', () => {
    const { apiKey, apiSecret } = live.credentialsOf(key);
    expect(apiKey).toMatch(/^sk_live_[\w-]{43}$/);
    expect(apiSecret).toMatch(/^ss_[\w-]{43}$/);
    expect(live.credentialsOf(key)).toEqual({ apiKey, apiSecret });
    expect(sandbox.credentialsOf({ ...key, role: 'beacon' }).apiKey).toMatch(/^bk_test_/);
    expect(sandbox.credentialsOf({ ...key, role: 'beacon' }).apiSecret).toMatch(/^bs_/);
    expect(readApiKey(apiKey)).toEqual({ role: 'scout', deployment: 'live' });
  });

  it('share nothing with the keys of another id, deployment or server', () => {
    const others = [
      live.credentialsOf({ ...key, id: 'apk_01HXYY' }),
      sandbox.credentialsOf(key),
      createApiKeyMint({ masterSecret: randomBytes(32), deployment: 'live' }).credentialsOf(key),
    ];
    const random = (text: string) => text.slice(-43);
    const { apiKey, apiSecret } = live.credentialsOf(key);
    expect(random(apiKey)).not.toBe(random(apiSecret));
    for (const other of others) {
      expect(random(other.apiKey)).not.toBe(random(apiKey));
      expect(random(other.apiSecret)).not.toBe(random(apiSecret));
    }
  });

  it('are stored as a hash and shown as a beginning', () => {
    const { apiKey } = live.credentialsOf(key);
    expect(apiKeyHash(apiKey)).toBe(createHash('sha256').update(apiKey).digest('hex'));
    expect(apiKey.startsWith(shownPart(apiKey))).toBe(true);
    expect(shownPart(apiKey)).toHaveLength(12);
  });

  it.each([
    '',
    'sk_live_',
    'sk_prod_' + 'a'.repeat(43),
    'pk_live_' + 'a'.repeat(43),
    ' sk_live_' + 'a'.repeat(43),
  ])('are not texts like %j', (text) => expect(readApiKey(text)).toBeUndefined());

  it('need a secret of 32 bytes', () => {
    expect(() => createApiKeyMint({ masterSecret: randomBytes(31), deployment: 'live' })).toThrow(/32/);
  });
});

describe('a signature beside an API key', () => {
  const signed = apiSigningBytes({
    method: 'post',
    target: '/v1/sessions/ses_1/commit',
    timestamp: '2026-01-14T10:30:00Z',
    body: '{"offer_id": "ofr_1"}',
  });

  it('covers four lines, the last one the hash of the body', () => {
    const digest = createHash('sha256').update('{"offer_id": "ofr_1"}').digest('hex');
    expect(signed).toBe(`POST\n/v1/sessions/ses_1/commit\n2026-01-14T10:30:00Z\n${digest}`);
  });

  it('is Ed25519 by the agent’s key', () => {
    const signature = `sig_${signer.sign(signed)}`;
    expect(signatureAlgorithm(signature)).toBe('ed25519');
    expect(verifyApiSignature(signed, signature, signer.publicKey)).toBe(true);
    expect(verifyApiSignature(`${signed} `, signature, signer.publicKey)).toBe(false);
    expect(verifyApiSignature(signed, signature.slice(4), signer.publicKey)).toBe(false);
  });

  it('or HMAC by the API secret', () => {
    const signature = apiHmac(signed, 'ss_secret');
    expect(signature).toBe(`sig_${createHmac('sha256', 'ss_secret').update(signed).digest('base64')}`);
    expect(signatureAlgorithm(signature)).toBe('hmac-sha256');
    expect(verifyApiHmac(signed, signature, 'ss_secret')).toBe(true);
    expect(verifyApiHmac(signed, signature, 'ss_other')).toBe(false);
    expect(verifyApiHmac(signed, signature.slice(0, -1), 'ss_secret')).toBe(false);
  });

  it.each(['sig_', 'sig_MEUCIQDx', 'MEUCIQDx', ''])('is not %j', (text) =>
    expect(signatureAlgorithm(text)).toBeUndefined(),
  );
});

describe('an HTTP message signature', () => {
  const now = new Date('2026-04-01T12:00:00Z');
  const authority = 'aura.example.com';
  const request = { method: 'POST', target: '/v1/sessions?dry=1', body: '{"intent":"headphones"}' };

  const sign = async (more: Partial<typeof request> = {}, at = now): Promise<HttpMessage> => {
    const message = { ...request, ...more };
    const headers = await signHttpMessage(
      { ...message, authority, keyId: 'sct_1', nonce: 'n0nce-n0nce', sign: (bytes) => signer.sign(bytes) },
      at,
    );
    return {
      ...message,
      headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])),
    };
  };
  const judge = async (message: HttpMessage, at = now, of = authority): Promise<boolean | string> => {
    try {
      const read = await readHttpSignature(message, of);
      checkHttpSignature(read, message, at);
      return verifyHttpSignature(read, signer.publicKey);
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('says who signed and when, and verifies', async () => {
    const message = await sign();
    expect(await judge(message)).toBe(true);
    expect(await readHttpSignature(message, authority)).toMatchObject({
      keyId: 'sct_1',
      nonce: 'n0nce-n0nce',
      createdMs: now.getTime(),
      expiresMs: now.getTime() + 300_000,
      covered: ['@method', '@path', '@authority', '@query', 'content-digest'],
    });
  });

  it('is over the bytes that RFC 9421 says', async () => {
    const { base } = await readHttpSignature(await sign({ body: '', target: '/v1/a/../b' }), authority);
    const seconds = now.getTime() / 1_000;
    expect(base.split('\n')).toEqual([
      '"@method": POST',
      '"@path": /v1/a/../b',
      '"@authority": aura.example.com',
      `"@signature-params": ("@method" "@path" "@authority");created=${seconds};expires=${seconds + 300};nonce="n0nce-n0nce";keyid="sct_1";alg="ed25519"`,
    ]);
  });

  it.each<[string, Partial<HttpMessage>]>([
    ['method', { method: 'PUT' }],
    ['path', { target: '/v1/offers?dry=1' }],
    ['query', { target: '/v1/sessions?dry=0' }],
  ])('covers the %s', async (_what, change) => {
    expect(await judge({ ...(await sign()), ...change })).toBe(false);
  });

  it('covers the authority', async () => {
    expect(await judge(await sign(), now, 'other.example.com')).toBe(false);
  });

  it('covers the body by its digest', async () => {
    expect(await judge({ ...(await sign()), body: '{"intent":"yachts"}' })).toMatch(/not that of the body/);
    const { headers, ...rest } = await sign();
    expect(await judge({ ...rest, headers: { ...headers, 'content-digest': 'md5=:AAAA:' } })).toMatch(
      /sha-256/,
    );
  });

  it.each<[string, Partial<typeof request>, Partial<HttpMessage>, RegExp]>([
    ['a query', { target: '/v1/sessions' }, { target: '/v1/sessions?dry=1' }, /does not cover @query/],
    ['a body', { body: '' }, { body: '{}' }, /does not cover content-digest/],
  ])('that leaves out %s is refused', async (_what, signed, sent, reason) => {
    expect(await judge({ ...(await sign(signed)), ...sent })).toMatch(reason);
  });

  it.each<[string, number, RegExp | true]>([
    ['4 minutes old', 240_000, true],
    ['5 minutes old', 300_000, /expired/],
    ['6 minutes old', 360_000, /created/],
    ['from 4 minutes ahead', -240_000, true],
    ['from 6 minutes ahead', -360_000, /created/],
  ])('%s', async (_what, ageMs, verdict) => {
    const judged = await judge(await sign({}, new Date(now.getTime() - ageMs)));
    if (verdict === true) expect(judged).toBe(true);
    else expect(judged).toMatch(verdict);
  });

  const input = (rest: string, fields = '"@method" "@path" "@authority" "@query" "content-digest"') =>
    `sig=(${fields});${rest}`;
  const times = (created: number, expires: number) => `created=${created};expires=${expires}`;
  const seconds = now.getTime() / 1_000;
  const good = times(seconds, seconds + 60);

  it.each<[string, string, RegExp]>([
    ['no nonce', input(`${good};keyid="sct_1"`), /parameters/],
    ['no keyid', input(`${good};nonce="n0nce-n0nce"`), /parameters/],
    ['no expiry', input(`created=${seconds};nonce="n0nce-n0nce";keyid="sct_1"`), /parameters/],
    ['a short nonce', input(`${good};nonce="n";keyid="sct_1"`), /nonce/],
    [
      'another algorithm',
      input(`${good};nonce="n0nce-n0nce";keyid="sct_1";alg="hmac-sha256"`),
      /lgorithm|alg/,
    ],
    ['a long life', input(`${times(seconds, seconds + 301)};nonce="n0nce-n0nce";keyid="sct_1"`), /5 minutes/],
    [
      'an expiry before its creation',
      input(`${times(seconds, seconds - 1)};nonce="n0nce-n0nce";keyid="sct_1"`),
      /expired|expires/,
    ],
    [
      'a component with parameters',
      input(`${good};nonce="n0nce-n0nce";keyid="sct_1"`, '"@method";req "@path"'),
      /parameters|request/,
    ],
    [
      'a component that is not there',
      input(`${good};nonce="n0nce-n0nce";keyid="sct_1"`, '"@method" "x-other"'),
      /x-other/,
    ],
    [
      'a derived component that is not taken',
      input(`${good};nonce="n0nce-n0nce";keyid="sct_1"`, '"@target-uri"'),
      /@target-uri/,
    ],
    [
      'nothing but a method',
      input(`${good};nonce="n0nce-n0nce";keyid="sct_1"`, '"@method"'),
      /does not cover @path/,
    ],
    ['a label without a signature', `other=("@method");${good};nonce="n0nce-n0nce";keyid="sct_1"`, /./],
    ['no structure', 'what?', /./],
  ])('with %s is refused', async (_what, signatureInput, reason) => {
    const message = await sign();
    const judged = await judge({
      ...message,
      headers: { ...message.headers, 'signature-input': signatureInput },
    });
    expect(judged).toMatch(reason);
  });

  it('is one: a second one beside it is refused', async () => {
    const message = await sign();
    const twice = await httpbis.signMessage(
      {
        key: {
          id: 'sct_2',
          alg: 'ed25519',
          sign: (base) => Promise.resolve(Buffer.from(signer.sign(base), 'base64')),
        },
        fields: ['@method', '@path', '@authority', '@query', 'content-digest'],
        params: ['created', 'expires', 'nonce', 'keyid'],
        paramValues: { created: now, nonce: 'n0nce-n0nce' },
        name: 'sig2',
      },
      {
        method: 'POST',
        url: `https://${authority}${request.target}`,
        headers: message.headers as Record<string, string>,
      },
    );
    const headers = Object.fromEntries(
      Object.entries(twice.headers).map(([k, v]) => [k.toLowerCase(), String(v)]),
    );
    expect(await judge({ ...message, headers })).toMatch(/exactly one/);
  });

  it('names the authority in lower case, without the port that goes without saying', () => {
    expect(authorityOf('https://AURA.example.com:443/x')).toBe('aura.example.com');
    expect(authorityOf('http://127.0.0.1:8080')).toBe('127.0.0.1:8080');
  });
});
