/** What upgrades count as, and how long a connection may last. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { attachWebSockets, WEBSOCKET_LIMITS } from '../../api/websocket';
import { CLOSE, openConnection } from '../../api/websocket/connection';
import { publicKeyPem, generateKeyPair } from '../../domain/keys';
import { newId } from '../../domain/ids';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { send } from '../support/signed-requests';

const listening = (server: Server) =>
  new Promise<string>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );

function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers });
    socket.on('error', () => undefined);
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
}

describeWithDatabase('upgrades', (database) => {
  let api: ApiServer;
  let server: Server;
  let host: string;
  beforeAll(async () => {
    api = await startApiServer({
      db: database().db,
      deployment: 'sandbox',
      rateLimits: `all=1000000/60,requests=3/600,failures=4/600`,
    });
    server = createServer();
    attachWebSockets(server, api.deps);
    host = await listening(server);
  });
  afterAll(async () => {
    server?.close();
    await api?.stop();
  });

  const upgrades = async (times: number, path: string, headers: Record<string, string> = {}) => {
    const statuses: number[] = [];
    for (let at = 0; at < times; at++) statuses.push(await statusOf(`ws://${host}${path}`, headers));
    return statuses;
  };

  it('of an agent count as its requests, also to sessions that are not its own', async () => {
    const body = JSON.stringify({
      agent_name: 'Watcher',
      agent_version: '1.0.0',
      platform: 'ios',
      capabilities: [],
      public_key: publicKeyPem(generateKeyPair().publicKey),
      contact_email: 'developer@example.com',
    });
    const scout = await send(api.url, { method: 'POST', target: '/v1/agents/scouts', body });
    expect(scout.status).toBe(201);
    const headers = { authorization: `Bearer ${String(scout.json.api_key)}` };
    expect(await upgrades(4, `/ws/sessions/${newId('session')}`, headers)).toEqual([404, 404, 404, 429]);
  });

  it('of nobody count against the address, wherever they lead', async () => {
    expect(await upgrades(2, `/ws/sessions/${newId('session')}`)).toEqual([401, 401]);
    expect(await upgrades(3, '/ws/nowhere')).toEqual([404, 404, 429]);
  });
});

describe('a connection', () => {
  it('ends after its lifetime, to be opened again by whoever still may', async () => {
    const server = createServer();
    const host = await listening(server);
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => openConnection(socket, { ...WEBSOCKET_LIMITS, lifetimeMs: 50 }));
    try {
      const client = new WebSocket(`ws://${host}`);
      const code = await new Promise((resolve) => client.once('close', resolve));
      expect(code).toBe(CLOSE.goingAway);
    } finally {
      sockets.close();
      server.close();
    }
  });
});
