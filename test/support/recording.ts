/**
 * A proxy before the API that keeps what goes through it, for the examples in the API's description. It is there where
 * AURA_RECORD_EXAMPLES names a folder: see test/examples/record.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { operationOf, type Example } from '../../api/openapi/examples';
import type { Route } from '../../api/route';
import { allRoutes } from '../../api/routes';
import { VERSION_1, VERSION_2 } from '../../domain/versions';

/** What is longer than this explains nothing, if there is something shorter. */
const LENGTH_MAX = 6_000;

export interface Recording {
  url: string;
  stop(): Promise<void>;
}

/** Where nothing is to be recorded, the API itself. */
export async function startRecording(apiUrl: string): Promise<Recording> {
  const { AURA_RECORD_EXAMPLES: folder } = process.env;
  if (folder === undefined) return { url: apiUrl, stop: () => Promise.resolve() };
  const examples = new Map<string, Example>();
  const routes = readers();
  const server = createServer((request, response) => {
    void bodyOf(request).then((sent) => {
      const { hostname, port } = new URL(apiUrl);
      const options = { hostname, port, method: request.method, path: request.url, headers: request.headers };
      const onward = forward(options, (answer) => {
        void bodyOf(answer).then((received) => {
          const route = routes(request.method ?? '', (request.url ?? '').split('?')[0] ?? '');
          if (route && answer.statusCode === route.response.status) keep(examples, route, sent, received);
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          response.end(received);
        });
      });
      onward.on('error', () => response.destroy());
      onward.end(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${process.pid}-${port}.json`), JSON.stringify([...examples]));
    },
  };
}

/** The route of an address; one without parameters comes before one with. */
function readers(): (method: string, path: string) => Route | undefined {
  const routes = allRoutes()
    .map((route) => ({ route, pattern: new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`) }))
    .sort((a, b) => a.route.path.split(':').length - b.route.path.split(':').length);
  return (method, path) =>
    routes.find(({ route, pattern }) => route.method.toUpperCase() === method && pattern.test(path))?.route;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function keep(examples: Map<string, Example>, route: Route, sent: Buffer, received: Buffer): void {
  let example: Example | undefined;
  try {
    example = read(route, sent, received);
  } catch {
    return;
  }
  if (!example) return;
  const key = `${operationOf(route)}#${example.version}`;
  const before = examples.get(key);
  if (!before || isBetter(example, before)) examples.set(key, example);
}

/** Undefined where the exchange is not one of the route's schemas, as an answer in another media type is not. */
export function read(route: Route, sent: Buffer, received: Buffer): Example | undefined {
  const request = route.body ? (JSON.parse(sent.toString()) as unknown) : undefined;
  const response = JSON.parse(received.toString()) as unknown;
  if (route.body && !route.body.safeParse(request).success) return undefined;
  const { schema, version1, status } = route.response;
  const isVersion2 = schema.safeParse(response).success;
  if (!isVersion2 && !version1?.safeParse(response).success) return undefined;
  const version = !isVersion2 || route.version === VERSION_1 ? VERSION_1 : VERSION_2;
  return { version, ...(request !== undefined && { request }), status, response };
}

/** The fullest of those that are short enough to read. */
function isBetter(one: Example, other: Example): boolean {
  const [length, before] = [JSON.stringify(one).length, JSON.stringify(other).length];
  if (before > LENGTH_MAX) return length < before;
  return length > before && length <= LENGTH_MAX;
}
