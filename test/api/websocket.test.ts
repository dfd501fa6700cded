/** A session's WebSocket: who may follow, what it says, and that nothing is lost or told twice. */
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { keyRingFile, secretFile } from '../../bin/keys';
import { requestSigningBytes } from '../../domain/request-signature';
import { FIRST_STATE, stateAfter } from '../../domain/session-progress';
import { sessionMessage, sessionMessage1, type SessionMessage } from '../../api/schemas/websocket';
import { newKeyPair, registerPrincipal, Scout, Beacon, type KeyPair } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, INTENT, type Market, type TestSeller } from '../support/market';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(180_000);

interface Followed {
  messages: SessionMessage[];
  /** The close code, once it is closed. */
  closed: Promise<number>;
  until(enough: (messages: SessionMessage[]) => boolean): Promise<SessionMessage[]>;
  drop(): void;
}

const WAIT_MS = 30_000;
const isEnd = (message?: SessionMessage) =>
  message?.event === 'status_changed' &&
  ['completed', 'cancelled', 'expired', 'failed'].includes(message.status);

describeOnServer('a session followed live', () => {
  let env: TestEnvironment;
  let market: Market;
  let key: KeyPair;
  let scout: Scout;
  let seller: TestSeller;

  beforeAll(async () => {
    env = await testEnvironment();
    market = createMarket(env);
    key = newKeyPair();
    const principal = await market.aPrincipal('L1', 'Jane Doe');
    scout = await Scout.register(env.http, principal, { key });
    seller = await market.aSeller();
  });
  afterAll(() => env?.stop());

  function headersFor(path: string, signer = { id: scout.agentId, key }): Record<string, string> {
    const timestamp = new Date().toISOString();
    const signed = requestSigningBytes({ method: 'GET', target: path, timestamp, body: '' });
    return { 'X-Agent-ID': signer.id, 'X-Timestamp': timestamp, 'X-Signature': signer.key.sign(signed) };
  }

  function follow(
    sessionId: string,
    {
      lastEventId,
      baseUrl = env.http.baseUrl,
      version,
      query = false,
    }: {
      lastEventId?: string;
      baseUrl?: string;
      version?: string;
      query?: boolean;
    } = {},
  ): Followed {
    const url = new URL(`${baseUrl.replace('http', 'ws')}/ws/sessions/${sessionId}`);
    const signed = headersFor(url.pathname);
    if (lastEventId) url.searchParams.set('last_event_id', lastEventId);
    if (query) for (const [name, value] of Object.entries(signed)) url.searchParams.set(name, value);
    const headers = { ...(!query && signed), ...(version && { 'AURA-Version': version }) };
    const socket = new WebSocket(url, { headers });
    const messages: SessionMessage[] = [];
    let look = () => undefined as void;
    socket.on('message', (data: Buffer) => {
      messages.push(JSON.parse(data.toString()) as SessionMessage);
      look();
    });
    socket.on('error', () => undefined);
    const closed = new Promise<number>((resolve) =>
      socket.once('close', (code) => {
        resolve(code);
        look();
      }),
    );
    return {
      messages,
      closed,
      until: (enough) =>
        new Promise((resolve, reject) => {
          const late = setTimeout(() => reject(new Error(`only ${JSON.stringify(messages)}`)), WAIT_MS);
          look = () => {
            if (!enough(messages)) return;
            clearTimeout(late);
            resolve(messages);
          };
          look();
        }),
      drop: () => socket.terminate(),
    };
  }

  /** What an upgrade that is refused is answered. */
  function refusal(path: string, headers: Record<string, string>) {
    return new Promise<{ status: number; code: string }>((resolve, reject) => {
      const socket = new WebSocket(env.http.baseUrl.replace('http', 'ws') + path, { headers });
      socket.on('error', () => undefined);
      socket.on('open', () => {
        socket.terminate();
        reject(new Error('it was let in'));
      });
      socket.on('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          const { error } = JSON.parse(body) as { error: { code: string } };
          resolve({ status: response.statusCode ?? 0, code: error.code });
        });
      });
    });
  }

  async function openSession(): Promise<string> {
    await env.db.raw(
      `UPDATE agents SET categories = CASE WHEN id = ? THEN '{electronics}'::text[] ELSE '{}' END WHERE role = 'beacon'`,
      [seller.beacon.agentId],
    );
    const { session_id } = await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 30 });
    return session_id;
  }

  /** A deal from its session to its end, with whatever the test does on the way. */
  async function aWholeDeal(during: (sessionId: string) => void | Promise<void>): Promise<string> {
    const buyer = await market.aBuyer();
    scout = buyer.scout;
    key = keyOf(buyer.scout);
    const sessionId = await openSession();
    await during(sessionId);
    await seller.beacon.submitOffers(sessionId, [anOffer(), anOffer({ price: '299.00' })]);
    const [best] = await scout.rankedOffers(sessionId, { everyMs: 50 });
    const { transaction_id } = await scout.commit(sessionId, market.commitment(buyer, best?.offer_id ?? ''));
    await scout.waitFor(transaction_id, ({ clearing_status }) => clearing_status === 'cleared');
    await seller.beacon.reportDelivery(transaction_id);
    await scout.waitFor(transaction_id, ({ status }) => status === 'completed');
    return sessionId;
  }

  const words = (messages: SessionMessage[]) =>
    messages.map((message) =>
      message.event === 'status_changed'
        ? [message.status, 'clearing_status' in message ? message.clearing_status : undefined]
            .filter(Boolean)
            .join('/')
        : message.event,
    );

  test('tells a whole deal in order, in both versions, and closes when it has ended', async () => {
    const followed: Followed[] = [];
    const sessionId = await aWholeDeal((id) => {
      followed.push(follow(id), follow(id, { version: '2026-01-01', query: true }));
      return followed[0]?.until(({ length }) => length > 0).then(() => undefined);
    });
    const [two, one] = followed as [Followed, Followed];
    expect(await two.closed).toBe(1000);
    expect(await one.closed).toBe(1000);
    expect(words(two.messages)).toEqual([
      'collecting_offers',
      'offer_received',
      'offer_received',
      'offers_available',
      'offers_ready',
      'committed',
      'committed/risk_assessed',
      'committed/authorized',
      'committed/settling',
      'committed/settled',
      'committed/cleared',
      'fulfilled/cleared',
      'completed/cleared',
    ]);
    expect(words(one.messages)).toEqual([
      'collecting_offers',
      'offer_received',
      'offer_received',
      'offers_ready',
      'offers_ready',
      'committed',
      'transaction_pending',
      'completed',
    ]);
    for (const message of two.messages) expect(sessionMessage.parse(message)).toEqual(message);
    for (const message of one.messages) expect(sessionMessage1.parse(message)).toEqual(message);
    expect(one.messages[1]).toMatchObject({
      event: 'offer_received',
      session_id: sessionId,
      beacon_id: seller.beacon.agentId,
      preview: {
        product_name: 'Sony WH-1000XM5',
        price_usd: 349.99,
        beacon_score: expect.any(Number) as number,
      },
    });
    // Composed when it is sent: null before the ranking, and after it the place that this very offer has.
    const { offer_id: offerId, rank } = one.messages[1] as { offer_id: string; rank: number | null };
    const placed = await env.db('offers').where({ id: offerId }).first<{ rank: number }>('rank');
    expect([null, placed?.rank]).toContain(rank);
    expect(one.messages.find(({ event }) => event === 'offers_ready')).toMatchObject({ total_offers: 2 });

    // Its end is all there is to say to whoever comes later.
    const late = follow(sessionId);
    expect(await late.closed).toBe(1000);
    expect(words(late.messages)).toEqual(['completed/cleared']);

    // Whatever the place a client was cut off at, it gets the rest, once.
    const ids = two.messages.map(({ event_id }) => event_id);
    for (const cut of ids.keys()) {
      const again = follow(sessionId, { lastEventId: ids[cut] });
      expect(await again.closed).toBe(1000);
      expect(again.messages.map(({ event_id }) => event_id)).toEqual(ids.slice(cut + 1));
    }
  });

  test('a client that is cut off at random again and again misses nothing and hears nothing twice, on two servers', async () => {
    const second = await secondApi(env);
    const heard: SessionMessage[] = [];
    let cuts = 0;
    const listen = async (sessionId: string): Promise<void> => {
      while (!isEnd(heard.at(-1))) {
        const baseUrl = cuts % 2 ? second.url : env.http.baseUrl;
        const part = follow(sessionId, { lastEventId: heard.at(-1)?.event_id, baseUrl });
        const most = 1 + Math.floor(Math.random() * 3);
        await Promise.race([
          part.until(({ length }) => length >= most),
          new Promise((resolve) => setTimeout(resolve, Math.random() * 150)),
          part.closed,
        ]);
        part.drop();
        await part.closed;
        heard.push(...part.messages);
        cuts += 1;
      }
    };
    try {
      let listening = Promise.resolve();
      const sessionId = await aWholeDeal((id) => void (listening = listen(id)));
      await listening;
      expect(cuts).toBeGreaterThan(3);
      const [first] = heard;
      const whole = follow(sessionId, { lastEventId: await firstEvent(env, sessionId) });
      await whole.closed;
      const from = whole.messages.findIndex(({ event_id }) => event_id === first?.event_id);
      expect(heard.map(({ event_id }) => event_id)).toEqual(
        whole.messages.slice(from).map(({ event_id }) => event_id),
      );
    } finally {
      await second.stop();
    }
  });

  test('goes on without Redis, by looking at the books', async () => {
    const second = await secondApi(env, { REDIS_URL: 'redis://127.0.0.1:1' });
    try {
      const followed: Followed[] = [];
      await aWholeDeal(async (id) => {
        followed.push(follow(id, { baseUrl: second.url }));
        await followed[0]?.until(({ length }) => length > 0);
      });
      expect(await followed[0]?.closed).toBe(1000);
      expect(words(followed[0]?.messages ?? []).at(-1)).toBe('completed/cleared');
      expect(followed[0]?.messages.filter(({ event }) => event === 'offer_received')).toHaveLength(2);
    } finally {
      await second.stop();
    }
  });

  test('what its events say of its state is the state it is in', async () => {
    const { rows } = await env.db.raw<{
      rows: { id: string; market: string; clearing: string | null; types: string[] }[];
    }>(
      `SELECT s.id, s.market_state AS market, t.clearing_state AS clearing,
         ARRAY(SELECT o.type FROM outbox o WHERE o.correlation_id = s.id ORDER BY o.seq) AS types
       FROM sessions s LEFT JOIN transactions t ON t.session_id = s.id`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { market: state, clearing, types } of rows)
      expect(types.reduce(stateAfter, FIRST_STATE)).toEqual({ market: state, clearing });
  });

  test('nothing that a client says or sends is minded, and too much of it ends the connection', async () => {
    const sessionId = await openSession();
    const url = `${env.http.baseUrl.replace('http', 'ws')}/ws/sessions/${sessionId}`;
    const socket = new WebSocket(url, { headers: headersFor(new URL(url).pathname) });
    await new Promise((resolve) => socket.once('message', resolve));
    socket.send('{"event":"commit"}');
    const alive = new Promise((resolve) => socket.once('pong', resolve));
    socket.ping();
    await alive;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send('x'.repeat(5_000));
    expect(await closed).toBe(1009);
  });

  describe('is refused', () => {
    let sessionId: string;
    const path = () => `/ws/sessions/${sessionId}`;
    beforeAll(async () => {
      sessionId = await openSession();
    });

    test('to nobody in particular', async () => {
      expect(await refusal(path(), {})).toEqual({ status: 401, code: 'AUTHENTICATION_REQUIRED' });
    });

    test('to a signature over something else', async () => {
      expect(await refusal(path(), headersFor('/ws/sessions/other'))).toEqual({
        status: 401,
        code: 'INVALID_SIGNATURE',
      });
    });

    test('to another scout, as if the session did not exist', async () => {
      const other = newKeyPair();
      const agent = await Scout.register(env.http, await registerPrincipal(env.http, { name: 'Other' }), {
        key: other,
      });
      const signer = { id: agent.agentId, key: other };
      expect(await refusal(path(), headersFor(path(), signer))).toEqual({
        status: 404,
        code: 'SESSION_NOT_FOUND',
      });
    });

    test('to a seller', async () => {
      const other = newKeyPair();
      const agent = await Beacon.register(env.http, await registerPrincipal(env.http, { name: 'Shop' }), {
        key: other,
        categories: ['books'],
      });
      const signer = { id: agent.agentId, key: other };
      expect(await refusal(path(), headersFor(path(), signer))).toEqual({
        status: 403,
        code: 'INSUFFICIENT_PERMISSIONS',
      });
    });

    test('from an event of another session, and at another address', async () => {
      const elsewhere = '/ws/prices';
      expect(await refusal(elsewhere, headersFor(elsewhere))).toEqual({
        status: 404,
        code: 'RESOURCE_NOT_FOUND',
      });
      const query = '?last_event_id=evt_01HZZZZZZZZZZZZZZZZZZZZZZZ';
      expect(await refusal(path() + query, headersFor(path()))).toEqual({
        status: 400,
        code: 'INVALID_PARAMETER',
      });
    });

    test('to an address that was used before', async () => {
      const signed = new URLSearchParams(headersFor(path())).toString();
      const url = `${env.http.baseUrl.replace('http', 'ws')}${path()}?${signed}`;
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.once('message', resolve));
      socket.terminate();
      expect(await refusal(`${path()}?${signed}`, {})).toEqual({ status: 401, code: 'INVALID_SIGNATURE' });
    });
  });

  test('a token in the address is in no line that the server writes', async () => {
    const second = await secondApi(env, { AURA_LOG_LEVEL: 'debug' });
    const token = 'sk_test_neverwritten0123456789abcdefghijkl';
    try {
      const sessionId = await openSession();
      const path = `/ws/sessions/${sessionId}?token=${token}`;
      await new Promise<void>((resolve) => {
        const socket = new WebSocket(second.url.replace('http', 'ws') + path);
        socket.on('error', () => resolve());
      });
      // Not upgraded, too long, malformed: whatever goes wrong on the way.
      for (const address of [
        path,
        `${path}&x=${'y'.repeat(20_000)}`,
        `/openapi.json?token=${token}`,
        `/v1/${path}`,
      ])
        await fetch(second.url + address).then(
          (answer) => answer.text(),
          () => undefined,
        );
      await new Promise((resolve) => setTimeout(resolve, 300));
    } finally {
      await second.stop();
    }
    expect(second.output()).toContain(`/ws/sessions/`);
    expect(second.output()).not.toContain('neverwritten');
  });

  test('says goodbye when its server stops', async () => {
    const second = await secondApi(env);
    const followed = follow(await openSession(), { baseUrl: second.url });
    await followed.until(({ length }) => length > 0);
    await second.stop();
    expect(await followed.closed).toBe(1001);
  });
});

