/** Requests as no client sends them: smuggled, folded, misspelled, packed, too deep, too large. */
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { aScout, keysOf, type Member } from '../support/members';
import { exchange, requestBytes } from '../support/raw-socket';
import { agentForm, send, type Ask } from '../support/signed-requests';

jest.setTimeout(60_000);

const MIB = 1_048_576;

describeWithDatabase('the wire', (database) => {
  let server: ApiServer;
  let scout: Member;

  beforeAll(async () => {
    server = await startApiServer({ db: database().db, deployment: 'sandbox' });
    scout = await aScout(server);
  });
  afterAll(() => server?.stop());

  const SMUGGLED = 'GET /v1/keys HTTP/1.1\r\nHost: aura.example.com\r\n\r\n';
  const post = (lines: string[], body: string) =>
    requestBytes('POST /v1/agents/scouts HTTP/1.1', {
      lines: ['Content-Type: application/json', ...lines],
      body,
    });

  describe('is cut where every reader cuts it', () => {
    it.each([
      ['a length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`],
      ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${SMUGGLED}`],
      ['two lengths', ['Content-Length: 0', `Content-Length: ${SMUGGLED.length}`], SMUGGLED],
      ['a list of lengths', [`Content-Length: 0, ${SMUGGLED.length}`], SMUGGLED],
      ['a signed length', [`Content-Length: +${SMUGGLED.length}`], SMUGGLED],
      ['a hexadecimal length', ['Content-Length: 0x10'], SMUGGLED],
      ['another coding than chunked', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${SMUGGLED}`],
      ['chunked, and then something else', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${SMUGGLED}`],
      ['a space before the colon', ['Content-Length : 0'], SMUGGLED],
      ['a folded line', ['Transfer-Encoding:', ' chunked'], `0\r\n\r\n${SMUGGLED}`],
      ['a name with NUL', ['Transfer-\u0000Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`],
      ['a value with NUL', ['X-Agent-ID: a\u0000b'], ''],
      ['a bare CR in a value', ['X-Agent-ID: a\rX-Signature: b'], ''],
      ['a chunk size that overflows', ['Transfer-Encoding: chunked'], `ffffffffffffffff1\r\n\r\n${SMUGGLED}`],
      ['a chunk size of no number', ['Transfer-Encoding: chunked'], `0x0\r\n\r\n${SMUGGLED}`],
    ])('refused whole, with nothing behind it: %s', async (_what, lines, body) => {
      const { statuses, closed } = await exchange(server.url, post(lines, body), {
        answers: 2,
        waitMs: 1_500,
      });
      expect(statuses).toEqual([400]);
      expect(closed).toBe(true);
    });

    it('answers requests on one connection each by itself', async () => {
      const { statuses } = await exchange(server.url, SMUGGLED + SMUGGLED, { answers: 2 });
      expect(statuses).toEqual([200, 200]);
    });

    it('never takes a body for a request', async () => {
      const body = `${SMUGGLED}`;
      const { statuses } = await exchange(server.url, post([`Content-Length: ${body.length}`], body), {
        answers: 2,
        waitMs: 500,
      });
      expect(statuses).toEqual([400]);
    });

    it.each([
      ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['no host', 'GET /v1/keys HTTP/1.1\r\n\r\n'],
      ['a tunnel', requestBytes('CONNECT aura.example.com:443 HTTP/1.1')],
      ['a method of its own', requestBytes(`${'G'.repeat(5_000)} / HTTP/1.1`)],
      [
        'headers without end',
        requestBytes('GET /v1/keys HTTP/1.1', { lines: [`X-A: ${'a'.repeat(20_000)}`] }),
      ],
      ['an expectation nobody has', requestBytes('GET /v1/keys HTTP/1.1', { lines: ['Expect: wonders'] })],
    ])('refuses %s', async (_what, bytes) => {
      const { statuses, closed } = await exchange(server.url, bytes, { waitMs: 1_500 });
      expect(statuses.every((status) => status >= 400 && status < 500)).toBe(true);
      expect(statuses.length === 1 || closed).toBe(true);
    });
  });

  describe('has one spelling of an address', () => {
    const at = async (target: string) => {
      const { statuses, text } = await exchange(server.url, requestBytes(`GET ${target} HTTP/1.1`));
      return { status: statuses[0], text };
    };

    it.each([
      '/V1/keys',
      '/v1/KEYS',
      '/v1/keys/',
      '//v1/keys',
      '/v1//keys',
      '/./v1/keys',
      '/v1/../v1/keys',
      '/v1/%2e%2e/v1/keys',
      '/v1%2Fkeys',
      '/v1/keys%00',
      '/v1/keys%20',
      '/v1/keys;a=b',
      '/v1/keys.json',
      '/v1\\keys',
      '/errors/..%2fkeys',
      '/docs/assets/..%2f..%2fpackage.json',
      '/docs/assets/%2e%2e%2fpackage.json',
    ])('%s is not there', async (target) => {
      const { status, text } = await at(target);
      expect([400, 404]).toContain(status);
      expect(text).not.toContain('"name"');
    });

    it.each([
      '/v1/agents/%',
      '/v1/agents/%zz',
      '/v1/agents/%c0%ae',
      '/v1/agents/%ed%a0%80',
      '/v1/agents/%00',
    ])('%s is nobody’s', async (target) => {
      const signed = agentForm({ method: 'GET', target }, scout.id, { by: scout.signer });
      const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}`);
      const { statuses } = await exchange(server.url, requestBytes(`GET ${target} HTTP/1.1`, { lines }));
      expect([400, 404]).toContain(statuses[0]);
    });

    it('is signed as it is sent: an escape is another address', async () => {
      const { target } = keysOf(scout);
      const escaped = target.replace('sct_', '%73ct_');
      const as = async (sent: string, signedTarget: string) => {
        const signed = agentForm({ method: 'GET', target: signedTarget }, scout.id, { by: scout.signer });
        return (await send(server.url, { method: 'GET', target: sent }, signed)).status;
      };
      expect(await as(escaped, target)).toBe(401);
      expect(await as(target, escaped)).toBe(401);
      expect(await as(escaped, escaped)).toBe(200);
    });

    it.each([
      ['whole, of another host', (path: string) => `http://evil.example${path}`],
      ['with a fragment', (path: string) => `${path}#a`],
    ])('an address %s is not taken for the signed one', async (_what, twist) => {
      const { target } = keysOf(scout);
      const signed = agentForm({ method: 'GET', target }, scout.id, { by: scout.signer });
      const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}`);
      const { statuses } = await exchange(
        server.url,
        requestBytes(`GET ${twist(target)} HTTP/1.1`, { lines }),
      );
      expect(statuses[0]).toBeGreaterThanOrEqual(400);
      expect(statuses[0]).toBeLessThan(500);
    });

    it.each(['X-Agent-ID', 'X-Timestamp', 'X-Signature'])(
      'a header that comes twice speaks for nobody: %s',
      async (name) => {
        const what = keysOf(scout);
        const signed = agentForm(what, scout.id, { by: scout.signer });
        const lines = Object.entries(signed).map(([each, value]) => `${each}: ${value}`);
        const again = `${name}: ${signed[name.toLowerCase()] ?? ''}`;
        const start = `GET ${what.target} HTTP/1.1`;
        expect((await exchange(server.url, requestBytes(start, { lines }))).statuses).toEqual([200]);
        const twice = await exchange(server.url, requestBytes(start, { lines: [...lines, again] }));
        expect(twice.statuses).toEqual([401]);
      },
    );
  });

  describe('carries a body', () => {
    const change = (body: string | Buffer): Ask => ({
      method: 'PUT',
      target: `/v1/agents/${scout.id}/endpoints`,
      body: body as string,
    });
    const signed = (what: Ask) => agentForm(what, scout.id, { by: scout.signer });
    const put = async (body: string) => {
      const what = change(body);
      const startedAt = Date.now();
      const answer = await send(server.url, what, signed(what));
      return { ...answer, ms: Date.now() - startedAt };
    };

    it.each([
      ['gzip', gzipSync],
      [
        'br',
        (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
      ],
      ['deflate', deflateSync],
    ])('packed as %s that nobody unpacks', async (encoding, pack) => {
      const bomb = pack(Buffer.alloc(100 * MIB)).subarray(0, MIB);
      const before = process.memoryUsage().rss;
      const response = await fetch(`${server.url}/v1/agents/scouts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        body: bomb,
      });
      expect([400, 415]).toContain(response.status);
      expect(process.memoryUsage().rss - before).toBeLessThan(50 * MIB);
    });

    it.each([
      ['a million brackets', '['.repeat(MIB - 1)],
      ['objects in objects', '{"a":'.repeat(150_000)],
      ['a hundred thousand keys', `{${Array.from({ length: 90_000 }, (_, at) => `"${at}":1`).join(',')}}`],
      ['a number of a million digits', `{"callback_url":1${'0'.repeat(MIB - 100)}}`],
      ['an exponent that no float has', '{"callback_url":1e999999999}'],
      ['escapes only', `{"callback_url":"${'\\u0041'.repeat(170_000)}"}`],
      ['a text of a million letters', `{"callback_url":"${'a'.repeat(MIB - 100)}"}`],
      ['white space', `${' '.repeat(MIB - 2)}{}`],
      [
        'keys of prototypes',
        '{"__proto__":{"callback_url":"http://127.0.0.1/"},"constructor":{"prototype":{"a":1}}}',
      ],
    ])('of %s, answered soon', async (_what, body) => {
      const { status, ms } = await put(body);
      expect([200, 400]).toContain(status);
      expect(ms).toBeLessThan(5_000);
      expect(({} as Record<string, unknown>).a).toBeUndefined();
    });

    it('takes nothing from a prototype', async () => {
      const { status, json } = await put('{"__proto__":{"callback_url":"http://127.0.0.1/stolen"}}');
      expect(JSON.stringify([status, json])).not.toContain('stolen');
    });

    it.each([
      ['a key twice', '{"callback_url":"http://127.0.0.1/a","callback_url":"http://127.0.0.1/b"}'],
      [
        'a key twice, once escaped',
        '{"callback_url":"http://127.0.0.1/a","c\\u0061llback_url":"http://127.0.0.1/b"}',
      ],
      ['a byte order mark', '\ufeff{"callback_url":null}'],
      ['half a surrogate pair', '{"callback_url":"http://127.0.0.1/\\ud800"}'],
      ['NUL', '{"callback_url":"http://127.0.0.1/\\u0000"}'],
      ['two documents', '{"callback_url":null}{"callback_url":null}'],
      ['a comment', '{"callback_url":null/**/}'],
      ['a trailing comma', '{"callback_url":null,}'],
      ['single quotes', "{'callback_url':null}"],
      ['a raw line break in a text', '{"callback_url":"http://127.0.0.1/\n"}'],
      ['NaN', '{"callback_url":NaN}'],
    ])('that two readers could read otherwise is refused: %s', async (_what, body) => {
      expect((await put(body)).status).toBe(400);
    });

    it('of another charset is refused', async () => {
      const what = change(JSON.stringify({ callback_url: null }));
      for (const charset of ['utf-7', 'utf-16', 'iso-8859-1', 'utf-8, utf-16'])
        expect(
          (
            await send(server.url, what, {
              ...signed(what),
              'content-type': `application/json; charset=${charset}`,
            })
          ).status,
        ).toBe(415);
    });

    it.each([
      '1e2',
      '1E2',
      '100.0e0',
      '-0',
      '-1',
      '0100',
      '1.',
      '.5',
      '+1',
      '1_000',
      '"１００"',
      '"1,000.00"',
      '"0x64"',
      '"1e2"',
      '" 100"',
      '1.005',
      `1${'0'.repeat(400)}`,
    ])('with an amount of %s is not read as a hundred, nor as anything else', async (amount) => {
      const beacon = {
        method: 'POST',
        target: '/v1/accounts/withdrawals',
        body: `{"amount":${amount},"currency":"USD"}`,
      };
      expect((await send(server.url, beacon, signed(beacon))).status).toBe(400);
    });
  });
});
