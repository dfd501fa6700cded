/** `/docs`: the API to read and try. Requests can carry an API key, and can be signed by a key that stays in the page. */
import { html, pageAnswer, SAFE_HEADERS, type PageAnswer } from './html';

/** Scripts and styles of this server alone; Swagger UI draws its icons from data addresses. */
export const TRY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function tryPage(): PageAnswer {
  return pageAnswer(
    {
      title: 'AURA API',
      body: html`<link rel="stylesheet" href="/docs/assets/swagger-ui.css" />
        <main>
          <p>
            Use <em>Authorize</em> to send an API key. To sign requests as well, give an agent's key here: it
            is used in this page and never sent.
          </p>
          <fieldset id="signer">
            <legend>Sign requests</legend>
            <label
              >Agent id (leave empty with an API key) <input id="agent" autocomplete="off" spellcheck="false"
            /></label>
            <label
              >Ed25519 private key: PKCS#8 PEM, or the 32-byte seed in base64
              <textarea id="secret" rows="3" autocomplete="off" spellcheck="false"></textarea>
            </label>
            <button id="use" type="button">Sign with this key</button>
            <button id="forget" type="button">Forget it</button>
            <output id="state">Requests are not signed.</output>
          </fieldset>
          <div id="swagger"></div>
        </main>
        <script src="/docs/assets/swagger-ui-bundle.js"></script>
        <script src="/docs/assets/try.js"></script>`,
    },
    { 'Content-Security-Policy': TRY_POLICY, ...SAFE_HEADERS },
  );
}

/** Runs in the browser. The key becomes one that cannot be read out again, and the field is emptied. */
export const TRY_SCRIPT = String.raw`'use strict';
(() => {
  const at = (id) => document.getElementById(id);
  const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const utf8 = (text) => new TextEncoder().encode(text);
  // The fixed head of an Ed25519 key in PKCS#8 (RFC 8410), before its 32 bytes.
  const HEAD = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
  let key;

  async function readKey(text) {
    const der = bytesOf(text.replace(/-----[^-]+-----/g, '').replace(/\s/g, ''));
    const pkcs8 = der.length === 32 ? Uint8Array.from([...HEAD, ...der]) : der;
    return crypto.subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, false, ['sign']);
  }

  const sign = async (text) => base64(await crypto.subtle.sign({ name: 'Ed25519' }, key, utf8(text)));

  async function signed(request) {
    if (!key || request.loadSpec) return request;
    const { pathname, search } = new URL(request.url, location.href);
    const method = (request.method || 'GET').toUpperCase();
    const timestamp = new Date().toISOString();
    if (request.body !== undefined && typeof request.body !== 'string') request.body = JSON.stringify(request.body);
    const body = request.body || '';
    const target = pathname + search;
    const headers = request.headers;
    if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
      const digest = hex(await crypto.subtle.digest('SHA-256', utf8(body)));
      headers['X-AURA-Timestamp'] = timestamp;
      headers['X-AURA-Signature'] = 'sig_' + (await sign([method, target, timestamp, digest].join('\n')));
    } else {
      headers['X-Agent-ID'] = at('agent').value.trim();
      headers['X-Timestamp'] = timestamp;
      headers['X-Signature'] = await sign([method, target, timestamp, body].join('\n'));
    }
    return request;
  }

  at('use').addEventListener('click', async () => {
    try {
      key = await readKey(at('secret').value);
      at('state').value = 'Requests are signed.';
    } catch {
      key = undefined;
      at('state').value = 'This is not an Ed25519 private key, or this browser cannot use one.';
    }
    at('secret').value = '';
  });
  at('forget').addEventListener('click', () => {
    key = undefined;
    at('secret').value = '';
    at('state').value = 'Requests are not signed.';
  });
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    domNode: at('swagger'),
    deepLinking: true,
    docExpansion: 'none',
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor: signed,
  });
})();
`;
