/** Clients that are too slow, too many, or send too much: each is let go, and others are answered meanwhile. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { exchange, open, requestBytes } from '../support/raw-socket';

jest.setTimeout(60_000);

const MIB = 1_048_576;

describeWithDatabase('patience', (database) => {
  let server: ApiServer;
  const HEADERS_MS = 600;
  const BODY_MS = 1_200;
  /** Far below what a client would like, and far above the bounds, for a busy machine. */
  const LIMIT_MS = 7_000;

  beforeAll(async () => {
    server = await startApiServer({
      db: database().db,
      deployment: 'sandbox',
      http: {
        headersTimeoutMs: HEADERS_MS,
        requestTimeoutMs: BODY_MS,
        checkEveryMs: 100,
        connectionsMax: 300,
      },
    });
  });
  afterAll(() => server?.stop());

  async function until(holds: () => boolean): Promise<void> {
    for (let attempt = 0; !holds(); attempt++) {
      if (attempt > 100) throw new Error('waited in vain');
      await sleep(100);
    }
  }

  async function drip(head: string, lastsMs: number): Promise<number> {
    const socket = await open(server.url);
    const startedAt = Date.now();
    socket.write(head);
    const more = setInterval(() => socket.writable && socket.write('a'), 50);
    const ended = new Promise<void>((resolve) => void socket.once('close', () => resolve()).resume());
    socket.on('error', () => undefined);
    await Promise.race([ended, sleep(lastsMs)]);
    clearInterval(more);
    const isOpen = !socket.destroyed && !socket.closed;
    socket.destroy();
    return isOpen ? Infinity : Date.now() - startedAt;
  }

  it('ends with headers that come byte by byte', async () => {
    expect(await drip('GET /v1/keys HTTP/1.1\r\nX-A: ', 10_000)).toBeLessThan(LIMIT_MS);
  });

  it('ends with a connection that says nothing', async () => {
    expect(await drip('', 10_000)).toBeLessThan(LIMIT_MS);
  });

  it('ends with a body that comes byte by byte', async () => {
    const head = post1('Content-Length: 1000000');
    expect(await drip(head, 10_000)).toBeLessThan(LIMIT_MS);
    expect(await drip(`${post1('Transfer-Encoding: chunked')}1\r\n`, 10_000)).toBeLessThan(LIMIT_MS);
  });

  const post1 = (line: string) =>
    requestBytes('POST /v1/agents/scouts HTTP/1.1', { lines: ['Content-Type: application/json', line] });

  it('has an answer for others while hundreds wait', async () => {
    const idle = await Promise.all(Array.from({ length: 250 }, () => open(server.url)));
    for (const socket of idle) {
      socket.on('error', () => undefined).resume();
      socket.write('POST /v1/sessions HTTP/1.1\r\nX-A: a');
    }
    const { statuses, ms } = await exchange(server.url, requestBytes('GET /v1/keys HTTP/1.1'));
    expect(statuses).toEqual([200]);
    expect(ms).toBeLessThan(3_000);
    await until(() => idle.every(({ closed }) => closed));
  });

  it('takes so many connections and no more, and recovers', async () => {
    const many = await Promise.all(Array.from({ length: 400 }, () => open(server.url)));
    for (const socket of many) socket.on('error', () => undefined).resume();
    // Not all were accepted in time to be told, but as many as are over the bound are turned away in the end.
    await until(() => many.filter(({ closed }) => closed).length >= 100);
    for (const socket of many) socket.destroy();
    await sleep(200);
    expect((await exchange(server.url, requestBytes('GET /v1/keys HTTP/1.1'))).statuses).toEqual([200]);
  });

  it('has a bound for a body, said or not', async () => {
    const said = await exchange(server.url, post1(`Content-Length: ${100 * MIB}`));
    expect(said.statuses).toEqual([413]);
    const body = `100001\r\n${randomBytes(MIB + 1).toString('latin1')}\r\n0\r\n\r\n`;
    const unsaid = await exchange(server.url, post1('Transfer-Encoding: chunked') + body);
    expect(unsaid.statuses).toEqual([413]);
  });
});
