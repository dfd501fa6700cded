/**
 * Stands before the API and signs what comes through, each request as an agent of a role that may ask for it, so that a
 * tool that knows nothing of signatures gets past the door. Of closed routes it first asks without a signature, and
 * notes where that is not refused.
 */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Route } from '../../api/route';
import { requestSigningBytes } from '../../domain/request-signature';
import type { KeyPair } from '../../sdk';

export interface FuzzAgent {
  agentId: string;
  key: KeyPair;
}

export type FuzzAgents = Readonly<Record<'scout' | 'beacon' | 'operator' | 'rail', FuzzAgent>>;

export interface SigningProxy {
  url: string;
  /** Requests that were answered without a signature although their route is closed. */
  readonly unsigned: readonly string[];
  /** Requests that ended with a 5xx. */
  readonly faults: readonly string[];
  readonly count: () => number;
  stop(): Promise<void>;
}

const SHOWN_CHARS = 600;
/** Of each closed route so many are asked without a signature. */
const UNSIGNED_EACH = 5;
const STRIPPED =
  /^(authorization|x-agent-id|x-timestamp|x-signature|x-aura-.*|signature|signature-input|host|connection)$/;

export async function startSigningProxy(options: {
  apiUrl: string;
  routes: readonly Route[];
  agents: FuzzAgents;
}): Promise<SigningProxy> {
  const { apiUrl, routes, agents } = options;
  const patterns = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`),
  }));
  const asked = new Map<Route, number>();
  const [unsigned, faults]: [string[], string[]] = [[], []];
  let count = 0;
  let lastMicros = 0;

  const routeOf = (method: string, target: string) =>
    patterns.find(
      ({ route, pattern }) =>
        route.method.toUpperCase() === method && pattern.test(target.split('?', 1)[0] ?? ''),
    )?.route;

  function signed(agent: FuzzAgent, method: string, target: string, body: string): Record<string, string> {
    // Two equal requests are two requests.
    lastMicros = Math.max(lastMicros + 1, Date.now() * 1_000);
    const micros = String(lastMicros % 1_000).padStart(3, '0');
    const timestamp = new Date(Math.floor(lastMicros / 1_000)).toISOString().replace('Z', `${micros}Z`);
    const bytes = requestSigningBytes({ method, target, timestamp, body });
    return { 'x-agent-id': agent.agentId, 'x-timestamp': timestamp, 'x-signature': agent.key.sign(bytes) };
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    count += 1;
    const body = await bytesOf(incoming);
    const method = incoming.method ?? 'GET';
    // A long poll would only wait.
    const target = (incoming.url ?? '/').replace(/([?&]wait)=\d+/, '$1=0');
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).filter(([name]) => !STRIPPED.test(name)),
    ) as Record<string, string>;
    const route = routeOf(method, target);
    const said = `${method} ${target} ${body.toString().slice(0, SHOWN_CHARS)}`;
    const closed = route !== undefined && route.access !== 'public';
    if (closed && (asked.get(route) ?? 0) < UNSIGNED_EACH) {
      asked.set(route, (asked.get(route) ?? 0) + 1);
      const { status } = await send(apiUrl, { method, target, headers, body });
      if (status < 400) unsigned.push(said);
    }
    const role = !closed ? undefined : typeof route.access === 'string' ? 'rail' : route.access[0];
    const text = ['GET', 'HEAD'].includes(method) ? '' : body.toString();
    const proof = role ? signed(agents[role], method, target, text) : {};
    const answer = await send(apiUrl, { method, target, headers: { ...headers, ...proof }, body });
    if (answer.status >= 500)
      faults.push(`${answer.status} ${said} => ${answer.body.toString().slice(0, SHOWN_CHARS)}`);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      // A request that no server takes, such as one with a malformed header, is no fault of the API's.
      response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    unsigned,
    faults,
    count: () => count,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Sent {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer;
}

function send(apiUrl: string, { method, target, headers, body }: Sent) {
  const { hostname, port } = new URL(apiUrl);
  return new Promise<{ status: number; headers: Record<string, string>; body: Buffer }>((resolve, reject) => {
    const onward = forward({ hostname, port, method, path: target, headers }, (answer) => {
      const told = Object.fromEntries(
        Object.entries(answer.headers).filter(
          ([name]) => !['connection', 'transfer-encoding', 'keep-alive'].includes(name),
        ),
      ) as Record<string, string>;
      bytesOf(answer).then(
        (bytes) => resolve({ status: answer.statusCode ?? 0, headers: told, body: bytes }),
        reject,
      );
    });
    onward.on('error', reject).end(body);
  });
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
