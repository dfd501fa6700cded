/** Pages: what browsers are shown, and that nothing on them comes from elsewhere or runs unasked. */
import { createPublicKey, verify, webcrypto } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { requestSigningBytes } from '../../domain/request-signature';
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import { ASSET_NAMES } from '../../api/pages/assets';
import { html, prefersHtml } from '../../api/pages/html';
import { TRY_SCRIPT } from '../../api/pages/try';
import type { Answer, Route } from '../../api/route';
import { allRoutes } from '../../api/routes';
import { newKeyPair } from '../../sdk';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const routes = allRoutes();

/** What a page's route answers; none of them needs anything but the request. */
async function get(path: string, params: Record<string, string> = {}, accept = BROWSER): Promise<Answer> {
  const route = routes.find((each) => each.method === 'get' && each.path === path) as Route;
  return route.handler({ params, headers: { accept } } as unknown as Parameters<Route['handler']>[0]);
}

const codes = Object.keys(ERROR_CATALOGUE) as ErrorCode[];

test.each(codes)('%s has a page for readers, and data for clients', async (code) => {
  const page = await get('/errors/:code', { code });
  expect(page.contentType).toContain('text/html');
  expect(page.body).toContain(`<h1><code>${code}</code></h1>`);
  expect(page.body).toContain(`<dd>${ERROR_CATALOGUE[code].status}</dd>`);
  expect(page.headers).toMatchObject({ Vary: 'Accept' });
  const data = await get('/errors/:code', { code }, 'application/json');
  expect(data.body).toMatchObject({
    code,
    status: ERROR_CATALOGUE[code].status,
    retryable: ERROR_CATALOGUE[code].retryable,
  });
  expect((data.body as { what_to_do: string }).what_to_do.length).toBeGreaterThan(10);
});

test('all codes are listed', async () => {
  const page = await get('/errors');
  for (const code of codes) expect(page.body).toContain(`href="/errors/${code}"`);
  expect((await get('/errors', {}, '*/*')).body).toEqual({ errors: expect.any(Array) as unknown[] });
});

test.each(['constructor', '__proto__', '<script>', 'NOT_A_CODE'])('%s is no error code', async (code) => {
  await expect(get('/errors/:code', { code })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
});

test.each(['/docs', '/docs/events', '/errors'])(
  '%s takes nothing from elsewhere and runs nothing inline',
  async (path) => {
    const { body, headers, contentType } = await get(path);
    expect(contentType).toBe('text/html; charset=utf-8');
    const policy = headers?.['Content-Security-Policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const addresses = [...String(body).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    for (const address of addresses) expect(address).toMatch(/^(\/(?!\/)|data:,$|#)/);
    expect(body).not.toMatch(/<script>|<style|\son\w+=|\sstyle=/);
    expect(headers).toMatchObject({ 'X-Content-Type-Options': 'nosniff' });
  },
);

test('the events page names every channel and message', async () => {
  const { body } = await get('/docs/events');
  for (const word of [
    '/ws/sessions/{session_id}',
    'offer_received',
    'offer_request',
    'transaction_confirmed',
    'last_event_id',
  ])
    expect(body).toContain(word);
});

test('the assets are a closed list', async () => {
  for (const file of ASSET_NAMES) {
    const { body, contentType, headers } = await get('/docs/assets/:file', { file });
    expect(String(body).length).toBeGreaterThan(100);
    expect(contentType).toMatch(/^text\/(css|javascript); charset=utf-8$/);
    expect(headers?.['Cache-Control']).toBe('public, max-age=3600');
  }
  for (const file of ['package.json', '../package.json', 'swagger-ui.js', 'constructor'])
    await expect(get('/docs/assets/:file', { file })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
});

test('what is put into a page is escaped', () => {
  const { markup } = html`<p title="${'"><script>'}">${"<b>&'"}${[html`<i>${'<'}</i>`]}</p>`;
  expect(markup).toBe('<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#39;<i>&lt;</i></p>');
});

test.each([
  [BROWSER, true],
  ['application/json', false],
  ['*/*', false],
  [undefined, false],
  ['application/json, text/html;q=0.5', false],
  ['text/html;q=0', false],
])('Accept: %s is for a page: %s', (accept, expected) => {
  expect(prefersHtml(accept)).toBe(expected);
});

describe('the page to try the API', () => {
  interface Field {
    value: string;
    listen?: () => Promise<void> | void;
    addEventListener(type: string, listener: () => Promise<void> | void): void;
  }
  type Interceptor = (request: {
    url: string;
    method: string;
    headers: Record<string, string>;
    body?: unknown;
  }) => Promise<{ headers: Record<string, string> }>;

  /** The page's script with the page's fields, as a browser would run it. */
  async function withKey(secret: string) {
    const fields = new Map<string, Field>();
    const at = (id: string): Field => {
      const field = fields.get(id) ?? {
        value: '',
        addEventListener(_type, listener) {
          field.listen = listener;
        },
      };
      fields.set(id, field);
      return field;
    };
    let interceptor: Interceptor | undefined;
    runInNewContext(TRY_SCRIPT, {
      document: { getElementById: at },
      location: { href: 'http://localhost:8080/docs' },
      window: {},
      crypto: webcrypto,
      atob,
      btoa,
      URL,
      TextEncoder,
      Uint8Array,
      SwaggerUIBundle: ({ requestInterceptor }: { requestInterceptor: Interceptor }) =>
        (interceptor = requestInterceptor),
    });
    at('agent').value = 'sct_01KAJ8B5V4W9ZC2T7N0XQ3M6HD';
    at('secret').value = secret;
    await at('use').listen?.();
    return { at, interceptor: interceptor as unknown as Interceptor };
  }

  test('signs what it sends by the key that was given, and shows the key nowhere', async () => {
    const key = newKeyPair();
    const { at, interceptor } = await withKey(key.secretKey);
    expect(at('state').value).toBe('Requests are signed.');
    expect(at('secret').value).toBe('');
    const body = '{"intent":"wireless headphones"}';
    const sent = await interceptor({
      url: 'http://localhost:8080/v1/sessions?x=1',
      method: 'POST',
      headers: {},
      body,
    });
    expect(JSON.stringify(sent)).not.toContain(key.secretKey);
    const {
      'X-Agent-ID': agent,
      'X-Timestamp': timestamp = '',
      'X-Signature': signature = '',
    } = sent.headers;
    expect(agent).toBe('sct_01KAJ8B5V4W9ZC2T7N0XQ3M6HD');
    const signed = requestSigningBytes({ method: 'POST', target: '/v1/sessions?x=1', timestamp, body });
    const head = Buffer.from('302a300506032b6570032100', 'hex');
    const der = Buffer.concat([head, Buffer.from(key.publicKey, 'base64')]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(signed), publicKey, Buffer.from(signature, 'base64'))).toBe(true);
  });

  test('says so where the key is none, and leaves requests as they are', async () => {
    const { at, interceptor } = await withKey('not a key');
    expect(at('state').value).toContain('not an Ed25519 private key');
    expect(await interceptor({ url: '/v1/rails', method: 'GET', headers: {} })).toMatchObject({
      headers: {},
    });
  });
});
