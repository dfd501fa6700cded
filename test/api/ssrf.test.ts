/** Webhooks reach the public internet and nothing else, for a bounded time and a bounded answer. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isPublicAddress, publicLookup, RefusedAddressError, refusedUrl } from '../../api/webhooks/addresses';
import { createWebhookSender, type WebhookSender } from '../../api/webhooks/sender';
import { createLog } from '../../bin/log';
import { createSigner, generateKeyPair } from '../../domain/keys';
import { verifyWebhook } from '../../domain/webhook-signature';

describe('an address', () => {
  test.each(['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])(
    'of the public internet: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier grade NAT', '100.64.0.1'],
    ['a metadata server', '100.100.100.200'],
    ['link-local, a metadata server', '169.254.169.254'],
    ["a cloud's wire server", '168.63.129.16'],
    ['protocol assignments', '192.0.0.192'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['the 6to4 relay', '192.88.99.1'],
    ['benchmarks', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['mapped IPv4', '::ffff:127.0.0.1'],
    ['mapped IPv4, in hexadecimal', '::ffff:7f00:1'],
    ['mapped IPv4, a public one too', '::ffff:1.1.1.1'],
    ['compatible IPv4', '::127.0.0.1'],
    ['translated IPv4', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['local NAT64', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['unique local', 'fc00::1'],
    ['unique local, a metadata server', 'fd00:ec2::254'],
    ['multicast', 'ff02::1'],
    ['discarded', '100::1'],
    ['documentation', '2001:db8::1'],
    ['not an address', 'localhost'],
    ['not an address', ''],
  ])('that is none: %s, %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    ['http', 'http://example.com/hook'],
    ['another scheme', 'file:///etc/passwd'],
    ['another scheme', 'ftp://example.com/'],
    ['credentials', 'https://user:secret@example.com/'],
    ['a user', 'https://user@example.com/'],
    ['not a URL', 'example.com/hook'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback in decimal', 'https://2130706433/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback in hexadecimal', 'https://0x7f.1/'],
    ['loopback, short', 'https://127.1/'],
    ['zero', 'https://0/'],
    ['full-width digits', 'https://１２７.0.0.1/'],
    ['a trailing dot', 'https://127.0.0.1./'],
    ['metadata', 'https://169.254.169.254/latest/meta-data'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['mapped IPv4', 'https://[::ffff:169.254.169.254]/'],
    ['NAT64', 'https://[64:ff9b::a9fe:a9fe]/'],
  ])('in a URL is refused before anything is sent: %s, %s', (_what, url) => {
    expect(refusedUrl(url, false)).toBeDefined();
  });

  test('in a URL by name passes, to be looked up', () => {
    expect(refusedUrl('https://hooks.example.com:8443/aura?shop=1', false)).toBeUndefined();
  });

  test('of this machine is allowed in the sandbox alone', () => {
    expect(refusedUrl('http://127.0.0.1:9000/hook', true)).toBeUndefined();
    expect(refusedUrl('file:///etc/passwd', true)).toBeDefined();
    expect(refusedUrl('http://u:p@127.0.0.1/', true)).toBeDefined();
  });
});

describe('a name', () => {
  type Addresses = { address: string; family: number }[];
  const lookupOf = (answers: Addresses[]) =>
    publicLookup((_name, _options, callback) => callback(null, answers.shift() ?? []));
  const look = (answers: Addresses[], all: boolean) =>
    new Promise<unknown>((resolve) =>
      lookupOf(answers)('hooks.example.com', { all }, (error, address) => resolve(error ?? address)),
    );
  const good = { address: '93.184.216.34', family: 4 };
  const bad = { address: '10.0.0.7', family: 4 };

  test('that leads to a public address is followed to just that address', async () => {
    expect(await look([[good]], true)).toEqual([good]);
    expect(await look([[good]], false)).toBe(good.address);
  });

  test.each([
    ['a private address', [bad]],
    ['a public and a private one', [good, bad]],
    ['a mapped one', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    ['nothing', []],
  ])('that leads to %s is refused', async (_what, addresses) => {
    expect(await look([addresses], true)).toBeInstanceOf(RefusedAddressError);
    expect(await look([addresses], false)).toBeInstanceOf(RefusedAddressError);
  });

  test('that answers otherwise the second time is checked the second time too', async () => {
    const lookup = lookupOf([[good], [bad]]);
    const once = () =>
      new Promise<unknown>((resolve) =>
        lookup('rebinding.example.com', { all: true }, (error, address) => resolve(error ?? address)),
      );
    expect(await once()).toEqual([good]);
    expect(await once()).toBeInstanceOf(RefusedAddressError);
  });
});

describe('a webhook', () => {
  const signer = createSigner(generateKeyPair().privateKeyPem, 'aura');
  const log = createLog('test', 'silent');
  const servers: Server[] = [];
  let sandbox: WebhookSender;
  let live: WebhookSender;

  beforeAll(() => {
    sandbox = createWebhookSender({ signer, allowPrivate: true, log });
    live = createWebhookSender({ signer, allowPrivate: false, log });
  });
  afterAll(async () => {
    await Promise.all([sandbox.close(), live.close()]);
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const aReceiver = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const post = (url: string, timeoutMs?: number, sender = sandbox) =>
    sender.post({ url, id: 'evt_1', body: '{"a":1}', timeoutMs });

  test('is signed over path and query, and verifies as it arrived', async () => {
    let verdict: unknown;
    const url = await aReceiver((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const received = { target: request.url ?? '', headers: request.headers, body };
        verdict = verifyWebhook(received, [signer.publicKey]);
        response.writeHead(202).end('{"ok":true}');
      });
    });
    // The body is not one of AURA's messages: both signatures in the headers are, the third is not there.
    expect(await post(`${url}/hook?shop=7`)).toEqual({ kind: 'answered', status: 202, body: '{"ok":true}' });
    expect(verdict).toEqual({ valid: false, reason: "the body's signature does not verify" });
  });

  test('is not sent to this machine in live mode, by name either', async () => {
    const url = await aReceiver((_request, response) => response.end());
    const { port } = new URL(url);
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::1]', '0x7f000001']) {
      expect(await post(`https://${host}:${port}/`, undefined, live)).toMatchObject({ kind: 'refused' });
    }
    expect(await post(url, undefined, live)).toMatchObject({ kind: 'refused' });
  });

  test('does not follow a redirect', async () => {
    let reached = 0;
    const inside = await aReceiver((_request, response) => response.end(String(reached++)));
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await aReceiver((_request, response) =>
        response.writeHead(status, { location: inside }).end(),
      );
      expect(await post(url)).toMatchObject({ kind: 'refused' });
    }
    expect(reached).toBe(0);
  });

  test('waits for an answer as long as it may and no longer', async () => {
    const silent = await aReceiver(() => undefined);
    const dripping = await aReceiver((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    for (const url of [silent, dripping]) {
      const began = Date.now();
      expect(await post(url, 300)).toEqual({ kind: 'timeout' });
      expect(Date.now() - began).toBeLessThan(2_000);
    }
  });

  test('reads 64 KiB of an answer and hangs up on more', async () => {
    const full = await aReceiver((_request, response) => response.end('x'.repeat(64 * 1_024)));
    expect(await post(full)).toMatchObject({ kind: 'answered', status: 200 });
    let sent = 0;
    const endless = await aReceiver((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await post(endless)).toMatchObject({ kind: 'refused' });
    expect(sent).toBeLessThan(50_000_000);
  });

  test('answers a broken receiver with a reason', async () => {
    const gone = await aReceiver((_request, response) => (response.socket as Socket).destroy());
    expect(await post(gone)).toMatchObject({ kind: 'unreachable' });
    expect(await post('http://127.0.0.1:1/')).toMatchObject({ kind: 'unreachable', reason: 'ECONNREFUSED' });
  });

  test('tells how long it was asked to wait', async () => {
    const busy = await aReceiver((_request, response) =>
      response.writeHead(503, { 'retry-after': '90' }).end(),
    );
    expect(await post(busy)).toEqual({ kind: 'answered', status: 503, body: '', retryAfterMs: 90_000 });
  });

  test('brings no cookies back', async () => {
    const cookies: unknown[] = [];
    const url = await aReceiver((request, response) => {
      cookies.push(request.headers.cookie);
      response.writeHead(200, { 'set-cookie': 'a=1' }).end();
    });
    await post(url);
    await post(url);
    expect(cookies).toEqual([undefined, undefined]);
  });
});