/** The key a scout of the SDK signs with. */
function keyOf(scout: Scout): KeyPair {
  return (scout as unknown as { key: KeyPair }).key;
}

async function firstEvent(env: TestEnvironment, sessionId: string): Promise<string> {
  const { rows } = await env.db.raw<{ rows: { id: string }[] }>(
    'SELECT id FROM outbox WHERE correlation_id = ? ORDER BY seq LIMIT 1',
    [sessionId],
  );
  return rows[0]?.id ?? '';
}

/** Another API process on the same books, all of whose output is kept. */
async function secondApi(env: TestEnvironment, more: Record<string, string> = {}) {
  const root = join(__dirname, '..', '..');
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', join(root, 'bin', 'api.ts'), '--until-stdin-closes'],
    {
      cwd: root,
      env: {
        ...process.env,
        DATABASE_URL: env.databaseUrl,
        REDIS_URL: env.redisUrl,
        TEMPORAL_NAMESPACE: env.namespace,
        AURA_SANDBOX: 'true',
        AURA_LOG_LEVEL: 'info',
        AURA_SIGNING_KEY_FILE: join(env.platform.dataDir, 'keys', 'aura.pem'),
        AURA_API_SECRET_FILE: secretFile(env.platform.dataDir, 'api-secret'),
        AURA_DATA_KEYS_FILE: keyRingFile(env.platform.dataDir, 'data-keys'),
        AURA_PAYLOAD_KEYS_FILE: keyRingFile(env.platform.dataDir, 'payload-keys'),
        AURA_RATE_LIMITS: 'all=1000000/60',
        PORT: '0',
        ...more,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = new Promise<string>((resolve) => {
    if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
  });
  const line = await Promise.race([
    ready,
    exited.then(() => Promise.reject(new Error(`the API ended: ${output}`))),
  ]);
  return {
    url: (JSON.parse(line) as { url: string }).url,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
